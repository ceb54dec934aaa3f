"""Months, quarters and years in China, and what they are compared with."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.periods import (
    TREND_UNITS,
    PeriodKind,
    Span,
    bucket_starts,
    day_of,
    midnight,
    months_later,
    period_of,
)

KINDS = st.sampled_from(("month", "quarter", "year"))
DAYS = st.dates(date(1980, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("kind", "on", "first", "previous_first", "previous_last"),
    [
        ("month", date(2026, 11, 25), date(2026, 11, 1), date(2026, 10, 1), date(2026, 10, 25)),
        ("month", date(2026, 1, 1), date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 1)),
        ("month", date(2026, 3, 30), date(2026, 3, 1), date(2026, 2, 1), date(2026, 2, 28)),
        ("month", date(2024, 3, 29), date(2024, 3, 1), date(2024, 2, 1), date(2024, 2, 29)),
        ("quarter", date(2021, 4, 1), date(2021, 4, 1), date(2021, 1, 1), date(2021, 1, 1)),
        ("quarter", date(2026, 5, 31), date(2026, 4, 1), date(2026, 1, 1), date(2026, 2, 28)),
        ("year", date(2021, 4, 1), date(2021, 1, 1), date(2020, 1, 1), date(2020, 4, 1)),
        ("year", date(2024, 2, 29), date(2024, 1, 1), date(2023, 1, 1), date(2023, 2, 28)),
    ],
)
def test_a_running_period_is_compared_up_to_the_same_day(
    kind: PeriodKind, on: date, first: date, previous_first: date, previous_last: date
) -> None:
    period = period_of(kind, on)
    assert period.current == Span(first, on)
    assert period.previous == Span(previous_first, previous_last)


@pytest.mark.parametrize(
    ("kind", "on", "previous_last"),
    [
        ("month", date(2026, 2, 28), date(2026, 1, 31)),
        ("month", date(2024, 2, 29), date(2024, 1, 31)),
        ("month", date(2026, 3, 31), date(2026, 2, 28)),
        ("quarter", date(2026, 6, 30), date(2026, 3, 31)),
        ("year", date(2026, 12, 31), date(2025, 12, 31)),
    ],
)
def test_a_period_that_is_over_is_compared_with_the_whole_one_before(
    kind: PeriodKind, on: date, previous_last: date
) -> None:
    assert period_of(kind, on).previous.last == previous_last


@given(KINDS, DAYS)
def test_the_period_before_ends_before_this_one_begins(kind: PeriodKind, on: date) -> None:
    period = period_of(kind, on)
    assert period.current.first <= on == period.current.last
    assert period.previous.first <= period.previous.last < period.current.first
    assert period.previous.first.day == period.current.first.day == 1


@given(KINDS, DAYS)
def test_the_parts_of_a_trend_cover_the_period_once(kind: PeriodKind, on: date) -> None:
    span = period_of(kind, on).current
    starts = bucket_starts(TREND_UNITS[kind], span)
    assert starts[0] == span.first
    assert starts == sorted(set(starts))
    assert starts[-1] <= span.last
    longest = {"month": 1, "quarter": 7, "year": 31}[kind]
    assert all((b - a).days <= longest for a, b in zip(starts, [*starts[1:], on + timedelta(days=1)], strict=True))


def test_weeks_begin_on_monday_but_the_first_with_the_quarter() -> None:
    starts = bucket_starts("week", Span(date(2026, 10, 1), date(2026, 10, 20)))
    assert starts == [date(2026, 10, 1), date(2026, 10, 5), date(2026, 10, 12), date(2026, 10, 19)]


def test_a_day_begins_at_midnight_in_china() -> None:
    assert midnight(date(2021, 4, 1)) == datetime(2021, 3, 31, 16, tzinfo=UTC)
    assert day_of(datetime(2021, 3, 31, 15, 59, 59, tzinfo=UTC)) == date(2021, 3, 31)
    assert day_of(datetime(2021, 3, 31, 16, tzinfo=UTC)) == date(2021, 4, 1)
    assert Span(date(2024, 2, 29), date(2024, 2, 29)).ends == datetime(2024, 2, 29, 16, tzinfo=UTC)


@given(DAYS, st.integers(-36, 36))
def test_another_month_never_runs_over(day: date, months: int) -> None:
    moved = months_later(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved + timedelta(days=1)).day == 1
