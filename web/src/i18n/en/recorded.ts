import type { recorded as words } from '../zh-CN/recorded'
import type { SameKeys } from '../messages'

export const recorded: SameKeys<typeof words> = {
  recorded: {
    title: 'Recorded call',
    of: 'Recording of {name}',
    nothing: 'Nothing was recorded at this moment',
    found: 'sealed after the recorder was lost',
    unplayable: 'This browser cannot play the recording',
    soundOn: 'Sound on (at 1× only)',
    soundOff: 'Sound off',
    keptUntil: 'kept until {at}',
    heldBy: 'held by {who}: {reason}',
    deleted: 'deleted on {at}, its time was over',
    evidence: 'Hand out as evidence',
    hold: 'Hold…',
    release: 'Lift the hold',
    reason: 'Why it must be kept',
    keep: 'Keep it',
  },
}
