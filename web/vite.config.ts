import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** Where the API listens while the pages are being worked on; in the product both come from one address. */
const API = process.env.ONEMAP_API ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': { target: API, ws: true },
      '/tiles': API,
      '/ogc': API,
    },
  },
  build: {
    // MapLibre alone is about a megabyte; it is a chunk of its own and cached by its hash.
    chunkSizeWarningLimit: 1200,
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
  },
})
