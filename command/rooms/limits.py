"""How much a publisher may send: by how many are in the room, and how well the others receive.

There is no simulcast and no transcoding, so one size goes to all; figures from docs/video.md.
"""

from collections.abc import Sequence

from video.engine import SendLimit

FULL = SendLimit(640, 480, 15, 600_000)
SMALLER = SendLimit(480, 360, 15, 350_000)
SMALL = SendLimit(320, 240, 15, 200_000)
LEAST = SendLimit(320, 240, 8, 100_000)
_LADDER = (FULL, SMALLER, SMALL, LEAST)
_FEW, _SOME = 2, 4


def limit_for(people: int, others_poor: Sequence[int] = ()) -> SendLimit:
    """The limit in a room of `people`, when the others receive as badly as `others_poor` says (0 well, 2 worst).

    The worse half must agree before all get less: one viewer with a poor network is helped by pausing its picture.
    """
    step = 0 if people <= _FEW else 1 if people <= _SOME else 2
    ranked = sorted(others_poor)
    agreed = ranked[(len(ranked) - 1) // 2] if ranked else 0
    return _LADDER[min(step + agreed, len(_LADDER) - 1)]
