"""Moving along a road: where somebody is at a time, how fast and which way."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

Place = tuple[float, float]  # degrees WGS84, longitude first

_M_PER_DEGREE = 111_195.0


def distance_m(one: Place, other: Place) -> float:
    """Metres between two places near each other, on a plane; good to a percent over a county."""
    east = (other[0] - one[0]) * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(east, other[1] - one[1]) * _M_PER_DEGREE


def heading(one: Place, other: Place) -> float:
    """Degrees clockwise from north."""
    east = (other[0] - one[0]) * math.cos(math.radians(one[1]))
    return math.degrees(math.atan2(east, other[1] - one[1])) % 360


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where somebody is: `speed_mps` 0 and `heading` None when standing."""

    place: Place
    speed_mps: float = 0.0
    heading: float | None = None


class Trip:
    """One drive along a line of places, at an even speed."""

    def __init__(self, line: Sequence[Place], *, started_at: float, travel_time_s: float) -> None:
        self._line = list(line)
        self._reached_m = list(accumulate((distance_m(a, b) for a, b in pairwise(self._line)), initial=0.0))
        self._started_at = started_at
        self.arrives_at = started_at + max(travel_time_s, 1.0)
        self._speed_mps = self._reached_m[-1] / (self.arrives_at - started_at)

    def at(self, now: float) -> Sighting:
        """Where the driver is at `now`, in seconds of the clock that started the trip."""
        if now >= self.arrives_at or len(self._line) < 2:
            return Sighting(self._line[-1])
        driven_m = max(now - self._started_at, 0.0) * self._speed_mps
        leg = min(bisect.bisect_right(self._reached_m, driven_m), len(self._line) - 1)
        start, end = self._line[leg - 1], self._line[leg]
        length_m = self._reached_m[leg] - self._reached_m[leg - 1]
        share = (driven_m - self._reached_m[leg - 1]) / length_m if length_m else 0.0
        place = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        return Sighting(place, self._speed_mps, heading(start, end))
