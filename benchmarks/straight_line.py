"""How often is the nearest officer by straight line not the first by road, and what would sending him cost?

    python -m benchmarks.straight_line ../shared/data/roads/porto_metro_2015.osm.pbf … [--alarms 500]

For every random alarm the nearest officer on the ellipsoid is compared with the first by road. This is the whole
difference between a map with a circle and a map with roads. Officers and alarms stand at random junctions, so both are
where people are. An alarm whose nearest officer by straight line cannot come at all (on another island, say) has no
cost in minutes; it is counted in a column of its own.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.roads import Places, describe, opened
from benchmarks.tables import number, table
from gis.geodesic import distances_m
from routing.network import PreparedNetwork
from routing.ranking import rank

OFFICERS = (10, 100, 1_000, 5_000)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roads", type=Path, nargs="+", help="road files of any kind")
    parser.add_argument("--alarms", type=int, default=500, help="alarms for each number of officers")
    parser.add_argument("--officers", type=int, nargs="+", default=list(OFFICERS), help="officers on all the roads")
    parser.add_argument("--keep", type=Path, help="keep the prepared roads here and use them again")
    asked = parser.parse_args(arguments)
    print(machine("numpy", "numba"))
    for source in asked.roads:
        with opened(source, asked.keep) as network:
            print(f"\n{describe(network)}; {asked.alarms:,} alarms for each row\n")
            rows = [_row(network, count, asked.alarms) for count in asked.officers]
            head = [
                "officers",
                "nearest is not first",
                "minutes lost then, median",
                "p95",
                "worst",
                "nearest cannot come",
            ]
            print(table(head, rows), flush=True)
    return 0


def _row(network: PreparedNetwork, count: int, alarms: int) -> list[str]:
    lost, cannot = compare(network, count, alarms)
    wrong = lost[lost > 0]
    share = (len(wrong) + cannot) / alarms
    cost = [number(value) for value in (*np.percentile(wrong, [50, 95]), wrong.max())] if len(wrong) else ["–"] * 3
    return [f"{count:,}", f"{share:.0%}", *cost, f"{cannot / alarms:.1%}"]


def compare(
    network: PreparedNetwork, count: int, alarms: int, *, seed: int = 7
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", int]:
    """Return the minutes lost, alarm by alarm (0: the nearest is the first), and how often the nearest cannot come.

    Alarms that nobody can reach are left out of both.
    """
    random = np.random.default_rng(seed)
    places = Places(network)
    officers_at = places.at(random.choice(places.junctions, count))
    lonlat = np.array(officers_at)
    candidates = [(k, lon, lat) for k, (lon, lat) in enumerate(officers_at)]
    lost: list[float] = []
    cannot = 0
    for target in places.at(random.choice(places.junctions, alarms)):
        nearest = int(np.argmin(distances_m(target[0], target[1], lonlat[:, 0], lonlat[:, 1])))
        ranked = rank(network, target, candidates, routes=0)
        times = {each.id: each.travel_time_s for each in ranked}
        best, taken = ranked[0].travel_time_s, times[nearest]
        if best is None:
            continue
        if taken is None:
            cannot += 1
        else:
            lost.append((taken - best) / 60)
    return np.array(lost), cannot


if __name__ == "__main__":
    raise SystemExit(main())
