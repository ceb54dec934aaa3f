import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { VitePWA } from 'vite-plugin-pwa'
import { defineConfig } from 'vitest/config'

/** Where the API listens while the pages are being worked on; in the product both come from one address. */
const API = process.env.ONEMAP_API ?? 'http://127.0.0.1:8000'

/** The phone opens without a network; what only desk and wall need is not for it to fetch. */
const NOT_ON_THE_PHONE = /^assets\/(?:Desk|Wall|Plan|Areas|NotFound|Readings|responders)/

const phone = VitePWA({
  strategies: 'injectManifest',
  srcDir: 'src',
  filename: 'sw.ts',
  scope: '/field',
  injectRegister: false, // src/phone/updates.ts does, on the phone's page only
  manifest: false, // public/manifest.webmanifest, named by the phone's page only
  injectManifest: {
    globPatterns: ['index.html', 'assets/**/*.{js,css,svg,woff2}', 'icons/*.png'],
    manifestTransforms: [
      (entries) => ({
        manifest: entries
          .filter(({ url }) => !NOT_ON_THE_PHONE.test(url))
          // The server gives the page out by its address, not by its file.
          .map((entry) => ({ ...entry, url: entry.url === 'index.html' ? '/field' : `/${entry.url}` })),
        warnings: [],
      }),
    ],
  },
})

export default defineConfig({
  plugins: [vue(), phone],
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
    // A file that needs a page says so: `@vitest-environment jsdom`.
    environment: 'node',
    include: ['tests/**/*.test.ts'],
  },
})
