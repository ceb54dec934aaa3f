import type { wall as words } from '../zh-CN/wall'
import type { SameKeys } from '../messages'

export const wall: SameKeys<typeof words> = {
  wall: {
    openAlerts: 'Open alerts',
    byKind: 'By kind',
    onDuty: 'Officers on duty',
    free: 'Free',
    busy: 'On a task',
    stale: 'Position old',
    live: 'Live alerts',
    quiet: 'All quiet: no open alerts',
    newAlert: 'New alert',
    soundOn: 'Sound on',
    soundOff: 'Sound off',
    soundWaits: 'Touch anywhere for sound',
    soundToggle: 'Sound on a new alert',
    lost: 'Data interrupted',
    lostSince: 'last update {time}',
    waiting: 'Waiting for data',
    underway: '{name} · {state}',
    unassigned: 'Nobody sent',
    more: '{n} more',
    today: 'Today',
    eta: 'there in about {minutes}',
  },
}
