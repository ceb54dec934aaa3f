"""How much a publisher may send: by how many are in the room, and how well the others receive.

There is no simulcast and no transcoding, so one size goes to all; figures from docs/video.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from video.engine import SendLimit

FULL = SendLimit(640, 480, 15, 600_000)
SMALLER = SendLimit(480, 360, 15, 350_000)
SMALL = SendLimit(320, 240, 15, 200_000)
LEAST = SendLimit(320, 240, 8, 100_000)
_LADDER = (FULL, SMALLER, SMALL, LEAST)
_FEW, _SOME = 2, 4
_MOST_LOST, _FEWEST_FPS, _LONGEST_RTT_MS = 0.05, 8.0, 800.0
_BAD_IN_A_ROW, _GOOD_IN_A_ROW, _WORST = 3, 7, 2


def limit_for(people: int, others_poor: Sequence[int] = ()) -> SendLimit:
    """The limit in a room of `people`, when the others receive as badly as `others_poor` says (0 well, 2 worst).

    The worse half must agree before all get less: one viewer with a poor network is helped by pausing its picture.
    """
    step = 0 if people <= _FEW else 1 if people <= _SOME else 2
    ranked = sorted(others_poor)
    agreed = ranked[(len(ranked) - 1) // 2] if ranked else 0
    return _LADDER[min(step + agreed, len(_LADDER) - 1)]


@dataclass(frozen=True, slots=True)
class Report:
    """How a page receives, since its last word: pictures a second, share of packets lost (0 to 1), milliseconds."""

    fps: float | None = None
    lost: float | None = None
    rtt_ms: float | None = None

    @property
    def is_bad(self) -> bool:
        return (
            (self.lost or 0.0) > _MOST_LOST
            or (self.fps is not None and self.fps < _FEWEST_FPS)
            or (self.rtt_ms or 0.0) > _LONGEST_RTT_MS
        )


class Reception:
    """How badly one seat receives, from its reports one after the other: 0 well, 1, 2 very badly.

    It worsens after three bad reports in a row (4.5 s) and mends after seven good ones (10 s), so that it does not
    swing with what it causes.
    """

    def __init__(self, poor: int = 0) -> None:
        self.poor = poor
        self._bad = self._good = 0

    def take(self, report: Report) -> bool:
        """Take in a report; whether `poor` has changed."""
        before = self.poor
        if report.is_bad:
            self._bad, self._good = self._bad + 1, 0
        else:
            self._good, self._bad = self._good + 1, 0
        if self._bad >= _BAD_IN_A_ROW and self.poor < _WORST:
            self.poor, self._bad = self.poor + 1, 0
        elif self._good >= _GOOD_IN_A_ROW and self.poor > 0:
            self.poor, self._good = self.poor - 1, 0
        return self.poor != before
