"""What a new fix does to the place where an officer is taken to be."""

from dataclasses import dataclass
from typing import Final

from data.positions.fix import Fix
from gis.geodesic import distance_m

_FASTEST_MPS: Final = 60.0  # 216 km/h: no patrol car
_MOST_DOUBT_M: Final = 1_000.0  # a phone that claims to know nothing must not get away with any jump


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a fix: the current position, a point of the track, both or neither.

    `suspect` says why a fix is kept for the track only: 'late', 'jump' or 'mock'.
    """

    new_position: bool
    keep_track: bool
    suspect: str | None = None


_MOVES: Final = Verdict(new_position=True, keep_track=True)
_DUPLICATE: Final = Verdict(new_position=False, keep_track=False)


def judge(previous: Fix | None, new: Fix, *, doubted: Fix | None = None) -> Verdict:
    """Decide on a fix, given the officer's current position and the fix that was last kept out as a jump.

    A jump is a speed that no car has, after both positions' own inaccuracy is granted. But when the next fix
    confirms a jump (`doubted`), it was the old position that was wrong, and the officer is believed: otherwise one
    false fix far away would keep an officer out of every ranking for as long as the drive back would take.
    """
    if previous is not None and new.at == previous.at:
        return _DUPLICATE  # sent again from a phone's queue
    if new.mock:
        return _for_track("mock")
    if previous is None:
        return _MOVES
    if new.at < previous.at:
        return _for_track("late")
    if _reachable(previous, new):
        return _MOVES
    if doubted is not None and previous.at < doubted.at < new.at and _reachable(doubted, new):
        return _MOVES
    return _for_track("jump")


def _for_track(suspect: str) -> Verdict:
    return Verdict(new_position=False, keep_track=True, suspect=suspect)


def _reachable(start: Fix, end: Fix) -> bool:
    doubt_m = sum(min(fix.accuracy_m or 0.0, _MOST_DOUBT_M) for fix in (start, end))
    seconds = (end.at - start.at).total_seconds()
    return distance_m(start.position, end.position) - doubt_m <= _FASTEST_MPS * seconds
