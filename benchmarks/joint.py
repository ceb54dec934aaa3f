"""Several alarms at once: how long the joint plan takes, and how many minutes it saves over going one by one.

    python -m benchmarks.joint var            the folder (--home) of a demonstration or of any installation with roads

The first table is the assignment alone, on random times: ours, the greedy answer, and OR-Tools' CP-SAT where it is
installed, which must agree. The second is whole scenes on the roads: alarms and officers at random junctions of one
region, searches included. The matrices are prepared before any clock runs.
"""

import argparse
import importlib
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.roads import Places
from command.dispatch.joint import NEVER, Times, greedy_plan, joint_plan
from routing.network import PreparedNetwork, RoadStore
from routing.ranking import rank

SIZES = ((5, 50), (10, 200), (20, 1_000), (50, 5_000))
SCENES = ((2, 10), (5, 10), (5, 50), (10, 50), (20, 100))
RADIUS_KM = 30.0

Answer = TypeVar("Answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="an installation's folder, with prepared roads in it")
    parser.add_argument("--scenes", type=int, default=20, help="random scenes per size")
    asked = parser.parse_args()
    network = RoadStore(asked.home / "roads").current()
    print(f"{platform.platform()}, Python {platform.python_version()}", end="")
    print("".join(f", {package} {_version(package)}" for package in ("numpy", "scipy", "ortools")))
    compare_solvers()
    compare_scenes(network, asked.scenes)


def compare_solvers() -> None:
    """Print medians in milliseconds of the assignment alone."""
    solver = ortools_solver() if find_spec("ortools") else None
    print("\nassignment alone, random times up to an hour; medians in ms")
    print(f"{'alerts':>7} {'officers':>9} {'ours':>8} {'greedy':>8} {'OR-Tools':>9}")
    joint_plan(np.zeros((2, 2), np.int64))
    for alerts, officers in SIZES:
        ours, greedy, theirs = [], [], []
        for seed in range(5):
            times = np.random.default_rng(seed).integers(60_000, 3_600_000, (alerts, officers))
            plan, ms = timed(partial(joint_plan, times))
            ours.append(ms)
            greedy.append(timed(partial(greedy_plan, times))[1])
            if solver is not None and seed < 3:
                answer, ms = timed(partial(solver, times))
                theirs.append(ms)
                if answer != (plan.worst_ms, plan.sum_ms):
                    raise SystemExit(f"OR-Tools says {answer}, we say {(plan.worst_ms, plan.sum_ms)}")
        peer = f"{statistics.median(theirs):>9.1f}" if theirs else f"{'-':>9}"
        print(f"{alerts:>7} {officers:>9,} {statistics.median(ours):>8.2f} {statistics.median(greedy):>8.2f} {peer}")


def compare_scenes(network: PreparedNetwork, scenes: int) -> None:
    """Print what the joint plan saves on the roads, and what a plan costs with its searches."""
    print(
        f"\n{scenes} random scenes each, all within {RADIUS_KM:g} km of a random place; minutes, joint against greedy"
    )
    print(
        f"{'alerts':>7} {'officers':>9} {'plan ms':>8} {'worst saved':>12} {'most':>6} {'sum saved':>10} {'better':>7}"
    )
    scene_times(network, 2, 5, seed=0)  # compiled before the clock runs
    for alerts, officers in SCENES:
        worst, total, spent, better, compared = [], [], [], 0, 0
        for seed in range(1, scenes + 1):
            began = time.perf_counter()
            times = scene_times(network, alerts, officers, seed)
            ours = joint_plan(times)
            spent.append((time.perf_counter() - began) * 1000)
            greedy = greedy_plan(times)
            if len(ours.picks) != len(greedy.picks) or not ours.picks:
                continue
            compared += 1
            worst.append(((greedy.worst_ms or 0) - (ours.worst_ms or 0)) / 60_000)
            total.append((greedy.sum_ms - ours.sum_ms) / 60_000)
            better += worst[-1] > 0
        if not compared:
            continue
        print(
            f"{alerts:>7} {officers:>9,} {statistics.median(spent):>8.1f} {statistics.mean(worst):>12.1f}"
            f" {max(worst):>6.1f} {statistics.mean(total):>10.1f} {better / compared:>7.0%}"
        )


def scene_times(network: PreparedNetwork, alerts: int, officers: int, seed: int) -> Times:
    """The matrix of one scene, with one backward search per alert."""
    drawn = Places(network)
    places = drawn.at(drawn.question(alerts + officers, RADIUS_KM, seed).officers)
    candidates = [(number, lon, lat) for number, (lon, lat) in enumerate(places[alerts:])]
    times = np.full((alerts, officers), NEVER, np.int64)
    for row, (lon, lat) in enumerate(places[:alerts]):
        for leg in rank(network, (lon, lat), candidates, routes=0):
            if leg.travel_time_s is not None:
                times[row, leg.id] = round(leg.travel_time_s * 1000)
    return times


def ortools_solver() -> Callable[[Times], tuple[int, int]]:
    """CP-SAT, asked twice: for the earliest last arrival, then for the least sum that keeps it."""
    cp_model: Any = importlib.import_module("ortools.sat.python.cp_model")

    def least(times: Times, bound: int | None) -> int:
        model = cp_model.CpModel()
        rows, columns = times.shape
        chosen = [[model.new_bool_var("") for _ in range(columns)] for _ in range(rows)]
        for row in chosen:
            model.add_exactly_one(row)
        for column in zip(*chosen, strict=True):
            model.add_at_most_one(column)
        trips = [sum(var * int(ms) for var, ms in zip(*row, strict=True)) for row in zip(chosen, times, strict=True)]
        worst = model.new_int_var(0, int(times.max()) if bound is None else bound, "worst")
        for trip in trips:
            model.add(trip <= worst)
        model.minimize(worst if bound is None else sum(trips))
        solver = cp_model.CpSolver()
        if solver.solve(model) != cp_model.OPTIMAL:
            raise SystemExit("OR-Tools found no best answer")
        best: int = round(solver.objective_value)
        return best

    def answer(times: Times) -> tuple[int, int]:
        worst = least(times, None)
        return worst, least(times, worst)

    return answer


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = work()
    return answer, (time.perf_counter() - began) * 1000


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
