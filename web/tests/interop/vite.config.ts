import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** One script that a blank page can load; where it goes is said on the command line. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    lib: { entry: 'page.ts', formats: ['iife'], name: 'interop', fileName: () => 'page.js' },
    emptyOutDir: true,
  },
  define: { 'process.env.NODE_ENV': '"production"' },
})
