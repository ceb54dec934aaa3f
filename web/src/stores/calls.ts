/** The call this page is in: its room as the server tells it, the legs of its sound and picture, and what may be done. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import { Api, ApiProblem, Client, type May, type NewRoom, type Room, type Seat, type TrackKind, useApi, withToken } from '@/api'
import { gradeOf, type Grade } from '@/call/figures'
import { makePeer } from '@/call/connection'
import { Presence, type PresenceState } from '@/call/presence'
import { CallSession, type LegView } from '@/call/session'
import { useOwnMedia } from './ownMedia'

/** One who is in the room, with what comes from there. */
export interface Tile {
  seat: Seat
  own: boolean
  leg: LegView | null
  grade: Grade | null
  /** What to say over the picture, the gravest only. */
  notice: 'connecting' | 'rebuilding' | 'away' | 'stalled' | 'paused' | 'refused' | null
}

export type Wish = 'all' | 'audio' | 'view'

const HERE: ReadonlySet<Seat['state']> = new Set(['present', 'away'])

export const useCalls = defineStore('calls', () => {
  const pageApi = useApi()
  const media = useOwnMedia()
  const guestToken = ref<string | null>(null)
  const api = computed(() => (guestToken.value === null ? pageApi : new Api(new Client(withToken(guestToken.value)))))

  const room = shallowRef<Room | null>(null)
  /** A room that is being opened, joined or left. */
  const working = ref(false)
  const presenceState = ref<PresenceState>('connecting')
  /** Why the call is over, until somebody has seen it. */
  const over = ref<'closed' | 'removed' | 'refused' | null>(null)
  const legs = shallowReactive(new Map<number | null, LegView>())
  let session: CallSession | null = null
  let presence: Presence | null = null
  let comingBack = false
  let lastTalk: Promise<void> = Promise.resolve()

  const me = computed(() => room.value?.seats.find(({ id }) => id === room.value?.me?.seat_id) ?? null)
  const may = (what: May) => room.value?.me?.may.includes(what) ?? false
  const tiles = computed<Tile[]>(() =>
    (room.value?.seats ?? [])
      .filter((seat) => HERE.has(seat.state) && (seat.publication !== null || isShown(seat)))
      .map(tileOf)
      .sort((a, b) => Number(a.own) - Number(b.own)),
  )
  /** Those who are here and send nothing: they look on, or their connection is only coming up. */
  const lookingOn = computed(() => (room.value?.seats ?? []).filter((seat) => HERE.has(seat.state) && seat.publication === null && !isShown(seat)))
  /** Those who were asked and have not answered yet, or said no. */
  const awaited = computed(() => (room.value?.seats ?? []).filter(({ state }) => !HERE.has(state) && state !== 'left' && state !== 'removed'))

  /** Ours as soon as we send; another's picture may be here before the room says that there is one. */
  const isShown = ({ id }: Seat) => (id === me.value?.id ? legs.has(null) : legs.get(id)?.state === 'live')

  function tileOf(seat: Seat): Tile {
    const own = seat.id === me.value?.id
    const leg = legs.get(own ? null : seat.id) ?? null
    return { seat, own, leg, grade: leg?.state === 'live' ? gradeOf(leg.quality) : null, notice: noticeOf(seat, leg, own) }
  }

  function noticeOf(seat: Seat, leg: LegView | null, own: boolean): Tile['notice'] {
    if (leg?.state === 'rebuilding') return 'rebuilding'
    if (leg?.state === 'refused') return 'refused'
    if (seat.state === 'away' && !own) return 'away'
    if (seat.publication?.stalled && !own) return 'stalled'
    if (leg?.state === 'connecting') return 'connecting'
    // Its network, or ours, is too poor for pictures.
    return seat.publication?.video_paused || (!own && me.value?.video_paused) ? 'paused' : null
  }

  function take(fresh: Room): void {
    if (room.value && (fresh.id !== room.value.id || fresh.version < room.value.version)) return
    room.value = fresh
    session?.apply(fresh)
    const mine = fresh.seats.find(({ id }) => id === fresh.me?.seat_id)
    if (fresh.state === 'closed') finish('closed')
    else if (mine?.state === 'removed') finish('removed')
    else if (mine?.state === 'left') void comeBack(fresh.id)
  }

  /** After a long silence the seat was given up; nobody has to click to have it again. */
  async function comeBack(id: number): Promise<void> {
    if (comingBack) return
    comingBack = true
    try {
      const again = await api.value.rooms.join(id)
      if (presence) take(again)
    } catch (error) {
      if (error instanceof ApiProblem && presence) finish('refused') // locked, or over
    } finally {
      comingBack = false
    }
  }

  function begin(joined: Room): void {
    stop()
    over.value = null
    room.value = joined
    const { id } = joined
    const doors = api.value.rooms
    session = new CallSession({
      makePeer,
      makeStream: (tracks) => new MediaStream(tracks),
      doors: { publish: (offer) => doors.publish(id, offer), view: (of, offer) => doors.view(id, of, offer), endLeg: doors.endLeg },
      onLeg: (seat, view) => (view === null ? legs.delete(seat) : legs.set(seat, view)),
    })
    session.apply(joined)
    presence = new Presence({
      roomId: id,
      token: guestToken.value,
      onRoom: take,
      onState: (state) => {
        presenceState.value = state
        if (state === 'refused' || state === 'removed') finish(state)
      },
      quality: () => session?.quality ?? null,
    })
    presence.start()
    window.addEventListener('pagehide', leaveWithPage)
  }

  async function exclusively<T>(work: () => Promise<T>): Promise<T | null> {
    if (working.value) return null
    working.value = true
    try {
      return await work()
    } finally {
      working.value = false
    }
  }

  /** Open a room, or find the one that is open, and be in it; the camera is asked for meanwhile. */
  async function open(wanted: NewRoom, wish: Wish = 'all'): Promise<void> {
    await exclusively(async () => {
      const ready = ask(wish)
      const opened = await api.value.rooms.open(wanted)
      await enter(opened.id, ready)
    })
  }

  /** Be in a room, or answer its ring. */
  async function join(id: number, wish: Wish = 'all'): Promise<void> {
    await exclusively(() => enter(id, ask(wish)))
  }

  /** `ready`: the devices, which the person may still be asked for; we hear and see the others meanwhile. */
  async function enter(id: number, ready: Promise<void>): Promise<void> {
    begin(await api.value.rooms.join(id))
    await ready
    if (room.value?.id === id && media.tracks.length > 0) session?.publish([...media.tracks])
  }

  /** The devices, unless they are open already (a check before joining has opened them). */
  async function ask(wish: Wish): Promise<void> {
    if (wish === 'view' || media.captured !== null) return
    await media.open({ audio: true, video: wish === 'all', facing: media.facing })
  }

  /** Ask for the devices again, e.g. after the person has allowed them. */
  async function retryDevices(): Promise<void> {
    await media.open({ audio: true, video: true, facing: media.facing })
    session?.publish([...media.tracks])
  }

  async function leave(): Promise<void> {
    const id = room.value?.id
    stop()
    room.value = null
    if (id !== undefined) await api.value.rooms.leave(id)
  }

  /** End it for everybody. */
  async function close(): Promise<void> {
    if (room.value) await api.value.rooms.close(room.value.id, room.value.version)
  }

  function finish(why: 'closed' | 'removed' | 'refused'): void {
    stop()
    room.value = null
    over.value = why
  }

  function stop(): void {
    window.removeEventListener('pagehide', leaveWithPage)
    presence?.stop()
    session?.end()
    presence = null
    session = null
    legs.clear()
    if (room.value) media.close()
  }

  /** The legs are ended at once; the seat is kept by the server for those who come back. */
  const leaveWithPage = () => session?.end()

  async function turnCamera(): Promise<void> {
    const track = await media.turn()
    if (track) await session?.replace(track)
  }

  /** Ask for something in this room; the answer is the room as it is then, which the socket brings as well. */
  async function inRoom(act: (id: number) => Promise<Room>): Promise<void> {
    if (room.value) take(await act(room.value.id))
  }
  const raiseHand = (raised: boolean) => inRoom((id) => api.value.rooms.hand(id, raised))
  const lock = (locked: boolean) => inRoom((id) => api.value.rooms.lock(id, locked))
  const mute = (seat: number, kinds: TrackKind[]) => inRoom((id) => api.value.rooms.mute(id, seat, kinds))
  const unmute = (seat: number, kinds: TrackKind[]) => inRoom((id) => api.value.rooms.unmute(id, seat, kinds))
  const remove = (seat: number) => inRoom((id) => api.value.rooms.remove(id, seat))
  const insert = (seat: number) => inRoom((id) => api.value.rooms.insert(id, seat))
  const ring = (officer: number) => inRoom((id) => api.value.rooms.ring(id, [officer]))
  async function record(on: boolean): Promise<void> {
    if (room.value) await api.value.rooms.record(room.value.id, on ? 'start' : 'stop')
  }
  async function snapshot(seat: number, picture: Blob): Promise<void> {
    if (room.value) await api.value.rooms.snapshot(room.value.id, picture, seat)
  }

  /**
   * Hold to speak: heard at once here, and the word is taken at the server where only one may have it. One question
   * after the other: a press that arrived after its own release would hold the word with nobody speaking.
   */
  async function talk(on: boolean): Promise<void> {
    media.setMic(on)
    if (!room.value?.audio_group) return
    const asked = lastTalk.then(() => inRoom((id) => api.value.rooms.talk(id, on)))
    lastTalk = asked.catch(() => undefined)
    await asked
  }

  return {
    guestToken, api, room, me, working, presenceState, over, legs, tiles, lookingOn, awaited,
    may, take, open, join, leave, close, retryDevices, turnCamera,
    raiseHand, lock, mute, unmute, remove, insert, ring, record, snapshot, talk,
  }
})
