"""What a ranking, a closed road and opening the network cost, against the size of the network.

    python -m benchmarks.network_size ROADS… [--queries 15] [--keep FOLDER] [--plot FILE.svg]

Give road files from a town to a province (`benchmarks.province` lays them at any `--scale`). Rankings are whole
answers: snapping, everybody's travel time, three routes with street names. A closure is drawn as a point on the way of
one of the first; its time runs from the drawing to the new ranking of a thousand officers, in process. "100 closures"
are as many stretches anywhere on the network at once.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from shapely.geometry import Point

from benchmarks.machine import machine
from benchmarks.plot import Series, chart
from benchmarks.roads import Places, Question, describe, stored
from benchmarks.tables import number, table
from routing.closures import blocked_edges, closed_by
from routing.network import PreparedNetwork, RoadStore
from routing.ranking import Ranked, rank
from routing.snapping import LonLat

RANKINGS = {"10 within 30 km": (10, 30.0), "1,000 within 30 km": (1_000, 30.0), "5,000 anywhere": (5_000, 0.0)}
ONE, MANY = "1 closure to new ranking", "100 closures to new ranking"
CLOSURES = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """One network: seconds to open it (checksums compared, and not), and medians in ms by what was asked."""

    name: str
    junctions: int
    disk_mb: float
    checked_s: float
    opened_s: float
    ms: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, nargs="+", help="road files of any kind")
    parser.add_argument("--queries", type=int, default=15, help="questions of each kind")
    parser.add_argument("--keep", type=Path, help="keep the prepared roads here and use them again")
    parser.add_argument("--plot", type=Path, help="draw the medians (.svg)")
    asked = parser.parse_args(arguments)
    print(machine("numpy", "numba"))
    found = []
    for source in asked.roads:
        with stored(source, asked.keep) as store:
            network = store.current()
            print(describe(network), flush=True)
            found.append(measure(network, store, asked.queries))
    found.sort(key=lambda one: one.junctions)
    kinds = list(found[0].ms)
    head = ["roads", "junctions", "on disk MB", "open s", "unchecked s", *(f"{kind}, ms" for kind in kinds)]
    rows = [
        [
            *(one.name, f"{one.junctions:,}", number(one.disk_mb), number(one.checked_s), f"{one.opened_s:.4f}"),
            *(number(one.ms[kind]) for kind in kinds),
        ]
        for one in found
    ]
    print("\n" + table(head, rows))
    if asked.plot:
        lines = [
            Series(kind, [(float(one.junctions), one.ms[kind]) for one in found], colour, dashed=kind in (ONE, MANY))
            for colour, kind in enumerate(kinds)
        ]
        asked.plot.write_text(chart("Cost against the size of the network", "junctions", "milliseconds", lines))
    return 0


def measure(network: PreparedNetwork, store: RoadStore, queries: int) -> Measured:
    checked_s = _median_ms(3, lambda _: store.current()) / 1000
    opened_s = _median_ms(3, lambda _: store.current(check=False)) / 1000
    places = Places(network)
    ms = {}
    for kind, (count, radius_km) in RANKINGS.items():
        questions = [places.question(count, radius_km, seed) for seed in range(queries)]
        for question in questions[:3]:  # compiled and mapped before the clock runs
            _ranked(network, question)
        ms[kind] = _median_ms(queries, partial(_ask, network, questions))
    near = [places.question(1_000, 30.0, seed) for seed in range(queries)]
    drawn = [_on_the_way(_ranked(network, question)) for question in near]
    ms[ONE] = _median_ms(queries, lambda k: _ranked(network, near[k], closed_by(network, Point(drawn[k]))))
    chance = np.random.default_rng(100)
    count = min(CLOSURES, network.shapes)
    shut = [chance.choice(network.shapes, count, replace=False).astype(np.int32) for _ in near]
    ms[MANY] = _median_ms(queries, lambda k: _ranked(network, near[k], shut[k]))
    disk_mb = sum(path.stat().st_size for path in store.home.glob(f"{network.version}/*.npy")) / 1e6
    return Measured(network.source, network.nodes, disk_mb, checked_s, opened_s, ms)


def _ranked(
    network: PreparedNetwork, question: Question, shut: "np.ndarray[tuple[int, ...], np.dtype[np.int32]] | None" = None
) -> list[Ranked[int]]:
    blocked = None if shut is None else blocked_edges(network, shut)
    officers = [(number_, *at) for number_, at in enumerate(question.officers_at)]
    return rank(network, question.target_at, officers, blocked=blocked, routes=3)


def _ask(network: PreparedNetwork, questions: Sequence[Question], number_: int) -> None:
    _ranked(network, questions[number_])


def _on_the_way(ranked: Sequence[Ranked[int]]) -> LonLat:
    """A place in the middle of the way of the first who has some way to go."""
    routes = [one.route.coordinates for one in ranked[:3] if one.route is not None]
    longest = max(routes, key=len)
    return longest[len(longest) // 2]


def _median_ms(times: int, work: Callable[[int], object]) -> float:
    taken = []
    for number_ in range(times):
        began = time.perf_counter()
        work(number_)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    raise SystemExit(main())
