"""What deserves an alert: pure rules, no database, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from data.limits import LimitRow

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


class Limit(LimitRow, Protocol):
    """A bound on a value, as rows of `discharge_limit` have it: what the choice reads, and the unit."""

    @property
    def unit(self) -> str: ...


LimitOf = Callable[[str], Limit | None]
"""The limit of the point and factor in question for an averaging period, if there is one."""


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
    """A value outside its limit; `multiple` is the exceedance multiple (超标倍数), None where there is none."""

    value: float
    limit: Limit
    level: int
    multiple: float | None


def is_measurement(flag: str | None) -> bool:
    """Whether a data flag lets the value be judged; D, M, S, C, T, F, B and unknown letters do not."""
    return flag in _JUDGED_FLAGS


def is_fresh(measured: Measured, *, now: datetime, within: timedelta) -> bool:
    """Loggers resend hours of history after an outage: it is stored, but raises nobody."""
    return now - ends_at(measured) <= within


def ends_at(measured: Measured) -> datetime:
    """When the period of a value was over."""
    return measured.at + _LASTS[measured.period]


def judge(measured: Measured, limit_of: LimitOf) -> Exceedance | None:
    """Hold a value against the limit of its own period or, where there is none, of the next longer one.

    A limit of the same period makes a violation. Discharge standards compare daily means (GB 18918-2002 4.1.4.2), so a
    shorter value outside the daily limit is a warning only.
    """
    if measured.value is None or not is_measurement(measured.flag):
        return None
    periods = list(_LASTS)
    longer = periods[periods.index(measured.period) :]
    limit = next((found for period in longer if (found := limit_of(period)) is not None), None)
    if limit is None:
        return None
    too_high = limit.high is not None and measured.value > limit.high
    too_low = limit.low is not None and measured.value < limit.low
    if not (too_high or too_low):
        return None
    multiple = exceedance_multiple(measured.value, limit)
    return Exceedance(measured.value, limit, _level(measured, limit, multiple), multiple)


def exceedance_multiple(value: float, limit: Limit) -> float | None:
    """By how many times a value is above its limit (超标倍数); None where the standard has two bounds or zero (pH)."""
    if limit.high is None or limit.high <= 0 or limit.low is not None or value <= limit.high:
        return None
    return value / limit.high - 1


def _level(measured: Measured, limit: Limit, multiple: float | None) -> int:
    if limit.period != measured.period:
        return WARNING_LEVEL
    return GRAVE_LEVEL if multiple is not None and multiple >= _GRAVE_MULTIPLE else VIOLATION_LEVEL
