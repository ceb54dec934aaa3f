"""Who is inside a circle, and who could be: the age of a position counts."""

from dataclasses import dataclass
from typing import Literal, Protocol

from command.dispatch.drift import Drift
from command.dispatch.reasons import Reason, could_be_inside, may_have_left

Certainty = Literal["inside", "possible"]


class Seen(Protocol):
    """When and how well somebody was last seen; `is_stale` by the rule that the whole product shares."""

    @property
    def is_stale(self) -> bool: ...
    @property
    def age_s(self) -> float: ...
    @property
    def accuracy_m(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Circle:
    """Who is asked about: `inside` are the officers found within `radius_m`; of those found only `drift` farther out,
    who has an old position and could be inside by now.
    """

    radius_m: float
    inside: frozenset[int]
    drift: Drift

    def certainty(self, distance_m: float, person: Seen) -> Certainty | None:
        """Judge by the row's own position, which may be newer than the index; None is certainly outside."""
        if distance_m <= self.radius_m:
            return "inside"
        if person.is_stale and distance_m - self.drift.metres(float(person.age_s), person.accuracy_m) <= self.radius_m:
            return "possible"
        return None

    def remarks(self, distance_m: float, person: Seen) -> list[Reason]:
        if distance_m > self.radius_m:
            return [could_be_inside(self.radius_m, distance_m)]
        if person.is_stale and distance_m + self.drift.metres(float(person.age_s), person.accuracy_m) > self.radius_m:
            return [may_have_left(self.radius_m)]
        return []
