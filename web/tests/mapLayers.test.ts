// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'
import type { Layer } from '@/api'
import { legendColour } from '@/map/legendColour'
import { useLive } from '@/stores/live'
import { useMapLayers } from '@/stores/mapLayers'
import { useRegions } from '@/stores/regions'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const both = (text: string) => ({ zh: text, en: text })
const aLayer = (id: string, over: Partial<Layer> = {}): Layer => ({
  id, title: both(id), legend: [{ property: null, value: null, title: both(id), colour: '#123456' }],
  tiles: `/tiles/${id}/{z}/{x}/{y}.mvt`, min_zoom: 4, max_zoom: 18, vector_layers: [id], single_from: 0,
  filters: [], ...over,
})
const byRisk = [
  { property: 'risk', value: 'high', title: both('high'), colour: '#d00000' },
  { property: 'risk', value: 'low', title: both('low'), colour: '#00d000' },
]

let server: FakeServer
beforeEach(async () => {
  localStorage.clear()
  const layers = [aLayer('roads'), aLayer('stations'), aLayer('points', { tiles: null }), aLayer('enterprises', { legend: byRisk })]
  server = aServer((_, path): Answer => {
    if (path === '/api/layers') return { body: { items: layers, next: null } }
    if (path.includes('/enterprises/stats')) return { body: { total: 12, as_of: '2026-01-05T02:00:00Z', items: [{ key: 'low', name: null, count: 12 }] } }
    if (path.includes('/stats')) return { body: { total: 3, as_of: null, items: [] } }
    return { body: { items: [], next: null } }
  })
  withStores(server.api)
  await useRegions().load()
})

test('layers of records that have tiles are offered, and only the stations are shown at first', () => {
  const layers = useMapLayers()
  expect(layers.offered.map(({ id }) => id)).toEqual(['enterprises', 'stations'])
  expect(layers.shown.map(({ id }) => id)).toEqual(['stations'])
})

test('what is shown is remembered on this device', () => {
  useMapLayers().toggle('enterprises')
  useMapLayers().toggle('stations')
  withStores(server.api)
  expect([...useMapLayers().chosen]).toEqual(['enterprises'])
})

test('each layer is counted by what its legend colours', async () => {
  const layers = useMapLayers()
  expect(layers.counts.get('enterprises')).toBeUndefined()
  await layers.count()
  expect(layers.counts.get('enterprises')).toEqual({ total: 12, byValue: new Map([['low', 12]]), asOf: '2026-01-05T02:00:00Z' })
  expect(layers.counts.get('stations')!.total).toBe(3)
  expect(server.asked).toContain('GET /api/layers/enterprises/stats?by=risk')
})

test('what is counted lies in view and meets the filters', async () => {
  const layers = useMapLayers()
  layers.narrow('enterprises', 'risk', 'low')
  await layers.count([118, 36, 119.5, 37])
  expect(server.asked).toContain('GET /api/layers/enterprises/stats?by=risk&risk=low&bbox=118.00000%2C36.00000%2C119.50000%2C37.00000')
  layers.narrow('enterprises', 'risk', '')
  expect(layers.filtersOf('enterprises')).toEqual({})
  await layers.count()
  expect(server.asked.at(-2)).toBe('GET /api/layers/enterprises/stats?by=risk&bbox=118.00000%2C36.00000%2C119.50000%2C37.00000')
})

test('a newer question supersedes an older one', async () => {
  const layers = useMapLayers()
  const first = layers.count([100, 30, 101, 31])
  await layers.count([118, 36, 119, 37])
  await first
  expect(layers.counts.get('enterprises')!.total).toBe(12)
})

test('the counts by region are those of the filters, and forgotten with them', async () => {
  const layers = useMapLayers()
  await layers.countByRegion('enterprises')
  expect(layers.byRegion.get('enterprises')).toEqual([{ key: 'low', name: null, count: 12 }])
  layers.narrow('enterprises', 'risk', 'high')
  expect(layers.byRegion.has('enterprises')).toBe(false)
})

test('a change that the server tells of makes a new version of that layer, or of all', () => {
  const layers = useMapLayers()
  const tell = (layer: string) => useLive().deliver([{ kind: 'layers.changed', data: { layer, version: 7 } }])
  tell('enterprises')
  expect([layers.versionOf('enterprises'), layers.versionOf('stations')]).toEqual([1, 0])
  tell('*')
  expect([layers.versionOf('enterprises'), layers.versionOf('stations')]).toEqual([2, 1])
})

test('a point has the colour of its value, grey when the legend does not know it', () => {
  expect(legendColour({ legend: byRisk })).toEqual(['match', ['get', 'risk'], 'high', '#d00000', 'low', '#00d000', '#9aa7b2'])
  expect(legendColour(aLayer('stations'))).toBe('#123456')
})

test('points are counted by their state, as their legend colours it, and narrowed by it', async () => {
  const byState = [{ property: 'state', value: 'over', title: both('over'), colour: '#d00000' }, { property: 'state', value: 'silent', title: both('silent'), colour: '#666666' }]
  const points = aLayer('points', { legend: byState, vector_layers: ['points', 'points_cells'] })
  server = aServer((_, path): Answer => {
    if (path === '/api/layers') return { body: { items: [points], next: null } }
    return { body: { total: 5, as_of: '2026-01-05T02:00:00Z', items: [{ key: 'over', name: null, count: 2 }, { key: 'silent', name: null, count: 3 }] } }
  })
  withStores(server.api)
  await useRegions().load()
  const layers = useMapLayers()
  layers.narrow('points', 'state', 'over,silent')
  await layers.count()
  expect(server.asked).toContain('GET /api/layers/points/stats?by=state&state=over%2Csilent')
  expect(layers.counts.get('points')!.byValue).toEqual(new Map([['over', 2], ['silent', 3]]))
  expect(legendColour(points)).toEqual(['match', ['get', 'state'], 'over', '#d00000', 'silent', '#666666', '#9aa7b2'])
})
