/** What a table shows of the rows of a list, by the list's address. */
import type { RecordPage, RecordRow } from '@/api'
import { useFormat } from '@/i18n/format'
import { useI18n } from 'vue-i18n'
import { prefixOf, useRegions } from '@/stores/regions'

export interface Column {
  /** Key of the heading's text. */
  title: string
  text: (row: RecordRow) => string
  /** Numbers stand right. */
  numeric?: boolean
}

/** Rows of either kind of answer as plain records. */
export function rowsOf({ items, features }: RecordPage): RecordRow[] {
  return items ?? (features ?? []).map(({ id, properties }) => ({ ...properties, id }))
}

export function useRecordColumns(): (href: string) => Column[] {
  const { t, te, locale } = useI18n()
  const { ageOf, moment } = useFormat()
  const regions = useRegions()

  const none = t('app.none')
  const plain = (value: unknown) => (value === null || value === undefined || value === '' ? none : String(value))
  const text = (title: string, field: string): Column => ({ title: `record.${title}`, text: (row) => plain(row[field]) })
  const number = (title: string, field: string): Column => ({
    title: `record.${title}`,
    numeric: true,
    text: (row) => (typeof row[field] === 'number' ? (row[field] as number).toLocaleString(locale.value) : none),
  })
  const time = (title: string, field: string): Column => ({ title: `record.${title}`, text: (row) => (row[field] ? moment(String(row[field])) : none) })
  /** A value that has a word in both languages under `prefix`. */
  const word = (title: string, field: string, prefix: string): Column => ({
    title: `record.${title}`,
    text: (row) => (te(`${prefix}.${row[field]}`) ? t(`${prefix}.${row[field]}`) : plain(row[field])),
  })
  const region: Column = { title: 'record.region', text: ({ region }) => regions.nameOf(prefixOf(String(region ?? ''))) || plain(region) }
  const people: Column = {
    title: 'record.officers',
    text: ({ officers, participants }) => ((officers ?? participants ?? []) as { name: string }[]).map(({ name }) => name).join(t('record.comma')),
  }
  const count: Column = { title: 'record.people', numeric: true, text: ({ participants }) => ((participants ?? []) as unknown[]).length.toLocaleString(locale.value) }
  const measures: Column = {
    title: 'record.measures',
    text: ({ measures }) => ((measures ?? []) as string[]).map((one) => t(`measure.${one}`)).join(t('record.comma')) || none,
  }
  const tags: Column = { title: 'record.tags', text: ({ tags }) => ((tags ?? []) as string[]).join(t('record.comma')) }
  const age: Column = { title: 'record.position', text: ({ position_age_s }) => (typeof position_age_s === 'number' ? ageOf(position_age_s) : none) }

  const COLUMNS: readonly [start: string, columns: Column[]][] = [
    ['/api/inspections', [time('at', 'at'), region, text('enterprise', 'enterprise'), word('kind', 'kind', 'inspectionKind'), people, number('findings', 'findings')]],
    ['/api/findings', [time('at', 'at'), region, text('enterprise', 'enterprise'), word('kind', 'kind', 'violation'), text('due', 'due_on'), text('rectified', 'rectified_on')]],
    ['/api/penalty-cases', [text('filed', 'filed_on'), text('decided', 'decided_on'), region, text('enterprise', 'enterprise'), word('kind', 'kind', 'violation'), number('fine', 'fine_yuan'), measures]],
    ['/api/trainings', [time('at', 'at'), region, text('training', 'title'), text('organisation', 'organisation'), number('hours', 'hours'), count]],
    ['/api/layers/alerts', [word('level', 'level', 'level'), text('alert', 'title'), region, word('kind', 'kind', 'kind'), word('status', 'status', 'status'), time('at', 'raised_at')]],
    ['/api/layers/enterprises', [text('enterprise', 'name'), region, word('risk', 'risk', 'wall.riskName'), word('credit', 'credit', 'wall.creditName'), tags]],
    ['/api/officers', [text('officer', 'name'), text('organisation', 'organisation'), region, word('status', 'status', 'officer'), age]],
  ]
  return (href) => COLUMNS.find(([start]) => href.startsWith(start))?.[1] ?? []
}
