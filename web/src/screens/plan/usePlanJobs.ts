/** Putting scenarios into the queue, and opening them when they are done and still wanted. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Changes, Scenario, SitingResult } from '@/api'
import { useFormat } from '@/i18n/format'
import { isUnfinished, useCoverageJobs } from '@/stores/coverageJobs'
import { useNotices } from '@/stores/notices'
import { useQuestion } from '@/stores/question'
import { useScenario } from '@/stores/scenario'
import { useTrial, withChanges } from '@/stores/trial'
import type { usePlanView } from './usePlanView'
import { usePlanWords } from './usePlanWords'

export function usePlanJobs(view: ReturnType<typeof usePlanView>) {
  const { t } = useI18n()
  const { problem } = useFormat()
  const { titleOf } = usePlanWords()
  const jobs = useCoverageJobs()
  const notices = useNotices()
  const question = useQuestion()
  const scenario = useScenario()
  const trial = useTrial()
  const asking = ref(false)
  const saving = ref(false)

  /** Have a scenario worked out; it is opened unless somebody opened another one meanwhile. */
  async function have(wanted: Scenario, against?: number): Promise<void> {
    const before = view.openId.value
    try {
      const id = await jobs.ask(wanted)
      const job = await jobs.until(id, (one) => !isUnfinished(one))
      if (job?.state === 'failed') notices.say('bad', job.error ?? t('plan.state.failed'))
      if (job?.state === 'done' && view.openId.value === before) view.open(id, against)
    } catch (error) {
      notices.say('bad', problem(error))
    }
  }

  async function run(): Promise<void> {
    if (asking.value) return
    asking.value = true
    await have(question.asked())
    asking.value = false
  }

  /** What is tried as a scenario of its own, next to the one that it was made from. */
  async function keepChanges(changes: Changes, name: string): Promise<void> {
    const from = scenario.job
    if (!from || saving.value) return
    saving.value = true
    await have(withChanges(from.request as unknown as Scenario, changes, name), from.id)
    saving.value = false
  }

  const keep = (name: string) => keepChanges(trial.changes, name || t('plan.triedName', { name: scenario.job ? titleOf(scenario.job) : '' }).slice(0, 120))

  const adopt = ({ sites, given_up, objective }: SitingResult) =>
    keepChanges(
      { moved: [], added: sites.map(({ lon, lat }) => [lon, lat]), left_out: given_up },
      t('plan.sitedName', { n: sites.length, objective: t(`plan.objective.${objective}`) }),
    )

  return { asking, saving, run, keep, adopt }
}
