/** Shares, minutes and names as the planning page says them. */
import { useI18n } from 'vue-i18n'
import type { CoverageJob, Scenario } from '@/api'
import { useRegions } from '@/stores/regions'

/** The step of a job: a word, and what follows it (`times 12/400`, `solving gap 1.20%`). */
const STEP = /^([a-z]+)(?: (?:gap )?(.+))?$/

export function usePlanWords() {
  const { t, te, locale } = useI18n()
  const regions = useRegions()

  const percent = (share: number | null | undefined) => (share === null || share === undefined ? t('app.none') : `${(share * 100).toFixed(1)}%`)
  const oneDecimal = (value: number | null | undefined) => (value === null || value === undefined ? t('app.none') : value.toFixed(1))
  const whole = (value: number) => value.toLocaleString(locale.value)
  const signed = (value: number, text: string) => (value > 0 ? `+${text}` : text.replace('-', '−'))
  /** By how many hundredths a share changed: `+1.2`. */
  const points = (before: number | null | undefined, after: number | null | undefined) =>
    before === null || before === undefined || after === null || after === undefined ? t('app.none') : signed(after - before, ((after - before) * 100).toFixed(1))

  const regionName = (adcode: string) => regions.nameOf(adcode.replace(/(00)+$/, '')) || adcode
  const known = (key: string, or: string) => (te(key) ? t(key) : or)
  const partName = (kind: string, key: string, name: string) =>
    kind === 'by_risk' ? t(`plan.risk.${key || 'none'}`) : kind === 'by_tag' ? known(`plan.tag.${key}`, name) : name

  function sourceOf({ from, shift }: Scenario): string {
    if (Array.isArray(from)) return t('plan.sourceName.points')
    return t(`plan.sourceName.${from === 'stations' ? 'stations' : shift ?? 'officers'}`)
  }

  function stepOf({ step, state }: CoverageJob): string {
    if (state !== 'running') return t(`plan.state.${state}`)
    const [, word = '', more = ''] = STEP.exec(step) ?? []
    return [known(`plan.step.${word}`, t('plan.state.running')), word === 'solving' && more ? t('plan.gapNow', { gap: more }) : more].filter(Boolean).join(' ')
  }

  /** What a scenario is called: its own name, or what was asked. */
  function titleOf(job: CoverageJob): string {
    if (job.name) return job.name
    const asked = job.request as unknown as Scenario
    return `${regionName(job.region)} · ${sourceOf(asked)} · ${t(`plan.demandName.${asked.demand}`)}`
  }

  return { percent, oneDecimal, whole, points, signed, regionName, partName, sourceOf, stepOf, titleOf }
}
