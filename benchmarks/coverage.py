"""Travel times from many stations to everywhere, against scipy's Dijkstra on the same roads and Valhalla's isochrones.

    python -m benchmarks.coverage ROADS… [--origins 200] [--repeats 7] [--keep FOLDER] [--plot FILE.svg]
        [--peers valhalla] [--peers-python PYTHON] [--cache FOLDER]

Give road files from a province to a town. For each: one whole surface (the nearest and second nearest origin of every
junction, whatever the number of origins), against `scipy.sparse.csgraph.dijkstra(min_only=True)`, which gives the
nearest only and is served origins at junctions; both are held against each other, and a difference ends the run. The
first file is also asked with more and more origins, the last one given to Valhalla. That has no search from many
places: it draws one isochrone of fifteen minutes an origin, ours are the areas of all of them at once and of one alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.machine import machine, peak_mb
from benchmarks.peers.client import Peer
from benchmarks.peers.environment import DEFAULT_CACHE, PeerMissing, peer_python
from benchmarks.plot import Series, chart
from benchmarks.roads import Places, describe, opened
from benchmarks.tables import number, table
from routing.customising import NEVER
from routing.isochrones import areas, isochrones
from routing.measure import Ints
from routing.network import PreparedNetwork
from routing.snapping import LonLat
from routing.surfaces import Surface

COUNTS = (1, 10, 100, 1_000, 10_000)
DEMANDS = 268_071
MINUTES = 15.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One network; medians in milliseconds. `peak_mb` is of this process, after our surfaces and before scipy's."""

    name: str
    junctions: int
    surface_ms: float
    demands_ms: float
    scipy_ms: float
    peak_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, nargs="+", help="road files of any kind")
    parser.add_argument("--origins", type=int, default=200)
    parser.add_argument("--demands", type=int, default=DEMANDS, help="places whose minutes are asked")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="keep the prepared roads here and use them again")
    parser.add_argument("--plot", type=Path, help="draw cost against size (.svg)")
    parser.add_argument("--peers", default="", help="valhalla, or nothing")
    parser.add_argument("--peers-python", type=Path)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    asked = parser.parse_args(arguments)
    print(machine("numpy", "numba", "scipy"))
    found, by_count = [], []
    for source in asked.roads:
        with opened(source, asked.keep) as network:
            print(describe(network), flush=True)
            found.append(measure(network, asked.origins, asked.demands, asked.repeats))
            if source == asked.roads[0]:
                by_count = [(count, surface_ms(network, count, asked.repeats)) for count in COUNTS]
            if asked.peers and source == asked.roads[-1]:
                against_valhalla(network, source, asked.peers_python, asked.cache)
    head = ["roads", "junctions", "surface ms", f"{asked.demands:,} places ms", "scipy ms", "peak MB"]
    rows = [
        [
            *(one.name, f"{one.junctions:,}", number(one.surface_ms), number(one.demands_ms)),
            *(number(one.scipy_ms), number(one.peak_mb)),
        ]
        for one in found
    ]
    print(f"\n{asked.origins} origins\n" + table(head, rows))
    print("\n" + table(["origins", "surface ms"], [[f"{count:,}", number(ms)] for count, ms in by_count]))
    if asked.plot:
        found.sort(key=lambda one: one.junctions)
        lines = [
            Series("OneMap: two nearest", [(float(one.junctions), one.surface_ms) for one in found], 0),
            Series("scipy: the nearest", [(float(one.junctions), one.scipy_ms) for one in found], 1),
            Series("OneMap, by origins", [(float(count), ms) for count, ms in by_count], 2, dashed=True),
        ]
        asked.plot.write_text(chart("One whole surface", "junctions (dashed: origins)", "milliseconds", lines))
    return 0


def measure(network: PreparedNetwork, origins: int, demands: int, repeats: int) -> Measured:
    """Raises `AssertionError` when scipy says another time for any junction."""
    nodes, at = _stations(network, origins)
    surface = Surface(network, at)  # compiled before the clock runs
    ours_ms = _median_ms(repeats, lambda: Surface(network, at))
    random = np.random.default_rng(2)
    there = network.arrays.node_xy[random.integers(0, network.nodes, demands)] / 1e7
    places = there + random.normal(0, 0.002, there.shape)
    surface.at(places[:100])
    demands_ms = _median_ms(max(repeats // 2, 1), lambda: surface.at(places))
    peak = peak_mb()
    graph = _forward(network)
    seeds = np.unique(np.concatenate([nodes, *(network.copies_of_node(node) for node in nodes.tolist())]))
    scipy_ms = _median_ms(max(repeats // 2, 1), lambda: dijkstra(graph, indices=seeds, min_only=True))
    theirs = dijkstra(graph, indices=seeds, min_only=True)
    ms = surface.node_ms
    assert np.array_equal(np.isfinite(theirs), ms < NEVER), (
        "one of the two does not reach a junction that the other does"
    )
    assert np.array_equal(theirs[ms < NEVER], ms[ms < NEVER]), "the two say different times"
    return Measured(network.source, network.nodes, ours_ms, demands_ms, scipy_ms, peak)


def surface_ms(network: PreparedNetwork, origins: int, repeats: int) -> float:
    """Median of a surface from so many origins."""
    _, at = _stations(network, min(origins, network.nodes // 4))
    return _median_ms(repeats, lambda: Surface(network, at))


def against_valhalla(network: PreparedNetwork, source: Path, python: Path | None, cache: Path) -> None:
    """Areas of fifteen minutes: of twenty origins one by one, and ours of all at once."""
    _, at = _stations(network, 20)
    isochrones(network, at[0], [MINUTES])
    one_ms = statistics.median(_once_ms(partial(isochrones, network, place, [MINUTES])) for place in at)
    all_ms = _median_ms(3, lambda: areas(Surface(network, at), [MINUTES]))
    print(f"\nours: one area {number(one_ms)} ms, the area of all 20 {number(all_ms)} ms")
    try:
        with Peer("valhalla", peer_python(cache, python), source, cache) as peer:
            peer.isochrone(at[0], MINUTES)
            theirs = [peer.isochrone(place, MINUTES) for place in at]
            print(
                f"valhalla: one isochrone {number(statistics.median(theirs))} ms, 20 of them {number(sum(theirs))} ms"
            )
    except PeerMissing as reason:
        print(f"without valhalla: {reason}")


def _stations(network: PreparedNetwork, count: int) -> tuple[Ints, list[LonLat]]:
    """Junctions drawn at random, each alone at its place."""
    question = Places(network).question(count, 0.0, seed=1)
    return question.officers, question.officers_at


def _forward(network: PreparedNetwork) -> csr_array:
    """The network as scipy wants it; of parallel edges, which it would add up, the fastest."""
    a = network.arrays
    order = np.lexsort((a.ms, a.head, a.tail))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(a.head[order]) != 0) | (np.diff(a.tail[order]) != 0)
    kept = order[first]
    return csr_array((a.ms[kept].astype(np.float64), (a.tail[kept], a.head[kept])), shape=(network.nodes,) * 2)


def _median_ms(times: int, work: Callable[[], object]) -> float:
    return statistics.median(_once_ms(work) for _ in range(times))


def _once_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
