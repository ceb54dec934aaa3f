"""Siting against spopt's own exact models, and against trying everything."""

from itertools import combinations

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spopt.locate import LSCP, MCLP, PMedian

from planning.siting.models import Problem, solve

SEEDS = st.integers(0, 2**32 - 1)


def plane(seed, demands=40, places=12):
    """Demands and places on a square of ten minutes across."""
    random = np.random.default_rng(seed)
    one, other = random.random((demands, 2)), random.random((places, 2))
    return 10 * np.linalg.norm(one[:, None] - other, axis=2), random.integers(1, 9, demands).astype(float)


def problem(minutes, weight, objective, within, new, standing=(), **more):
    stands = np.zeros(minutes.shape[1], bool)
    stands[list(standing)] = True
    return Problem(minutes, weight, stands, objective, within, new, never=1000.0, **more)


def exact(asked):
    choice = solve(asked, time_limit_s=60)
    assert (choice.status, choice.gap) == ("optimal", 0.0)
    return choice


def optimum(model):
    model.solve(pulp.PULP_CBC_CMD(msg=False))
    return model.problem.objective.value()


@settings(max_examples=8)
@given(SEEDS)
def test_maximal_covering_is_spopts_optimum(seed):
    minutes, weight = plane(seed)
    choice = exact(problem(minutes, weight, "mclp", 2.5, 3))
    assert choice.value == pytest.approx(optimum(MCLP.from_cost_matrix(minutes, weight, 2.5, p_facilities=3)))
    assert weight[(minutes[:, choice.open] <= 2.5).any(axis=1)].sum() == pytest.approx(choice.value)


@settings(max_examples=8)
@given(SEEDS)
def test_set_covering_is_spopts_optimum(seed):
    minutes, weight = plane(seed)
    within = float(minutes.min(axis=1).max()) + 0.5  # so that everything can be covered
    choice = exact(problem(minutes, weight, "lscp", within, 12))
    assert choice.value == pytest.approx(optimum(LSCP.from_cost_matrix(minutes, within)))
    assert (minutes[:, choice.open] <= within).any(axis=1).all()


@settings(max_examples=8)
@given(SEEDS)
def test_p_median_is_spopts_optimum(seed):
    minutes, weight = plane(seed)
    choice = exact(problem(minutes, weight, "p-median", 5, 3))
    assert choice.value == pytest.approx(optimum(PMedian.from_cost_matrix(minutes, weight, p_facilities=3)))
    assert (weight * minutes[:, choice.open].min(axis=1)).sum() == pytest.approx(choice.value)


def test_stations_that_stand_are_kept_as_in_spopt():
    minutes, weight = plane(7)
    choice = exact(problem(minutes, weight, "mclp", 2.5, 2, standing=(0, 5)))
    predefined = np.isin(np.arange(12), (0, 5)).astype(int)
    theirs = MCLP.from_cost_matrix(minutes, weight, 2.5, p_facilities=4, predefined_facilities_arr=predefined)
    assert choice.value == pytest.approx(optimum(theirs))
    assert {0, 5} <= set(choice.open.tolist())


@pytest.mark.parametrize("objective", ["mclp", "p-median"])
def test_moves_are_the_best_of_all_that_could_be_tried(objective):
    minutes, weight = plane(3, demands=25, places=8)
    standing = (0, 1, 2)
    choice = exact(problem(minutes, weight, objective, 2.0, 1, standing=standing, moves=1))

    def worth(open_places):
        nearest = minutes[:, list(open_places)].min(axis=1)
        return weight[nearest <= 2.0].sum() if objective == "mclp" else -(weight * nearest).sum()

    tried = [places for places in combinations(range(8), 4) if len(set(places) & set(standing)) >= 2]
    assert worth(choice.open.tolist()) == pytest.approx(max(worth(places) for places in tried))


def test_no_new_place_serves_more_than_its_capacity():
    minutes, weight = plane(11)
    free = exact(problem(minutes, weight, "mclp", 4, 3))
    tight = exact(problem(minutes, weight, "mclp", 4, 3, capacity=20.0))
    assert tight.value == pytest.approx(60.0)
    assert tight.value < free.value


def test_what_nobody_can_cover_is_left_out_and_the_rest_is_covered():
    minutes, weight = plane(5)
    minutes[3] = np.inf
    choice = exact(problem(minutes, weight, "lscp", 6.0, 12))
    assert (minutes[:, choice.open] <= 6.0).any(axis=1).sum() == len(minutes) - 1
    assert solve(problem(minutes, weight, "lscp", 1.0, 1), time_limit_s=30).status == "infeasible"


def test_the_best_so_far_is_returned_with_its_gap_when_time_is_up():
    minutes, weight = plane(1, demands=700, places=160)
    heard = []

    def listen(gap, seconds):
        heard.append((gap, seconds))
        return False

    choice = solve(problem(minutes, weight, "p-median", 5, 12), time_limit_s=30, heard=listen)
    assert heard
    assert choice.status == "time_limit"
    assert len(choice.open) == 12
    assert choice.gap is None or choice.gap >= 0
    assert (weight * minutes[:, choice.open].min(axis=1)).sum() == pytest.approx(choice.value)
