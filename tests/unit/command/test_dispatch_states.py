"""The legal steps, every state against every step."""

import pytest

from command.dispatch.states import ALERT_STEPS, STEPS, next_steps
from command.dispatch.tables import ENDED_STATES, OPEN_STATES

LEGAL = {
    ("offered", "accept"): "accepted",
    ("offered", "decline"): "declined",
    ("offered", "cancel"): "cancelled",
    ("accepted", "depart"): "departed",
    ("accepted", "arrive"): "arrived",
    ("accepted", "cancel"): "cancelled",
    ("departed", "arrive"): "arrived",
    ("departed", "cancel"): "cancelled",
    ("arrived", "finish"): "finished",
    ("arrived", "cancel"): "cancelled",
}


@pytest.mark.parametrize("state", OPEN_STATES + ENDED_STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_offered_exactly_where_it_is_legal(state: str, step: str) -> None:
    legal = state in STEPS[step].sources
    assert legal == ((state, step) in LEGAL)
    if legal:
        assert STEPS[step].state == LEGAL[state, step]
    for officer in (True, False):
        assert (step in next_steps(state, officer=officer)) == (legal and STEPS[step].by_officer == officer)


def test_nothing_leads_out_of_an_ended_assignment() -> None:
    for state in ENDED_STATES:
        assert next_steps(state, officer=True) == next_steps(state, officer=False) == []


def test_every_step_leads_to_a_known_state_and_names_its_time_and_event() -> None:
    for step in STEPS.values():
        assert step.state in OPEN_STATES + ENDED_STATES
        assert step.time_column == f"{step.state}_at"
        assert step.event == f"assignment.{step.state}"


def test_only_the_desk_cancels_and_it_does_nothing_else() -> None:
    assert [name for name, step in STEPS.items() if not step.by_officer] == ["cancel"]


def test_alerts_only_move_towards_their_end() -> None:
    assert ALERT_STEPS == {"raised": ("acknowledge", "close"), "acknowledged": ("close",), "closed": ()}
