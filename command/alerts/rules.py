"""What deserves an alert: pure rules, no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# HJ 212-2017 table 8 and HJ/T 212-2005: only these values are measurements to be judged. `S` is entered by hand, and
# 2005 devices and air stations number their flags; every other letter says that the value is none.
_JUDGED_FLAGS = frozenset({None, "", "N", "n", "0"})

# How long a period lasts, so that a value is fresh from its end on: DataTime is the start (HJ 212-2017 Annex C).
_LASTS = {
    "realtime": timedelta(0),
    "minute": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}

# Grave exceedance: double the limit (the second band of most discretion tables, domain notes 5.5).
_GRAVE_MULTIPLE = 1.0

WARNING_LEVEL, VIOLATION_LEVEL, GRAVE_LEVEL = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound that held for a point, a factor and a period from a day to (before) another."""

    factor: str
    period: str
    low: float | None
    high: float | None
    unit: str
    source: str
    valid_from: date
    valid_to: date | None
    of_permit: bool = False

    def held_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Measured:
    """One value to be judged; `at` is the instant or the start of the period."""

    factor: str
    period: str
    at: datetime
    value: float | None
    flag: str | None


@dataclass(frozen=True, slots=True)
class Exceedance:
    """A value outside its limit. `multiple` is the exceedance multiple (超标倍数), None for a value below a low bound."""

    value: float
    limit: Limit
    level: int
    multiple: float | None


def is_measurement(flag: str | None) -> bool:
    """Whether a data flag lets the value be judged; D, M, S, C, T, F, B and unknown letters do not."""
    return flag in _JUDGED_FLAGS


def is_fresh(measured: Measured, *, now: datetime, within: timedelta) -> bool:
    """Loggers resend hours of history after an outage: it is stored, but raises nobody."""
    return now - (measured.at + _LASTS[measured.period]) <= within


def judge(measured: Measured, limits: Iterable[Limit], *, day: date) -> Exceedance | None:
    """Hold a value against the limits of its point that held on its day (China Standard Time).

    A limit of the same period makes a violation. Discharge standards compare daily means (GB 18918-2002 4.1.4.2), so a
    shorter value above the daily limit is a warning only.
    """
    if measured.value is None or not is_measurement(measured.flag):
        return None
    limit = _limit_for(measured, [one for one in limits if one.factor == measured.factor and one.held_on(day)])
    if limit is None:
        return None
    value = measured.value
    if limit.high is not None and value > limit.high:
        multiple = value / limit.high - 1 if limit.high > 0 and limit.low is None else None
    elif limit.low is not None and value < limit.low:
        multiple = None
    else:
        return None
    return Exceedance(value, limit, _level(measured, limit, multiple), multiple)


def _limit_for(measured: Measured, held: list[Limit]) -> Limit | None:
    """The permit before the standard, the same period before a longer one, the newest before the older."""
    order = list(_LASTS)
    fitting = [one for one in held if order.index(one.period) >= order.index(measured.period)]
    return min(
        fitting,
        key=lambda one: (order.index(one.period), not one.of_permit, -one.valid_from.toordinal()),
        default=None,
    )


def _level(measured: Measured, limit: Limit, multiple: float | None) -> int:
    if limit.period != measured.period:
        return WARNING_LEVEL
    return GRAVE_LEVEL if multiple is not None and multiple >= _GRAVE_MULTIPLE else VIOLATION_LEVEL
