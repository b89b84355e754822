/* Both languages say the same things. */
import { describe, expect, it } from 'vitest';

const files = import.meta.glob<Record<string, unknown>>('./{en,he}/*.json', {
  eager: true,
  import: 'default',
});
const languages = ['en', 'he'] as const;
const PLURAL = /_(zero|one|two|few|many|other)$/;

function texts(language: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (prefix: string, node: unknown) => {
    if (typeof node === 'string') found.set(prefix, node);
    else for (const [key, value] of Object.entries(node as object)) walk(`${prefix}.${key}`, value);
  };
  for (const [path, content] of Object.entries(files)) {
    const [, of, name] = /^\.\/(\w+)\/(.+)\.json$/.exec(path) ?? [];
    if (of === language && name) walk(name, content);
  }
  return found;
}

const all = { en: texts('en'), he: texts('he') };

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort();
}

describe('texts', () => {
  it('has both languages', () => {
    expect(all.en.size).toBeGreaterThan(100);
  });

  it('has the same keys in both', () => {
    const keys = (language: (typeof languages)[number]) =>
      [...new Set([...all[language].keys()].map((key) => key.replace(PLURAL, '')))].sort();
    expect(keys('he')).toEqual(keys('en'));
  });

  it.each(languages)('has every plural form of %s', (language) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    // ICU before 72 had a fourth form in Hebrew, for round tens, which the language has dropped.
    const needed = forms.filter((form) => !(language === 'he' && form === 'many'));
    const plurals = [...all[language].keys()].filter((key) => PLURAL.test(key));
    const missing = [...new Set(plurals.map((key) => key.replace(PLURAL, '')))].flatMap((key) =>
      needed.filter((form) => !all[language].has(`${key}_${form}`)).map((form) => `${key}_${form}`),
    );
    expect(missing).toEqual([]);
  });

  it('has the same placeholders in both', () => {
    const wrong = [...all.en]
      // "one" and "two" may say the number as a word.
      .filter(([key]) => !/_(one|two)$/.test(key))
      .filter(([key, text]) => {
        const other = all.he.get(key);
        return other !== undefined && placeholders(other).join() !== placeholders(text).join();
      });
    expect(wrong).toEqual([]);
  });

  it('leaves no text empty', () => {
    for (const language of languages)
      expect([...all[language]].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([]);
  });
});
