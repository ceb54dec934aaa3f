"""Is every travel time exactly networkx's? Thousands of random alarm-officer pairs, with and without closed roads.

    python -m benchmarks.exactness ../shared/data/roads/malta_2016.osm.pbf … [--pairs 10000] [--demo 1.0]

Alarms and officers stand on roads, a little beside them and exactly at junctions, restricted ones among them. networkx
searches the graph that `./onemap roads export` writes, once for every alarm, backwards; each officer's time is then
put together from it. Prints the greatest difference in milliseconds and ends with 1 unless that is 0.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.judge import Judge, random_places
from benchmarks.machine import machine
from benchmarks.roads import describe, opened
from benchmarks.tables import table
from routing.closures import blocked_edges
from routing.network import PreparedNetwork
from routing.ranking import rank

OFFICERS = 250
CLOSED_SHARE = 0.02
"""Of all stretches: enough that many of the fastest ways are cut, few enough that most places stay reachable."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, nargs="*", help="road files of any kind")
    parser.add_argument("--pairs", type=int, default=10_000, help="for each file, half of them with closed roads")
    parser.add_argument("--demo", type=float, metavar="SCALE", help="the demonstration roads too, at this scale")
    parser.add_argument("--keep", type=Path, help="keep the prepared roads here and use them again")
    asked = parser.parse_args(arguments)
    print(machine("numpy", "numba", "networkx"))
    rows, worst = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for source in [*asked.roads, *([_demo(Path(folder), asked.demo)] if asked.demo else [])]:
            with opened(source, asked.keep) as network:
                print(describe(network), flush=True)
                for closed in (False, True):
                    began = time.monotonic()
                    off, reachable, pairs = compare(network, asked.pairs // 2, closed=closed)
                    worst = max(worst, off)
                    said = f"{CLOSED_SHARE:.0%} of the stretches" if closed else "nothing"
                    rows.append([network.source, said, f"{pairs:,}", f"{reachable:,}", f"{off} ms"])
                    print(
                        f"  {said} closed: greatest difference {off} ms ({time.monotonic() - began:.0f} s)", flush=True
                    )
    print("\n" + table(["roads", "closed", "pairs", "of them reachable", "greatest difference"], rows))
    return int(worst > 0)


def compare(network: PreparedNetwork, pairs: int, *, closed: bool) -> tuple[int, int, int]:
    """Return the greatest difference in ms (a way that only one of both finds counts as a day), and how many pairs."""
    random = np.random.default_rng(2021)
    count = max(int(CLOSED_SHARE * network.shapes), 1)
    shut = random.choice(network.shapes, count, replace=False).astype(np.int32)
    blocked = blocked_edges(network, shut) if closed else None
    judge = Judge(network, blocked)
    officers = min(OFFICERS, pairs)
    worst = reachable = asked = 0
    for number, target in enumerate(random_places(network, pairs // officers, seed=1)):
        starts = random_places(network, officers, seed=100 + number)
        expected = judge.travel_times(target, starts)
        ranked = rank(network, target, [(k, *place) for k, place in enumerate(starts)], blocked=blocked, routes=3)
        found = {each.id: each.travel_time_s for each in ranked}
        for officer, seconds in enumerate(expected):
            worst = max(worst, _difference_ms(found[officer], seconds))
            reachable += seconds is not None
            asked += 1
    return worst, reachable, asked


def _difference_ms(ours: float | None, theirs: float | None) -> int:
    if ours is None or theirs is None:
        return 0 if ours is theirs else 86_400_000
    return abs(round(ours * 1000) - round(theirs * 1000))


def _demo(folder: Path, scale: float) -> Path:
    from data.demo.roads import shandong_counties, write_demo_roads  # needs the boundary package

    path = folder / f"demo-{scale:g}.osm.pbf"
    write_demo_roads(path, counties=shandong_counties(), scale=scale)
    return path


if __name__ == "__main__":
    raise SystemExit(main())
