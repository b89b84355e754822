import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.KOLCAST_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // The content security policy allows nothing inline: not even small files as data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    manifest: 'manifest.json',
    rollupOptions: {
      output: {
        // What every page needs and what seldom changes: cached over releases.
        manualChunks: (id) => {
          if (/node_modules\/(react|react-dom|scheduler|react-router|react-router-dom|@remix-run)\//.test(id))
            return 'react';
          if (/node_modules\/(@emotion|stylis|@mui\/(system|styled-engine|private-theming|utils))\//.test(id))
            return 'style';
          return undefined;
        },
      },
    },
  },
  server: { proxy: { '/api': { target: server, ws: true } } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/lib/test/setup.ts'],
    css: false,
    // Two cores, busy with other things: patience.
    testTimeout: 30_000,
    maxWorkers: 2,
    minWorkers: 1,
  },
});
