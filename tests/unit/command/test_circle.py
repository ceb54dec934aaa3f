"""Who is inside, who could be, and who may have left, by the age and error of their positions."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command.dispatch.circle import Circle
from command.dispatch.drift import Drift

CAR = Drift(mps=10.0, most_m=5_000.0)
CIRCLE = Circle(3_000.0, frozenset(), CAR)


def seen(age_s: float, accuracy_m: float | None = None, *, stale: bool | None = None) -> Any:
    is_stale = age_s > 300 if stale is None else stale
    return SimpleNamespace(age_s=age_s, accuracy_m=accuracy_m, is_stale=is_stale)


@pytest.mark.parametrize(
    ("age_s", "accuracy_m", "metres"),
    [(0, None, 0), (60, None, 600), (60, 50.0, 650), (-5, 50.0, 50), (500, 0.0, 5_000), (10**9, 10.0**9, 5_000)],
)
def test_an_officer_drifts_by_error_and_speed_up_to_a_bound(
    age_s: float, accuracy_m: float | None, metres: float
) -> None:
    assert CAR.metres(age_s, accuracy_m) == metres


@pytest.mark.parametrize(
    ("distance_m", "person", "certainty"),
    [
        (3_000.0, seen(0), "inside"),
        (3_000.0, seen(9_999), "inside"),
        (3_000.1, seen(10, accuracy_m=90.0), None),  # a fresh position is where its officer is
        (6_000.0, seen(301), "possible"),
        (6_010.1, seen(301), None),
        (6_010.1, seen(301, accuracy_m=1.0), "possible"),
        (8_000.0, seen(10_000), "possible"),
        (8_000.1, seen(10_000), None),
    ],
)
def test_an_old_position_outside_could_be_inside_by_now(distance_m: float, person: Any, certainty: str | None) -> None:
    assert CIRCLE.certainty(distance_m, person) == certainty


@pytest.mark.parametrize(
    ("distance_m", "person", "codes"),
    [
        (100.0, seen(10), []),
        (2_999.0, seen(10, accuracy_m=500.0), []),
        (1.0, seen(301), ["may_have_left"]),
        (5_000.0, seen(301), ["could_be_inside"]),
    ],
)
def test_the_reason_says_so(distance_m: float, person: Any, codes: list[str]) -> None:
    assert [why.code for why in CIRCLE.remarks(distance_m, person)] == codes


@given(
    distance_m=st.floats(0, 50_000),
    age_s=st.floats(0, 100_000),
    accuracy_m=st.none() | st.floats(0, 100_000),
    stale=st.booleans(),
)
def test_nobody_is_possible_whom_the_wider_question_does_not_find(
    distance_m: float, age_s: float, accuracy_m: float | None, stale: bool
) -> None:
    if CIRCLE.certainty(distance_m, seen(age_s, accuracy_m, stale=stale)) is not None:
        assert distance_m <= CIRCLE.radius_m + CAR.most_m


def test_the_words_name_the_circle_and_the_distance() -> None:
    (why,) = CIRCLE.remarks(4_230.0, seen(400))
    assert why.en == "could be within 3 km by now (last seen 4.2 km away)"
    assert why.zh == "现在可能已在 3 公里内（最后位置距 4.2 公里）"
