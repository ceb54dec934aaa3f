"""How many inspections each day of the demonstration has, and how many officers went out.

Two stretches of time have records. From 1 January to 1 April 2021 the sums are those reported of the real system: 8,853
inspections and 18,711 person-times. The report does not say whether that first of April is in it, so the demonstration
has no inspection on it, and the sums are the same either way. From 1 January of the year before the demonstration was
set up, the same working rhythm goes on to this day: enough to compare this year with the last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np

from enforcement.periods import Span

REPORTED: Final = Span(date(2021, 1, 1), date(2021, 3, 31))
REPORTED_INSPECTIONS, REPORTED_PERSON_TIMES = 8_853, 18_711
TEAM = 2  # officers to an inspection, by law at the least

_EARLIEST_AFTER = date(2021, 4, 2)
_WEEKDAYS = (1.0, 1.08, 1.05, 1.02, 0.95, 0.14, 0.08)  # Monday first
_MONTHS = (0.9, 0.8, 1.1, 1.05, 1.0, 1.12, 1.08, 1.0, 1.08, 0.95, 1.1, 1.15)
_YEARLY_GROWTH = 1.03
_NOISE = 0.08
_ON_HOLIDAY = 0.1
_SPRING_FESTIVALS = (  # New Year's day of the Chinese calendar
    date(2021, 2, 12), date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17),
    date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11),
)  # fmt: skip
_FESTIVAL_DAYS = {eve + timedelta(days=n) for eve in _SPRING_FESTIVALS for n in range(-1, 6)}
_FIXED_HOLIDAYS = {(1, 1), (4, 5), (5, 1), (5, 2), (5, 3), *((10, day) for day in range(1, 8))}


@dataclass(frozen=True, slots=True)
class DayPlan:
    """`thirds` of the inspections are made by three officers, the others by two."""

    day: date
    inspections: int
    thirds: int


def first_stretches(today: date) -> list[Span]:
    """The days that a demonstration set up today has records of."""
    return [REPORTED, Span(max(date(today.year - 1, 1, 1), _EARLIEST_AFTER), today)]


def days_of(span: Span) -> list[date]:
    """Every day of a span."""
    return [span.first + timedelta(days=n) for n in range((span.last - span.first).days + 1)]


def plans(span: Span, share: float, seed: int) -> Iterator[DayPlan]:
    """Yield each day of a span, for a world with this share of the province's enterprises.

    A day's plan is the same whatever span it is asked for with.
    """
    reported = {plan.day: plan for plan in _reported(share, seed)}
    for day in days_of(span):
        yield reported.get(day) or _usual(day, share, seed)


@cache
def _reported(share: float, seed: int) -> tuple[DayPlan, ...]:
    days = days_of(REPORTED)
    inspections = _apportion(round(REPORTED_INSPECTIONS * share), [_weight(day, seed) for day in days])
    thirds = round(REPORTED_PERSON_TIMES * share) - TEAM * sum(inspections)
    return tuple(
        DayPlan(day, count, more)
        for day, count, more in zip(days, inspections, _apportion(thirds, inspections), strict=True)
    )


def _usual(day: date, share: float, seed: int) -> DayPlan:
    grown = _YEARLY_GROWTH ** (day.year - REPORTED.first.year)
    random = np.random.default_rng([seed, day.toordinal(), 1])
    # what is left after the decimal point comes with that chance, so that small worlds keep their share
    inspections = int(_inspections_per_weight(seed) * share * _weight(day, seed) * grown + random.random())
    share_of_thirds = REPORTED_PERSON_TIMES / REPORTED_INSPECTIONS - TEAM
    return DayPlan(day, inspections, int(random.binomial(inspections, share_of_thirds)))


@cache
def _inspections_per_weight(seed: int) -> float:
    return REPORTED_INSPECTIONS / sum(_weight(day, seed) for day in days_of(REPORTED))


def _weight(day: date, seed: int) -> float:
    if day in _FESTIVAL_DAYS or (day.month, day.day) in _FIXED_HOLIDAYS:
        return _ON_HOLIDAY
    noise = float(np.exp(_NOISE * np.random.default_rng([seed, day.toordinal()]).standard_normal()))
    return _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] * noise


def _apportion(total: int, weights: list[float] | list[int]) -> list[int]:
    """Split a total in proportion to the weights, each part off by less than one; the parts add up exactly."""
    bounds = np.round(np.cumsum(weights) / sum(weights) * total).astype(int)
    parts: list[int] = np.diff(bounds, prepend=0).tolist()
    return parts
