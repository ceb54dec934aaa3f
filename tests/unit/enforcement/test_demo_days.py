"""The rhythm of the demonstration's days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.demo.days import REPORTED, days_of, first_stretches, plans
from enforcement.periods import Span

SEED = 2021


@pytest.mark.parametrize(("share", "inspections", "person_times"), [(1.0, 8_853, 18_711), (0.1, 885, 1_871)])
def test_the_reported_quarter_adds_up(share: float, inspections: int, person_times: int) -> None:
    quarter = list(plans(REPORTED, share, SEED))
    assert sum(plan.inspections for plan in quarter) == inspections
    assert sum(2 * plan.inspections + plan.thirds for plan in quarter) == person_times


@given(st.dates(date(2021, 4, 2), date(2032, 1, 1)), st.integers(0, 40))
def test_a_day_is_the_same_in_whatever_span_it_is_asked_for(first: date, more: int) -> None:
    span = Span(first, first + timedelta(days=more))
    together = list(plans(span, 1.0, SEED))
    assert together == [plan for day in days_of(span) for plan in plans(Span(day, day), 1.0, SEED)]
    assert all(0 <= plan.thirds <= plan.inspections for plan in together)


def test_most_of_the_work_is_done_on_workdays() -> None:
    year = list(plans(Span(date(2025, 1, 1), date(2025, 12, 31)), 1.0, SEED))
    at_weekends = sum(plan.inspections for plan in year if plan.day.weekday() >= 5)
    total = sum(plan.inspections for plan in year)
    assert 0.02 < at_weekends / total < 0.08
    assert 30_000 < total < 50_000
    festival = next(plan for plan in year if plan.day == date(2025, 1, 29))
    assert festival.inspections < total / 365 / 4


@pytest.mark.parametrize("today", [date(2021, 4, 2), date(2022, 6, 1), date(2026, 11, 25)])
def test_no_day_has_records_twice_and_the_first_of_april_has_none(today: date) -> None:
    days = [day for stretch in first_stretches(today) for day in days_of(stretch)]
    assert len(days) == len(set(days))
    assert date(2021, 4, 1) not in days
    assert days[-1] == today
