"""The joint plan against trying everything, on matrices small enough for that."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from command.dispatch.joint import NEVER, Plan, Times, greedy_plan, joint_plan

# Few different values, so that ties and shortages are the rule.
_MATRICES = arrays(
    np.int64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5),
    elements=st.one_of(st.integers(0, 9), st.just(NEVER)),
)
_Score = tuple[list[int], int, int]


def _score(times: Times, assigned: list[tuple[int, int]], per_row: int) -> _Score:
    """What is to be smallest: calls unanswered, the most urgent first; then the worst; then the sum."""
    sent = [sum(row == one for one, _ in assigned) for row in range(len(times))]
    missed = [int(sent[row] <= call) for call in range(per_row) for row in range(len(times))]
    values = [int(times[row, column]) for row, column in assigned]
    return [sum(missed), *missed], max(values, default=0), sum(values)


def _best_by_trying_everything(times: Times, per_row: int) -> _Score:
    rows, columns = times.shape
    best: _Score | None = None
    for choice in product(range(-1, rows), repeat=columns):  # where each officer goes; -1 stays
        assigned = [(row, column) for column, row in enumerate(choice) if row >= 0]
        if any(times[pair] == NEVER for pair in assigned):
            continue
        if any(choice.count(row) > per_row for row in range(rows)):
            continue
        score = _score(times, assigned, per_row)
        if best is None or score < best:
            best = score
    assert best is not None
    return best


def _of(times: Times, plan: Plan, per_row: int) -> _Score:
    columns = [pick.column for pick in plan.picks]
    assert len(set(columns)) == len(columns)
    assert all(times[pick.row, pick.column] == pick.ms < NEVER for pick in plan.picks)
    return _score(times, [(pick.row, pick.column) for pick in plan.picks], per_row)


@given(_MATRICES)
def test_one_officer_each_is_the_best_of_all_assignments(times: Times) -> None:
    assert _of(times, joint_plan(times), 1) == _best_by_trying_everything(times, 1)


@given(
    arrays(
        np.int64,
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
        elements=st.one_of(st.integers(0, 9), st.just(NEVER)),
    ),
    st.integers(2, 3),
)
def test_several_officers_each_is_the_best_of_all_assignments(times: Times, per_row: int) -> None:
    assert _of(times, joint_plan(times, per_row=per_row), per_row) == _best_by_trying_everything(times, per_row)


def test_who_is_left_out_of_the_search_could_not_have_helped() -> None:
    chance = np.random.default_rng(20)
    for _ in range(30):
        times = chance.integers(0, 40, (3, 9))
        best = min(
            (max(v), sum(v))
            for chosen in permutations(range(9), 3)
            for v in [[times[r, c] for r, c in enumerate(chosen)]]
        )
        plan = joint_plan(times)
        assert (plan.worst_ms, plan.sum_ms) == best


@given(_MATRICES)
def test_the_joint_plan_is_never_worse_than_the_greedy_one(times: Times) -> None:
    assert _of(times, joint_plan(times), 1) <= _of(times, greedy_plan(times), 1)


def test_the_nearest_is_spared_for_the_alert_that_has_nobody_else() -> None:
    times = np.array([[60_000, 120_000], [180_000, 1_800_000]])
    ours, greedy = joint_plan(times), greedy_plan(times)
    assert [(pick.row, pick.column) for pick in ours.picks] == [(0, 1), (1, 0)]
    assert (ours.worst_ms, ours.sum_ms) == (180_000, 300_000)
    assert (greedy.worst_ms, greedy.sum_ms) == (1_800_000, 1_860_000)


def test_the_worst_counts_before_the_sum() -> None:
    times = np.array([[0, 50], [50, 99]])
    assert (joint_plan(times).worst_ms, joint_plan(times).sum_ms) == (50, 100)
    assert (greedy_plan(times).worst_ms, greedy_plan(times).sum_ms) == (99, 99)


def test_too_few_officers_go_to_the_upper_rows() -> None:
    times = np.array([[90, NEVER], [1, NEVER], [1, 5]])
    assert [(pick.row, pick.column) for pick in joint_plan(times).picks] == [(0, 0), (2, 1)]


def test_an_upper_row_gives_way_only_where_it_still_gets_somebody() -> None:
    times = np.array([[1, 500], [700, NEVER]])
    assert joint_plan(times).sent(2) == [1, 1]
    assert greedy_plan(times).sent(2) == [1, 0]


def test_every_row_gets_its_first_officer_before_any_its_second() -> None:
    times = np.array([[1, 2, 3], [1, 2, 3]])
    assert joint_plan(times, per_row=2).sent(2) == [2, 1]
    assert greedy_plan(times, per_row=2).sent(2) == [2, 1]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_no_alerts_or_no_officers_make_an_empty_plan(shape: tuple[int, int]) -> None:
    empty = np.empty(shape, np.int64)
    for plan in (joint_plan(empty), greedy_plan(empty)):
        assert plan.picks == ()
        assert (plan.worst_ms, plan.sum_ms) == (None, 0)


def test_the_same_matrix_gives_the_same_plan() -> None:
    times = np.random.default_rng(3).integers(0, 5, (20, 300))
    assert joint_plan(times, per_row=3) == joint_plan(times.copy(), per_row=3)
