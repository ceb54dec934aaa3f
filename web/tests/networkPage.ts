/** The pages' own call on an empty page, for `tests/networks`: what it asks of the server goes to the test. */
import type { Room, TakenLeg } from '@/api'
import { makePeer } from '@/call/connection'
import { CallSession, type LegView } from '@/call/session'

declare global {
  interface Window {
    /** Given by the test. */
    askDoor: (purpose: 'publish' | 'view', offer: string) => Promise<TakenLeg>
    callPage: { begin: (room: Room) => Promise<void>; now: () => Promise<unknown> }
  }
}

const connections: RTCPeerConnection[] = []
let view: LegView | null = null
/** Pictures decoded so far, whichever connection they came by. */
let decoded = 0

function seen(now: LegView | null): void {
  const before = view?.figures.framesDecoded ?? 0
  const count = now?.figures.framesDecoded ?? 0
  decoded += count >= before ? count - before : count
  view = now
}

/** Our end of the way by which what we view comes. */
async function way(): Promise<RTCStats | null> {
  const viewing = connections.findLast((one) => one.connectionState === 'connected' && one.getTransceivers()[0]?.direction === 'recvonly')
  const report = await viewing?.getStats()
  const rows = new Map<string, RTCStats & Record<string, string>>()
  report?.forEach((row) => rows.set(row.id, row))
  const transport = [...rows.values()].find(({ type }) => type === 'transport')
  const pair = rows.get(transport?.selectedCandidatePairId ?? '')
  return rows.get(pair?.localCandidateId ?? '') ?? null
}

window.callPage = {
  async begin(room) {
    const session = new CallSession({
      makePeer(ice) {
        connections.push(makePeer(ice))
        return connections.at(-1)!
      },
      makeStream: (tracks) => new MediaStream(tracks),
      doors: { publish: (offer) => window.askDoor('publish', offer), view: (_, offer) => window.askDoor('view', offer), endLeg: () => undefined },
      onLeg: (seat, now) => seat !== null && seen(now),
    })
    const devices = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } })
    session.apply(room)
    session.publish(devices.getTracks())
  },
  now: async () => ({ decoded, builds: connections.length, lost: view?.figures.packetsLost ?? 0, state: view?.state ?? null, way: await way() }),
}
