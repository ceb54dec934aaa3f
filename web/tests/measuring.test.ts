import { expect, test } from 'vitest'
import type { Corner } from '@/map/drawing'
import { destination } from '@/map/geodesic'
import { areaM2, lengthM } from '@/map/measuring'
import { toCsv } from '@/screens/desk/csv'
import { readMapView, writeMapView } from '@/map/useMapInAddress'

test('a length is the one that the circle on the map is drawn with', () => {
  const from: Corner = [119.1, 36.7]
  expect(lengthM([from])).toBe(0)
  expect(lengthM([from, destination(119.1, 36.7, 63, 3000)])).toBeCloseTo(3000, 4)
})

test('an area is the same whichever way round it was drawn', () => {
  // One square degree at the equator, by Karney: 12 308 778 361.469 m².
  const square: Corner[] = [[0, 0], [1, 0], [1, 1], [0, 1]]
  expect(areaM2(square)).toBeCloseTo(12_308_778_361.469, 2)
  expect(areaM2([...square].reverse())).toBeCloseTo(12_308_778_361.469, 2)
  expect(areaM2(square.slice(0, 2))).toBe(0)
})

test('a table is a file that a spreadsheet reads and does not run', () => {
  expect(toCsv(['a', 'b'], [['=1+1', 'say "x", y'], [-5, null]])).toBe('\uFEFFa,b\r\n\'=1+1,"say ""x"", y"\r\n-5,\r\n')
})

test('the view of the map survives the address, and nonsense is no view', () => {
  const view = { lon: 119.16123, lat: 36.70412, zoom: 12.4 }
  expect(readMapView(writeMapView(view))).toEqual(view)
  for (const text of [undefined, '', '1,2', 'a,b,c', '200,0,3', '119,36,99', ['1']]) expect(readMapView(text)).toBeNull()
})
