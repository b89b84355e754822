// Compresses what was built (.br and .gz beside each file), and holds it against the budget of the
// first page: what a browser loads before somebody can sign in.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const BUDGET_KB = 250;
const folder = process.argv[2];
const sizes = new Map();

function pack(file) {
  const data = readFileSync(join(folder, file));
  let size = data.length;
  if (['.js', '.css', '.html', '.svg', '.json'].includes(extname(file))) {
    const br = brotliCompressSync(data, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    });
    if (br.length < data.length) {
      writeFileSync(join(folder, `${file}.br`), br);
      size = br.length;
      writeFileSync(join(folder, `${file}.gz`), gzipSync(data, { level: 9 }));
    }
  }
  sizes.set(file, size);
}

const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const parent = (entry.parentPath ?? entry.path).slice(folder.length).replace(/^\//, '');
  if (entry.isFile() && entry.name !== 'manifest.json') pack(join(parent, entry.name));
}

/** The files of a chunk and of all that it cannot do without. */
function closure(keys) {
  const chunks = new Set();
  const files = new Set();
  const visit = (key) => {
    if (chunks.has(key)) return;
    chunks.add(key);
    const chunk = manifest[key];
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const next of chunk.imports ?? []) visit(next);
  };
  keys.forEach(visit);
  return files;
}

const has = (part) => Object.keys(manifest).filter((key) => key.includes(part));
const first = closure([
  ...Object.keys(manifest).filter((key) => manifest[key].isEntry),
  ...has('features/auth/routes/SignIn'),
  ...has('i18n/he/common'),
  ...has('i18n/he/auth'),
]);
// Fonts are no part of the chunks: a Hebrew page loads both scripts.
for (const file of sizes.keys()) if (/heebo-(latin|hebrew)-wght.*woff2$/.test(file)) first.add(file);
first.add('index.html');

const kb = (n) => (n / 1024).toFixed(0);
const sum = (files) => [...files].reduce((total, file) => total + (sizes.get(file) ?? 0), 0);
const total = sum(first);
console.log(
  `Web application: first page ${kb(total)} KB of ${BUDGET_KB} KB, all pages ${kb(sum(sizes.keys()))} KB (compressed)`,
);
if (total > BUDGET_KB * 1024) {
  for (const file of [...first].sort((a, b) => sizes.get(b) - sizes.get(a)))
    console.log(`  ${kb(sizes.get(file)).padStart(5)} KB  ${file}`);
  process.exit(1);
}
