"""How far somebody may have moved since they were last seen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drift:
    """How far somebody may be from an old position: the fix's error and a drive at `mps`, never more than `most_m`."""

    mps: float
    most_m: float

    def metres(self, age_s: float, accuracy_m: float | None) -> float:
        return min((accuracy_m or 0.0) + self.mps * max(age_s, 0.0), self.most_m)
