/** The word that opens a seat: it comes in the link's fragment, which no server sees, and does not stay in the address bar. */

const keyOf = (room: number) => `onemap.seat.${room}`

/** Kept for this tab only, so that a page that is loaded anew still has it. */
export function seatTokenOf(room: number, place: Location = location, kept: Storage = sessionStorage): string | null {
  const fresh = place.hash.slice(1)
  if (fresh) {
    kept.setItem(keyOf(room), fresh)
    history.replaceState(history.state, '', place.pathname + place.search)
  }
  return kept.getItem(keyOf(room))
}
