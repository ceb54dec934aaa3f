/** Times, lengths and durations as people in the bureau read them: Beijing time, whatever the device is set to. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiProblem, Unreachable, type Bilingual } from '@/api'

const ZONE = 'Asia/Shanghai'
const dateFormat = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE })

const isoDay = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' })

/** The day that it is in China, `2026-11-25`. */
export const chinaDay = (ms: number): string => isoDay.format(ms)

export function useFormat() {
  const { t, te, locale } = useI18n()

  const clockFormat = computed(
    () => new Intl.DateTimeFormat(locale.value, { timeZone: ZONE, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  )
  const momentFormat = computed(
    () => new Intl.DateTimeFormat(locale.value, { timeZone: ZONE, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  )
  const instantFormat = computed(
    () => new Intl.DateTimeFormat(locale.value, { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  )
  const dayFormat = computed(
    () => new Intl.DateTimeFormat(locale.value, { timeZone: ZONE, year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }),
  )

  const asDate = (at: string | number) => new Date(at)
  /** 14:03:27 */
  const clock = (at: string | number) => clockFormat.value.format(asDate(at))
  /** 11/23 14:03 */
  const moment = (at: string | number) => momentFormat.value.format(asDate(at))
  /** 2026/11/23 14:03:27 */
  const instant = (at: string | number) => instantFormat.value.format(asDate(at))
  /** 2026-11-23, the day in Beijing */
  const date = (at: string | number) => dateFormat.format(asDate(at))
  const day = (at: string | number) => dayFormat.value.format(asDate(at))

  /** How long ago, in the largest unit that fits; `now` is passed so that a ticking clock redraws it. */
  function age(at: string | number, now: number): string {
    return ageOf((now - asDate(at).getTime()) / 1000)
  }

  function ageOf(seconds: number): string {
    const n = Math.max(0, Math.floor(seconds))
    if (n < 60) return t('unit.secondsAgo', { n })
    if (n < 3600) return t('unit.minutesAgo', { n: Math.floor(n / 60) })
    if (n < 86_400) return t('unit.hoursAgo', { n: Math.floor(n / 3600) })
    return t('unit.daysAgo', { n: Math.floor(n / 86_400) })
  }

  /** How long something lasts or has lasted: seconds below a minute and a half, then minutes, then hours. */
  function span(seconds: number): string {
    const n = Math.max(0, Math.round(seconds))
    if (n < 90) return t('unit.s', { n })
    return n < 5400 ? t('unit.minutes', { n: Math.round(n / 60) }) : t('unit.hours', { n: Math.round(n / 3600) })
  }

  /** Travel time, rounded up: a promise of arrival must not be too early. */
  function minutes(seconds: number): string {
    return seconds < 60 ? t('unit.lessThanMinute') : t('unit.minutes', { n: Math.ceil(seconds / 60) })
  }

  function length(metres: number): string {
    return metres < 1000
      ? t('unit.m', { n: Math.round(metres) })
      : t('unit.km', { n: (metres / 1000).toFixed(metres < 10_000 ? 1 : 0) })
  }

  /** At most four significant digits, without trailing zeros. */
  const amount = (value: number) => String(Number(value.toPrecision(4)))

  const both = (text: Bilingual) => (locale.value === 'en' ? text.en : text.zh)

  /** A failure as a sentence: the server's own where it gave one. */
  function problem(error: unknown): string {
    if (error instanceof Unreachable) return t('error.unreachable')
    if (!(error instanceof ApiProblem)) return t('error.unknown')
    if (error.status === 401) return t('error.session')
    if (locale.value === 'en') return error.message
    if (error.detailZh) return error.detailZh
    const key = `error.status.${error.status}`
    return te(key) ? t(key) : error.message
  }

  return { clock, moment, instant, date, day, age, ageOf, span, minutes, length, amount, both, problem }
}
