"""Which of many values says how a point is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command.alerts.rules import Exceedance, Measured
from command.point_states import Judged, telling
from data.tables import DischargeLimit

AT = datetime(2026, 1, 5, 2, tzinfo=UTC)
LIMIT = DischargeLimit(factor="w01018", period="day", high=50, unit="mg/L")


def _judged(
    *,
    factor: str = "w01018",
    period: str = "realtime",
    at: datetime = AT,
    flag: str = "N",
    multiple: float | None = None,
) -> Judged:
    over = None if multiple is None else Exceedance(50 * (1 + multiple), LIMIT, 3, multiple)
    return Judged(1, "outfall", "370705", Measured(factor, period, at, 1.0, flag), over, limited=factor == "w01018")


def test_the_worst_of_the_newest_values_speaks() -> None:
    late = AT + timedelta(minutes=1)
    older, mild = _judged(multiple=9.0), _judged(at=late, multiple=0.1)
    grave = _judged(factor="w21003", at=late, multiple=2.0)
    assert telling([grave, older, mild, _judged(factor="w00000", at=late, flag="D")]) == [grave]


def test_real_time_values_speak_before_means() -> None:
    now, mean = _judged(), _judged(period="hour", at=AT + timedelta(hours=1), multiple=1.0)
    assert telling([mean, now]) == [now]


def test_among_equals_speaks_what_is_limited_and_nothing_speaks_without_a_value() -> None:
    flow, cod = _judged(factor="w00000"), _judged()
    assert telling([flow, cod]) == telling([cod, flow]) == [cod]
    assert telling([replace(cod, measured=replace(cod.measured, value=None))]) == []


@pytest.mark.parametrize(
    ("period", "kind", "silent_after"),
    [
        ("realtime", "outfall", timedelta(minutes=30)),
        ("minute", "stack", timedelta(minutes=40)),
        ("hour", "ambient_air", timedelta(hours=3)),
        ("realtime", "surface_water", timedelta(hours=5)),
    ],
)
def test_silence_is_counted_from_the_end_of_the_period(period: str, kind: str, silent_after: timedelta) -> None:
    assert replace(_judged(period=period), point_kind=kind).due == AT + silent_after


@given(
    st.lists(
        st.builds(
            _judged,
            factor=st.sampled_from(("w01018", "w21003", "w00000")),
            period=st.sampled_from(("realtime", "hour")),
            at=st.sampled_from((AT, AT + timedelta(minutes=1))),
            flag=st.sampled_from("ND"),
            multiple=st.sampled_from((None, 0.5)),
        ),
        min_size=1,
    ).flatmap(lambda values: st.tuples(st.just(values), st.permutations(values)))
)
def test_the_order_of_arrival_does_not_matter(both: tuple[list[Judged], list[Judged]]) -> None:
    assert telling(both[0]) == telling(both[1])
