"""How long it takes to rank M officers by road, against networkx and scipy on the same roads.

    python -m benchmarks.ranking ../shared/data/roads/porto_metro_2015.osm.pbf

Ours is the whole answer: snapping everybody, the search, the order, ten routes with streets. The peers get their work
served: officers already at junctions, the graph already built in their own form, only travel times asked for. scipy
is given the longest of the true answers as its limit, which nobody knows beforehand. All three answer the same
questions, and every time is compared.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from routing.importing import import_roads
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Ints
from routing.network import PreparedNetwork, RoadStore
from routing.ranking import rank

OFFICERS = (10, 100, 1_000, 5_000)


@dataclass(frozen=True, slots=True)
class Question:
    """An alert and officers, all at junctions, so that the peers can answer without snapping."""

    target: int
    officers: Ints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, help="an OpenStreetMap file or osmnx GraphML")
    parser.add_argument("--queries", type=int, default=7, help="questions per size (networkx gets three)")
    parser.add_argument("--radius-km", type=float, default=30.0, help="officers within this radius; 0: anywhere")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = RoadStore(Path(folder))
        report = import_roads(asked.roads, store)
        network = store.current()
        print(f"{platform.platform()}, Python {platform.python_version()}", end="")
        print("".join(f", {package} {version(package)}" for package in ("numpy", "numba", "scipy", "networkx")))
        print(f"{report.source}: {report.junctions:,} junctions, {report.edges:,} edges, {report.km:,.0f} km")
        print(f"imported and prepared in {report.seconds:.1f} s\n")
        compare(network, asked.queries, asked.radius_km)


def compare(network: PreparedNetwork, queries: int, radius_km: float) -> None:
    """Print medians in milliseconds and how many times longer the peers take."""
    scipy_times, networkx_times = scipy_engine(network), networkx_engine(network)
    where = f"within {radius_km:g} km" if radius_km else "anywhere"
    print(f"officers {where}; medians in ms; x: times as long as ours")
    print(f"{'M':>6} {'ours':>9} {'scipy':>9} {'x':>7} {'networkx':>10} {'x':>7}")
    our_times(network, draw(network, 10, radius_km, seed=0))  # compiled before the clock runs
    for count in OFFICERS:
        asked = [draw(network, count, radius_km, seed) for seed in range(1, queries + 1)]
        ours, theirs, nx_ms = [], [], []
        for number, question in enumerate(asked):
            mine, ms = timed(partial(our_times, network, question))
            limit = max((value for value in mine if value is not None), default=0.0)
            ours.append(ms)
            answer, ms = timed(partial(scipy_times, question, limit))
            theirs.append(ms)
            _check(mine, answer)
            if number < 3:
                answer, ms = timed(partial(networkx_times, question, limit))
                nx_ms.append(ms)
                _check(mine, answer)
        a, b, c = statistics.median(ours), statistics.median(theirs), statistics.median(nx_ms)
        print(f"{count:>6,} {a:>9.2f} {b:>9.2f} {b / a:>7.1f} {c:>10.1f} {c / a:>7.1f}")


def draw(network: PreparedNetwork, count: int, radius_km: float, seed: int) -> Question:
    """An alert at a random junction with officers at random junctions around it."""
    random = np.random.default_rng(seed)
    a = network.arrays
    # Snapping cannot tell two junctions at one place apart (a split one and its copies included): draw from the others.
    _, first, shared = np.unique(a.node_xy, axis=0, return_index=True, return_counts=True)
    junctions = first[shared == 1].astype(np.int32)
    target = int(random.choice(junctions))
    if radius_km:
        gap = (a.node_xy[junctions] - a.node_xy[target]) / UNITS_PER_DEGREE * METRES_PER_DEGREE
        gap[:, 0] *= np.cos(np.radians(a.node_xy[target, 1] / UNITS_PER_DEGREE))
        junctions = junctions[np.hypot(gap[:, 0], gap[:, 1]) <= radius_km * 1000]
    return Question(target, random.choice(junctions, count))


def our_times(network: PreparedNetwork, question: Question) -> list[float | None]:
    places = (network.arrays.node_xy[question.officers] / UNITS_PER_DEGREE).tolist()
    lon, lat = (network.arrays.node_xy[question.target] / UNITS_PER_DEGREE).tolist()
    ranked = rank(network, (lon, lat), [(number, x, y) for number, (x, y) in enumerate(places)], routes=10)
    times: list[float | None] = [None] * len(places)
    for each in ranked:
        times[each.id] = each.travel_time_s
    return times


Engine = Callable[[Question, float], list[float | None]]


def scipy_engine(network: PreparedNetwork) -> Engine:
    """One reversed search with the true answer as its limit."""
    a = network.arrays
    order = np.lexsort((a.ms, a.tail, a.head))
    first = np.ones(len(order), np.bool_)  # scipy adds parallel edges up: keep the fastest
    first[1:] = (np.diff(a.head[order]) != 0) | (np.diff(a.tail[order]) != 0)
    kept = order[first]
    reverse = csr_array((a.ms[kept].astype(np.float64), (a.head[kept], a.tail[kept])), shape=(network.nodes,) * 2)

    def answer(question: Question, limit_s: float) -> list[float | None]:
        seeds = [question.target, *network.copies_of_node(question.target).tolist()]
        found = dijkstra(reverse, indices=seeds, limit=limit_s * 1000 + 1, min_only=True)
        return [float(ms) / 1000 if np.isfinite(ms) else None for ms in found[question.officers]]

    return answer


def networkx_engine(network: PreparedNetwork) -> Engine:
    """One reversed search with the true answer as its cutoff."""
    a = network.arrays
    reverse: nx.DiGraph[int] = nx.DiGraph()
    for tail, head, ms in zip(a.tail.tolist(), a.head.tolist(), a.ms.tolist(), strict=True):
        known = reverse.get_edge_data(head, tail)
        if known is None or known["ms"] > ms:
            reverse.add_edge(head, tail, ms=ms)

    def answer(question: Question, limit_s: float) -> list[float | None]:
        seeds = {question.target, *network.copies_of_node(question.target).tolist()}
        found = nx.multi_source_dijkstra_path_length(reverse, seeds, cutoff=limit_s * 1000 + 1, weight="ms")
        return [found[officer] / 1000 if officer in found else None for officer in question.officers.tolist()]

    return answer


def timed(work: Callable[[], list[float | None]]) -> tuple[list[float | None], float]:
    began = time.perf_counter()
    answer = work()
    return answer, (time.perf_counter() - began) * 1000


def _check(ours: Sequence[float | None], theirs: Sequence[float | None]) -> None:
    if list(ours) != list(theirs):
        wrong = sum(one != other for one, other in zip(ours, theirs, strict=True))
        raise SystemExit(f"{wrong} of {len(ours)} travel times differ: no speed makes up for that")


if __name__ == "__main__":
    main()
