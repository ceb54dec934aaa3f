/** The calls that are open where we may see them: which alert has one, and which rings for us. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Room, type RoomFacts, type Seat, useApi } from '@/api'
import type { Frame } from '@/live/feed'
import { useSession } from './session'

export const useRooms = defineStore('rooms', () => {
  const api = useApi()
  const session = useSession()
  const rows = ref(new Map<number, RoomFacts>())

  const open = computed(() => [...rows.value.values()].filter(({ state }) => state === 'open'))
  const byAlert = computed(() => new Map(open.value.flatMap((room) => (room.alert_id === null ? [] : [[room.alert_id, room] as const]))))

  /** An officer's own seat in a room. */
  function seatOf(room: RoomFacts): Seat | null {
    const officer = session.user?.officer_id ?? null
    return officer === null ? null : (room.seats.find(({ officer_id }) => officer_id === officer) ?? null)
  }
  /** The newest call that waits for our answer. */
  const ringing = computed(() => open.value.filter((room) => seatOf(room)?.state === 'ringing').sort((a, b) => b.id - a.id)[0] ?? null)
  /** A call that goes on without us, in which we have a seat: the page was closed, or somebody hung up too early. */
  const goingOn = computed(() => open.value.filter((room) => ['present', 'away', 'left'].includes(seatOf(room)?.state ?? '')).sort((a, b) => b.id - a.id)[0] ?? null)

  async function load(): Promise<void> {
    const { items } = await api.rooms.list({ state: 'open' })
    const fresh = new Map<number, RoomFacts>(items.map((room) => [room.id, room]))
    // What the feed has told meanwhile is newer than the list.
    for (const room of items) {
      const known = rows.value.get(room.id)
      if (known && known.version > room.version) fresh.set(room.id, known)
    }
    rows.value = fresh
  }

  function apply(room: RoomFacts): void {
    const known = rows.value.get(room.id)
    if (known && known.version > room.version) return
    rows.value.set(room.id, room)
  }

  async function decline(id: number): Promise<void> {
    apply(await api.rooms.decline(id))
  }

  /** A frame of the live feed, whatever its kind. */
  function hear({ kind, data }: Frame): void {
    if (kind.startsWith('room.')) apply(data as Room)
  }

  return { rows, open, byAlert, ringing, goingOn, seatOf, load, apply, decline, hear }
})
