import { defineConfig } from 'vite';

export default defineConfig({
  base: '/playground/',
  build: {
    outDir: 'dist',
    sourcemap: false,
    target: 'es2022',
    // One page on a local network: no preloading, and no warning about Monaco's size.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 8000,
    assetsInlineLimit: 0,
    rolldownOptions: {
      // "use client" in libraries is for server-side rendering, which there is none of here.
      onwarn: (warning, show) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || show(warning),
    },
  },
  worker: { format: 'es' },
});
