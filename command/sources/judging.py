"""Whether a source has stopped: a pure function of what was known, what is heard, and the time.

Nobody configures intervals. The longest silence between two arrivals that is usual for an area is learned, forgotten
slowly, and a silence clearly longer is a loss: six seconds where something comes every second, four hours where
analysers report every two. A silence that was a loss is learned from with care, or the next one would be missed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

State = Literal["live", "idle", "stopped"]

FLOOR_S = 6.0
# A loss must be known within ten seconds where that can be: where no usual silence is longer than these six.
_SHORT_S, _SHORT_FACTOR, _FACTOR = 6.0, 1.5, 2.0
LEARNED_AFTER = 10  # silences; before that nothing is known to be usual, and nobody is alarmed
_FORGOTTEN_BY_HALF_S = 1800.0
_LEARN_OF_A_LOSS = 1.5  # a source that has become slower is believed after a few rounds
_HEARD_LATELY_S = 60.0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a source in an area; `gap_s`: its longest usual silence, `crowd`: how many were expected then.

    `since` is when it was seen to be in this state, `expected_since` when somebody was first expected to report.
    """

    state: State = "idle"
    since: datetime | None = None
    last_at: datetime | None = None
    stopped_since: datetime | None = None
    gap_s: float = 0.0
    gaps: int = 0
    crowd: float = 0.0
    expected: int = 0
    expected_since: datetime | None = None

    @property
    def expected_every_s(self) -> float | None:
        """The longest silence that is usual with as many reporting as now; None while it is not known."""
        if self.gaps < LEARNED_AFTER or self.expected == 0:
            return None
        return self.gap_s * max(1.0, self.crowd / self.expected)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is there now: the newest arrival, how many should report, and whether a process takes it in.

    `taken_in` is None where no process of its own does; `lost_at` is when the last of them was heard.
    """

    last_at: datetime | None
    expected: int
    taken_in: bool | None = None
    lost_at: datetime | None = None


def judge(known: Known, heard: Heard, now: datetime) -> Known:
    """What is known after a look. A second look at the same moment changes nothing."""
    expected_since = (known.expected_since or now) if heard.expected else None
    learned = replace(_learned(known, heard), expected=heard.expected, expected_since=expected_since)
    state, stopped_since = _state(learned, heard, now)
    if state == "stopped":
        stopped_since = known.stopped_since or stopped_since  # the beginning of a loss does not move while it lasts
    since = known.since if state == known.state and known.since is not None else now
    return replace(learned, state=state, since=since, stopped_since=stopped_since)


def allowed_s(every_s: float) -> float:
    """How long a silence may be, in seconds, where `every_s` is the longest usual one."""
    return max(FLOOR_S, (_SHORT_FACTOR if every_s <= _SHORT_S else _FACTOR) * every_s)


def _state(known: Known, heard: Heard, now: datetime) -> tuple[State, datetime | None]:
    if heard.taken_in is False:
        return "stopped", heard.lost_at or known.last_at or now
    if known.last_at is None or known.expected_since is None:
        return "idle", None
    # Of a silence that began before anybody was to report only the rest counts.
    silent_s = (now - max(known.last_at, known.expected_since)).total_seconds()
    every_s = known.expected_every_s
    if every_s is None:  # not known yet: what has come lately is there, and nobody is alarmed
        return ("live" if silent_s < _HEARD_LATELY_S else "idle"), None
    return ("stopped", known.last_at) if silent_s > allowed_s(every_s) else ("live", None)


def _learned(known: Known, heard: Heard) -> Known:
    if heard.last_at is None or (known.last_at is not None and heard.last_at <= known.last_at):
        return known
    if known.last_at is None:
        return replace(known, last_at=heard.last_at, crowd=float(heard.expected))
    gap_s = (heard.last_at - known.last_at).total_seconds()
    if known.expected == 0:  # nobody was to report: that silence says nothing
        return replace(known, last_at=heard.last_at)
    kept = 0.5 ** (gap_s / _FORGOTTEN_BY_HALF_S)
    every_s = known.expected_every_s
    if every_s is not None and gap_s > allowed_s(every_s):
        gap_s = min(gap_s, max(_LEARN_OF_A_LOSS * known.gap_s, FLOOR_S / _FACTOR))
    return replace(
        known,
        last_at=heard.last_at,
        gap_s=max(gap_s, known.gap_s * kept),
        gaps=min(known.gaps + 1, 1_000_000),
        crowd=max(float(heard.expected), known.crowd * kept),
    )
