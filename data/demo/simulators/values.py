"""What simulated instruments measure: values that wander about a mean, well within the limits unless told otherwise."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from data.limits import limit_for, read_standards

_MEMORY = 0.92  # how much of its last deviation a value keeps; the rest is new chance
_WIDEST = 2.0  # standard deviations: further out the value does not wander by itself
_AIR_OXYGEN = 21.0


@dataclass(frozen=True, slots=True)
class Factor:
    """One measured quantity: its usual mean, standard deviation, and how many decimals the instrument prints."""

    mean: float
    deviation: float
    decimals: int


_OUTFALL = {
    "w00000": Factor(120.0, 12.0, 2),
    "w01001": Factor(7.3, 0.15, 2),
    "w01018": Factor(22.0, 2.5, 2),
    "w21003": Factor(0.9, 0.2, 3),
    "w21001": Factor(8.5, 0.9, 2),
    "w21011": Factor(0.19, 0.03, 3),
}
_STACK = {
    "a00000": Factor(85.0, 6.0, 2),
    "a01012": Factor(52.0, 2.0, 1),
    "a01014": Factor(11.0, 0.6, 2),
    "a19001": Factor(6.8, 0.4, 2),
    "a34013": Factor(1.9, 0.25, 2),
    "a21026": Factor(12.0, 2.0, 2),
    "a21002": Factor(27.0, 3.0, 2),
}
_AIR = {
    "a34004": Factor(31.0, 6.0, 0),
    "a34002": Factor(62.0, 10.0, 0),
    "a21026": Factor(9.0, 1.5, 0),
    "a21004": Factor(27.0, 5.0, 0),
    "a05024": Factor(88.0, 15.0, 0),
    "a21005": Factor(0.6, 0.1, 2),
    "a01001": Factor(12.0, 1.0, 1),
    "a01002": Factor(58.0, 5.0, 0),
    "a01007": Factor(2.4, 0.5, 1),
    "a01008": Factor(180.0, 30.0, 0),
}
_SECTION = {
    "w01001": Factor(7.8, 0.1, 2),
    "w01009": Factor(9.2, 0.4, 2),
    "w01010": Factor(12.0, 0.5, 1),
    "w01014": Factor(880.0, 25.0, 0),
    "w01019": Factor(2.6, 0.25, 2),
    "w21003": Factor(0.22, 0.04, 3),
    "w21011": Factor(0.03, 0.004, 3),
}
_OF_KIND = {"outfall": _OUTFALL, "stack": _STACK, "ambient_air": _AIR, "surface_water": _SECTION}

# What goes wrong now and then. Of air stations nothing: the weather is nobody's fault to visit.
_FAILING = {"outfall": ("w01018", "w21003", "w21011"), "stack": ("a21026", "a21002", "a34013")}


@dataclass
class Instruments:
    """The instruments of one point. `standard` and `grade` say what would be too much there."""

    kind: str
    standard: str | None
    grade: str | None
    chance: random.Random
    reference_oxygen: float | None = None
    _off: dict[str, float] = field(default_factory=dict)  # deviation of each factor, in standard deviations
    _high: dict[str, float] = field(default_factory=dict)  # what a failing factor shows instead

    def measure(self) -> Mapping[str, float]:
        """Return one reading of every factor; each call moves time on by one interval."""
        return {code: self._next(code, factor) for code, factor in _OF_KIND[self.kind].items()}

    def converted(self, values: Mapping[str, float]) -> Mapping[str, float]:
        """Return the concentrations at the reference oxygen (折算); none where the outlet has no reference."""
        if self.reference_oxygen is None:
            return {}
        share = (_AIR_OXYGEN - self.reference_oxygen) / (_AIR_OXYGEN - values["a19001"])
        return {code: round(values[code] * share, 2) for code in _FAILING["stack"]}

    def failing_factors(self, on: date) -> dict[str, float]:
        """What can exceed here, with the limit that it would exceed."""
        found = {}
        for code in _FAILING.get(self.kind, ()):
            for period in ("day", "hour"):
                limit = limit_for(read_standards(), code, period, on, standard=self.standard, grade=self.grade)
                if limit is not None and limit.high is not None:
                    found[code] = limit.high
        return found

    def fail(self, code: str, value: float) -> None:
        """Show about `value` for this factor from now on."""
        self._high[code] = value

    def recover(self) -> None:
        self._high.clear()

    def _next(self, code: str, factor: Factor) -> float:
        fresh = self.chance.gauss(0, 1) * math.sqrt(1 - _MEMORY**2)
        off = max(-_WIDEST, min(_WIDEST, _MEMORY * self._off.get(code, 0.0) + fresh))
        self._off[code] = off
        mean, deviation = factor.mean, factor.deviation
        if code in self._high:
            mean, deviation = self._high[code], self._high[code] * 0.01
        return round(max(mean + off * deviation, 0.0), factor.decimals)
