"""How long it takes to rank M officers by road: ours, networkx, scipy, OSRM and Valhalla on the same roads, in one run.

    python -m benchmarks.ranking ../shared/data/roads/porto_metro_2015.osm.pbf [--json FILE] [--plot FILE.svg]

Ours, OSRM and Valhalla give the whole answer: from coordinates (snapping included) to everybody's travel time and three
routes. networkx and scipy get their work served: officers already at junctions, the graph already built in their own
form, only travel times asked for, and the longest of the true answers as their limit, which nobody knows beforehand.

All engines answer one question after another, each in its turn, on one thread. networkx and scipy search our very
network, so every travel time is compared, and the run stops at the first difference. OSRM and Valhalla have speeds of
their own and look at turns; for them the rank correlation with our order is printed. An engine that needs longer
than `--budget` seconds for one question is not asked larger ones.
"""

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.machine import machine, peak_mb
from benchmarks.peers.environment import DEFAULT_CACHE, PeerMissing
from benchmarks.plot import Series, chart
from benchmarks.ranking_engines import ENGINES, Engine, Times, ready
from benchmarks.roads import Places, describe, opened
from benchmarks.tables import number, table

OFFICERS = (10, 100, 1_000, 5_000)
ROUTES = 3
WARM_UP = 3

Cell = dict[str, list[float]]
"""For each engine its milliseconds, question by question."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, help="an .osm.pbf file (without OSRM and Valhalla: any road file)")
    parser.add_argument("--queries", type=int, default=11, help="questions per size")
    parser.add_argument("--radius-km", type=float, nargs="+", default=[30.0, 0.0], help="officers within; 0: anywhere")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--budget", type=float, default=15.0, help="seconds that an engine may take for a question")
    parser.add_argument("--keep", type=Path, help="keep the prepared roads here and use them again")
    parser.add_argument("--peer-cache", type=Path, default=DEFAULT_CACHE, help="where the peers and their data lie")
    parser.add_argument("--peer-python", type=Path, help="a Python from 3.12 on for the peers")
    parser.add_argument("--json", type=Path, help="write every single time")
    parser.add_argument("--plot", type=Path, help="draw the medians (.svg)")
    asked = parser.parse_args(arguments)
    with opened(asked.roads, asked.keep) as network:
        print(machine("numpy", "numba", "scipy", "networkx"))
        print(describe(network))
        names = [name for name in ENGINES if name in asked.engines or name == "ours"]
        with ready(names, network, asked.roads, asked.peer_cache, asked.peer_python) as engines:
            places = Places(network)
            measured = {
                radius: measure(engines, places, radius, asked.queries, asked.budget) for radius in asked.radius_km
            }
        print(f"our process at its peak: {peak_mb():,.0f} MB (the graphs of networkx and scipy included)")
        if asked.json:
            asked.json.write_text(
                json.dumps({"roads": describe(network), "machine": machine(), "ms": measured}, indent=1)
            )
        if asked.plot:
            asked.plot.write_text(_plot(measured, describe(network)))
    return 0


def measure(
    engines: Sequence[Engine], places: Places, radius_km: float, queries: int, budget_s: float
) -> dict[int, Cell]:
    """Ask all engines, print the table of one radius, and return the times."""
    cells: dict[int, Cell] = {}
    alike: dict[str, list[float]] = defaultdict(list)
    tired: set[str] = set()
    for engine in engines:  # compiled, mapped and opened before the clock runs
        for seed in range(WARM_UP if engine.name == "ours" else 1):
            engine.answer(places.question(10, radius_km, 1_000_000 + seed), 60.0, ROUTES)
    for count in OFFICERS:
        cell: Cell = defaultdict(list)
        for seed in range(1, queries + 1):
            question = places.question(count, radius_km, seed)
            truth, limit_s = None, 0.0
            for engine in engines:
                if engine.name in tired or sum(cell[engine.name]) > 4_000 * budget_s:
                    continue
                try:
                    times, ms = engine.answer(question, limit_s, ROUTES)
                except PeerMissing as reason:
                    print(f"{engine.name} gives up at {count:,} officers: {reason}")
                    tired.add(engine.name)
                    continue
                cell[engine.name].append(ms)
                if truth is None:
                    truth, limit_s = times, max((t for t in times if t is not None), default=0.0)
                elif engine.same_roads:
                    check(truth, times, engine.name)
                else:
                    alike[engine.name] += _likeness(truth, times)
        tired |= {name for name, taken in cell.items() if taken and statistics.median(taken) > budget_s * 1000}
        cells[count] = {name: taken for name, taken in cell.items() if taken}
    where = f"within {radius_km:g} km" if radius_km else "anywhere"
    print(f"\nOfficers {where}: ms, median (p95) of {queries} questions; × is how many times as long as ours\n")
    print(table(["engine", *(f"M = {count:,}" for count in OFFICERS)], [_row(e.name, cells) for e in engines]))
    for name, values in alike.items():
        print(f"\n{name} and ours order the officers alike: rank correlation {statistics.median(values):.3f} (median)")
    return cells


def _row(name: str, cells: dict[int, Cell]) -> list[str]:
    row = [name]
    for cell in cells.values():
        if name not in cell:
            row.append("–")
            continue
        taken = cell[name]
        middle = statistics.median(taken)
        text = f"{number(middle)} ({number(float(np.percentile(taken, 95)))})"
        if name != "ours":
            text += f" {number(middle / statistics.median(cell['ours']))}×"
        row.append(text)
    return row


def check(ours: Times, theirs: Times, name: str) -> None:
    if ours != theirs:
        wrong = sum(one != other for one, other in zip(ours, theirs, strict=True))
        raise SystemExit(f"{wrong} of {len(ours)} travel times differ from {name}'s: no speed makes up for that")


def _likeness(ours: Times, theirs: Times) -> list[float]:
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if len(both) < 3:
        return []
    mine, theirs_s = np.array(both, np.float64).T
    return [float(spearmanr(mine, theirs_s).statistic)]


def _plot(measured: dict[float, dict[int, Cell]], title: str) -> str:
    series = []
    for radius, cells in measured.items():
        where = f"{radius:g} km" if radius else "anywhere"
        for name in ENGINES:
            points = [(float(m), statistics.median(cell[name])) for m, cell in cells.items() if name in cell]
            if points:
                series.append(Series(f"{name}, {where}", points, ENGINES.index(name), dashed=radius == 0))
    return chart(title, "officers", "milliseconds (median)", series)


if __name__ == "__main__":
    raise SystemExit(main())
