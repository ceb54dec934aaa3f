"""When a dispatcher has to say why, and what of a ranking is written down."""

from typing import Any

import pytest

from command.dispatch.rankings import ShownRanking, first_passed_over
from command.dispatch.responders import Responder


def _responder(
    officer_id: int, travel_time_s: float | None, *, status: str = "free", declined: bool = False
) -> Responder:
    own: dict[str, Any] = {"officer_id": officer_id, "travel_time_s": travel_time_s, "status": status}
    return Responder(
        name=f"officer {officer_id}",
        organisation="",
        level="county",
        skills=[],
        phone=None,
        lon=119.1,
        lat=36.7,
        distance_m=100.0,
        road_distance_m=None,
        position_age_s=1.0,
        accuracy_m=None,
        walk_s=0.0,
        certainty="inside",
        has_declined=declined,
        reasons=[],
        route=None,
        steps=None,
        **own,
    )


def _shown(*ranked: Responder) -> ShownRanking:
    return ShownRanking(ranked, 3000, "v", "list")


@pytest.mark.parametrize(
    ("chosen", "passed_over"),
    [
        ({1}, None),
        ({1, 3}, None),  # the first goes along
        ({2}, None),  # 20 s later: the screen may be older than that
        ({3}, 1),
        ({2, 3}, None),
        ({4}, 1),  # no road leads there
        ({5}, 1),  # nearer by the map, but from an old position
        ({9}, 1),  # not in the list at all
    ],
)
def test_who_passes_over_the_first_must_say_why(chosen: set[int], passed_over: int | None) -> None:
    shown = _shown(
        _responder(1, 100),
        _responder(2, 120),
        _responder(3, 200),
        _responder(4, None),
        _responder(5, 10, status="stale"),
    )
    first = first_passed_over(shown, chosen)
    assert (first and first.officer_id) == passed_over


def test_who_has_declined_is_not_passed_over() -> None:
    shown = _shown(_responder(1, 100, declined=True), _responder(2, 300))
    assert first_passed_over(shown, {2}) is None


def test_where_nobody_can_be_sent_there_is_nobody_to_pass_over() -> None:
    assert first_passed_over(_shown(_responder(1, None), _responder(2, 10, status="busy")), {1}) is None
    assert first_passed_over(_shown(), {1}) is None
