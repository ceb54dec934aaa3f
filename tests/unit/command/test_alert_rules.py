"""What deserves an alert."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command.alerts.rules import (
    GRAVE_LEVEL,
    VIOLATION_LEVEL,
    WARNING_LEVEL,
    LimitOf,
    Measured,
    exceedance_multiple,
    is_fresh,
    judge,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PERIODS = ("realtime", "minute", "hour", "day")


@dataclass(frozen=True)
class Bound:
    period: str = "day"
    low: float | None = None
    high: float | None = None
    unit: str = "mg/L"
    source: str = "test"


def among(*bounds: Bound) -> LimitOf:
    return {bound.period: bound for bound in bounds}.get


def measured(value: float | None, period: str = "day", flag: str | None = "N", at: datetime = NOW) -> Measured:
    return Measured("w01018", period, at, value, flag)


@pytest.mark.parametrize("flag", ["D", "M", "S", "C", "T", "F", "B", "P", "d", "X", "正常", "NN", " "])
def test_a_value_that_is_no_measurement_is_never_judged(flag: str) -> None:
    assert judge(measured(1e9, flag=flag), among(Bound(high=50))) is None


@pytest.mark.parametrize("flag", [None, "", "N", "n", "0"])
def test_a_normal_value_is_judged(flag: str | None) -> None:
    assert judge(measured(51, flag=flag), among(Bound(high=50))) is not None


def test_no_value_and_no_limit_raise_nobody() -> None:
    assert judge(measured(None), among(Bound(high=50))) is None
    assert judge(measured(1e9), among()) is None


@pytest.mark.parametrize(
    ("period", "limit_period", "value", "level"),
    [
        ("day", "day", 50.1, VIOLATION_LEVEL),
        ("day", "day", 99.9, VIOLATION_LEVEL),
        ("day", "day", 100.0, GRAVE_LEVEL),
        ("hour", "hour", 60, VIOLATION_LEVEL),
        ("hour", "day", 1000, WARNING_LEVEL),
        ("realtime", "day", 1000, WARNING_LEVEL),
        ("realtime", "hour", 60, WARNING_LEVEL),
        ("minute", "hour", 60, WARNING_LEVEL),
    ],
)
def test_only_a_limit_of_the_same_period_makes_a_violation(
    period: str, limit_period: str, value: float, level: int
) -> None:
    found = judge(measured(value, period), among(Bound(limit_period, high=50)))
    assert found is not None
    assert found.level == level


def test_the_limit_of_the_own_period_goes_before_the_longer_one() -> None:
    limits = among(Bound("hour", high=80), Bound("day", high=50))
    assert judge(measured(60, "hour"), limits) is None
    assert judge(measured(60, "realtime"), limits) is None
    assert judge(measured(60, "day"), limits) is not None


def test_a_daily_mean_is_not_held_against_an_hourly_limit() -> None:
    assert judge(measured(1000, "day"), among(Bound("hour", high=50))) is None


@pytest.mark.parametrize(("value", "outside"), [(5.99, True), (6.0, False), (7.5, False), (9.0, False), (9.01, True)])
def test_ph_has_two_sides_and_no_multiple(value: float, outside: bool) -> None:
    found = judge(measured(value), among(Bound(low=6, high=9, unit="")))
    assert (found is not None) == outside
    if found is not None:
        assert found.multiple is None
        assert found.level == VIOLATION_LEVEL


def test_a_lower_bound_alone_is_held() -> None:
    oxygen = among(Bound(low=5))
    assert judge(measured(4.9), oxygen) is not None
    assert judge(measured(50), oxygen) is None


def test_the_multiple_counts_from_the_limit() -> None:
    assert exceedance_multiple(86.4, Bound(high=50)) == pytest.approx(0.728)
    assert exceedance_multiple(50, Bound(high=50)) is None
    assert exceedance_multiple(1, Bound(high=0)) is None  # nothing allowed: there is no "times"
    zero = judge(measured(0.1), among(Bound(high=0)))
    assert zero is not None
    assert zero.level == VIOLATION_LEVEL


@pytest.mark.parametrize(
    ("period", "oldest"),
    [
        ("realtime", timedelta(hours=1)),
        ("minute", timedelta(hours=1, minutes=10)),
        ("hour", timedelta(hours=2)),
        ("day", timedelta(days=1, hours=1)),
    ],
)
def test_a_value_is_fresh_from_the_end_of_its_period(period: str, oldest: timedelta) -> None:
    hour, moment = timedelta(hours=1), timedelta(milliseconds=1)
    assert is_fresh(measured(1, period, at=NOW - oldest), now=NOW, within=hour)
    assert not is_fresh(measured(1, period, at=NOW - oldest - moment), now=NOW, within=hour)
    assert is_fresh(measured(1, period, at=NOW + timedelta(minutes=9)), now=NOW, within=hour)


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    period=st.sampled_from(PERIODS),
    limit_period=st.sampled_from(PERIODS),
    bounds=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted),
)
def test_a_value_within_its_limit_never_raises_and_one_outside_always_does(
    value: float, period: str, limit_period: str, bounds: list[float]
) -> None:
    low, high = bounds
    found = judge(measured(value, period), among(Bound(limit_period, low=low, high=high)))
    applies = PERIODS.index(limit_period) >= PERIODS.index(period)
    assert (found is not None) == (applies and not low <= value <= high)
