"""The months, quarters and years that figures are counted for, as days in China.

China has one time, eight hours ahead of UTC, and has not changed its clocks since 1991.

A period runs from its first day to the day asked about; it is compared with the period before it **up to the same
day of it**: 1 to 25 November with 1 to 25 October, 1 January to 1 April with the same days of last year. A month
that is shorter ends earlier (31 May, in the quarter: 28 February; 29 February, in the year: 28 February), and a period
that is over is compared with the whole of the one before.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal

PeriodKind = Literal["month", "quarter", "year"]
Unit = Literal["day", "week", "month"]

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
TREND_UNITS: dict[PeriodKind, Unit] = {"month": "day", "quarter": "week", "year": "month"}

_MONTHS: dict[PeriodKind, int] = {"month": 1, "quarter": 3, "year": 12}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days in China from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """The moment at which the first day begins."""
        return midnight(self.first)

    @property
    def ends(self) -> datetime:
        """The moment at which the last day is over; not part of it any more."""
        return midnight(self.last + _DAY)


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter or year up to a day of it, and what it is compared with."""

    kind: PeriodKind
    current: Span
    previous: Span


def period_of(kind: PeriodKind, on: date) -> Period:
    """Return the month, quarter or year that `on` lies in, up to `on`, and the part of the one before that matches."""
    months = _MONTHS[kind]
    first = date(on.year, (on.month - 1) // months * months + 1, 1)
    previous_first = months_later(first, -months)
    is_over = on + _DAY == months_later(first, months)
    previous_last = first - _DAY if is_over else months_later(on, -months)
    return Period(kind, Span(first, on), Span(previous_first, previous_last))


def bucket_starts(unit: Unit, span: Span) -> list[date]:
    """Return the first day of each day, week (from Monday) or month of a span; the first is the span's own."""
    starts = [span.first]
    while (following := _next_start(unit, starts[-1])) <= span.last:
        starts.append(following)
    return starts


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def midnight(day: date) -> datetime:
    """The moment at which a day begins in China."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The day that it is in China at a moment."""
    return moment.astimezone(CHINA).date()


def _next_start(unit: Unit, day: date) -> date:
    match unit:
        case "day":
            return day + _DAY
        case "week":
            return day + timedelta(days=7 - day.weekday())
        case "month":
            return months_later(day.replace(day=1), 1)
