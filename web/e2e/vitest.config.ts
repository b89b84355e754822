/* End to end: the real `kolcast serve` (and `kolcast carrier`) in a folder of its own, and Debian's
 * Chromium. KOLCAST_BUILD names the build folder. One file at a time: there are two cores. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['specs/**/*.e2e.ts'],
    environment: 'node',
    fileParallelism: false,
    // A bound, not an expectation: the machine may be busy, the build a sanitizer's.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
