/**
 * Where thousands of officers are at any moment: each glides from where it was drawn to its newest fix, in the time
 * that usually lies between two of its fixes, and waits there. It never goes beyond what was reported.
 *
 * Everything lies in one array, laid out as the graphics card reads it. Places are Mercator units (the world is 1)
 * relative to an origin nearby, because 32 bits hold the whole world only to two metres; times are seconds since `epoch`.
 */
import type { OfficerStatus } from '@/api'

/** Floats of one officer: from x, y, to x, y, from when, until when, time of the fix, heading, sign, accuracy in metres. */
export const STRIDE = 10
const FROM_X = 0
const FROM_Y = 1
const TO_X = 2
const TO_Y = 3
const BEGINS = 4
const ENDS = 5
const FIX_AT = 6
const HEADING = 7
const SIGN = 8
const ACCURACY = 9

export const SIGN_OF: Record<Exclude<OfficerStatus, 'off_duty'>, number> = { free: 0, busy: 1, stale: 2 }
/** Added to the sign of the one that is selected. */
export const SELECTED = 4

const LONGEST_GLIDE_S = 30
/** After a longer silence nobody knows how they came there. */
const LONGEST_SILENCE_S = 90
/** Faster than any car: the phone was elsewhere meanwhile, and gliding would show a drive that never was. */
const JUMP_MPS = 70
const EARTH_M = 40_075_016.7
/** Rarely, times are counted anew: after a day 32 bits hold them only to 8 ms. */
const REBASE_AFTER_S = 6 * 3600
const PLAUSIBLE_MPS = 10

export interface Fix {
  id: number
  lon: number
  lat: number
  /** Milliseconds. */
  at: number
  status: OfficerStatus
  heading: number | null
  speedMps: number | null
  accuracyM: number | null
}

export const mercatorX = (lon: number) => (lon + 180) / 360
export const mercatorY = (lat: number) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)
export const longitude = (x: number) => x * 360 - 180
export const latitude = (y: number) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90
/** How many metres one Mercator unit is at a height of the map. */
export const metresPerUnit = (y: number) => EARTH_M * Math.cos((latitude(y) * Math.PI) / 180)

/**
 * How far from its last fix an officer may be by now, in metres.
 *
 * A phone that stands still reports each minute; of the time after that nothing is known but how fast a car is in town.
 */
export function doubtM(accuracyM: number, ageS: number): number {
  return accuracyM + Math.max(0, ageS) * PLAUSIBLE_MPS
}

export class Movers {
  data = new Float32Array(STRIDE * 1024)
  originX = 0
  originY = 0
  /** Milliseconds. */
  epoch = 0
  private readonly slots = new Map<number, number>()
  /** Who is here, in the order of the array. */
  readonly ids: number[] = []
  private selected: number | null = null
  private endsAt = 0
  /** Without it every officer is at its newest fix at once: for people whom movement makes ill. */
  gliding = true

  get count(): number {
    return this.ids.length
  }

  /** Whether somebody is on the way at `now` (milliseconds). */
  moving(now: number): boolean {
    return now < this.endsAt
  }

  /** Take in a fix that became known at `now` (milliseconds). */
  put(fix: Fix, now: number): void {
    if (fix.status === 'off_duty') return this.remove(fix.id)
    if (this.ids.length === 0) this.begin(fix, now)
    else if (now - this.epoch > REBASE_AFTER_S * 1000) this.rebase(now)
    const [x, y] = [mercatorX(fix.lon) - this.originX, mercatorY(fix.lat) - this.originY]
    const fixAt = (fix.at - this.epoch) / 1000
    const nowS = (now - this.epoch) / 1000
    const known = this.slots.get(fix.id)
    const o = STRIDE * (known ?? this.take(fix.id))
    const { data } = this
    if (known === undefined) {
      data[o + FROM_X] = x
      data[o + FROM_Y] = y
      data[o + BEGINS] = data[o + ENDS] = nowS
    } else if (data[o + TO_X] !== Math.fround(x) || data[o + TO_Y] !== Math.fround(y)) {
      const [fromX, fromY] = this.placeOf(o, nowS)
      const betweenS = Math.max(0, fixAt - data[o + FIX_AT]!)
      const metres = Math.hypot(x - fromX, y - fromY) * metresPerUnit(this.originY + y)
      const followed = betweenS <= LONGEST_SILENCE_S && metres <= JUMP_MPS * Math.max(1, betweenS)
      const glideS = this.gliding && followed ? Math.min(LONGEST_GLIDE_S, betweenS) : 0
      data[o + FROM_X] = glideS > 0 ? fromX : x
      data[o + FROM_Y] = glideS > 0 ? fromY : y
      data[o + BEGINS] = nowS
      data[o + ENDS] = nowS + glideS
      this.endsAt = Math.max(this.endsAt, now + glideS * 1000)
    }
    data[o + TO_X] = x
    data[o + TO_Y] = y
    data[o + FIX_AT] = fixAt
    data[o + HEADING] = fix.heading !== null && (fix.speedMps ?? 0) > 0.5 ? fix.heading : -1
    data[o + SIGN] = SIGN_OF[fix.status] + (fix.id === this.selected ? SELECTED : 0)
    data[o + ACCURACY] = fix.accuracyM ?? 0
  }

  remove(id: number): void {
    const slot = this.slots.get(id)
    if (slot === undefined) return
    const last = this.ids.length - 1
    const lastId = this.ids[last]!
    this.data.copyWithin(slot * STRIDE, last * STRIDE, (last + 1) * STRIDE)
    this.ids[slot] = lastId
    this.slots.set(lastId, slot)
    this.ids.length = last
    this.slots.delete(id)
  }

  select(id: number | null): void {
    for (const [one, flag] of [[this.selected, 0], [id, SELECTED]] as const) {
      const slot = one === null ? undefined : this.slots.get(one)
      if (slot !== undefined) this.data[slot * STRIDE + SIGN] = (this.data[slot * STRIDE + SIGN]! % SELECTED) + flag
    }
    this.selected = id
  }

  /** Where somebody is drawn at `now` (milliseconds); null for one who is not here. */
  at(id: number, now: number): { lon: number; lat: number } | null {
    const slot = this.slots.get(id)
    if (slot === undefined) return null
    const [x, y] = this.placeOf(slot * STRIDE, (now - this.epoch) / 1000)
    return { lon: longitude(this.originX + x), lat: latitude(this.originY + y) }
  }

  /** Who is drawn nearest to a place (Mercator units), no farther than `within`; null for nobody. */
  nearest(x: number, y: number, within: number, now: number): number | null {
    const nowS = (now - this.epoch) / 1000
    const [nearX, nearY] = [x - this.originX, y - this.originY]
    let best = within
    let found: number | null = null
    for (let slot = 0; slot < this.ids.length; slot += 1) {
      const o = slot * STRIDE
      const [px, py] = this.placeOf(o, nowS)
      const distance = Math.max(Math.abs(px - nearX), Math.abs(py - nearY))
      if (distance > best) continue
      best = distance
      found = this.ids[slot]!
    }
    return found
  }

  /** Every officer's last fix and its age, for the circles of doubt. */
  *fixes(now: number): Generator<{ x: number; y: number; ageS: number; accuracyM: number; selected: boolean }> {
    const nowS = (now - this.epoch) / 1000
    for (let o = 0; o < this.ids.length * STRIDE; o += STRIDE) {
      yield {
        x: this.data[o + TO_X]!, y: this.data[o + TO_Y]!, ageS: nowS - this.data[o + FIX_AT]!,
        accuracyM: this.data[o + ACCURACY]!, selected: this.data[o + SIGN]! >= SELECTED,
      }
    }
  }

  private placeOf(o: number, nowS: number): [number, number] {
    const { data } = this
    const [begins, ends] = [data[o + BEGINS]!, data[o + ENDS]!]
    const share = ends > begins ? Math.min(1, Math.max(0, (nowS - begins) / (ends - begins))) : 1
    return [
      data[o + FROM_X]! + (data[o + TO_X]! - data[o + FROM_X]!) * share,
      data[o + FROM_Y]! + (data[o + TO_Y]! - data[o + FROM_Y]!) * share,
    ]
  }

  private begin({ lon, lat }: Fix, now: number): void {
    this.originX = mercatorX(lon)
    this.originY = mercatorY(lat)
    this.epoch = now
  }

  private take(id: number): number {
    const slot = this.ids.length
    if ((slot + 1) * STRIDE > this.data.length) {
      const larger = new Float32Array(this.data.length * 2)
      larger.set(this.data)
      this.data = larger
    }
    this.ids.push(id)
    this.slots.set(id, slot)
    return slot
  }

  private rebase(now: number): void {
    const shift = (now - this.epoch) / 1000
    for (let o = 0; o < this.ids.length * STRIDE; o += STRIDE) {
      for (const field of [BEGINS, ENDS, FIX_AT]) this.data[o + field] = this.data[o + field]! - shift
    }
    this.epoch = now
  }
}
