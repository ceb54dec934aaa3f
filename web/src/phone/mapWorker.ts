/**
 * MapLibre's worker for a page that must open without a network.
 *
 * A worker from an address belongs to that address, outside the scope of the phone's service worker: neither its script
 * nor the tiles that it asks for would come from what is kept. One made of the page's own bytes belongs to the page.
 */
import { setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'

export async function keepMapWorker(): Promise<void> {
  try {
    const script = await (await fetch(workerUrl)).blob()
    setWorkerUrl(URL.createObjectURL(script))
  } catch {
    // Never opened with a network before: the map stays empty, the page around it works.
  }
}
