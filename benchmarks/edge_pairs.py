"""A million pairs at the very edge of 3 km: does anybody else decide one of them otherwise?

    python -m benchmarks.edge_pairs [--pairs 1000000] [--postgis URL]

Half of the places lie in Shandong, the others anywhere on Earth, poles and antimeridian included. Each pair is laid
with pyproj along a random bearing at 3 km, less or more by up to a metre, a millimetre or a micrometre. Whether it is
inside is asked of the live index, the static index, PostGIS (`ST_DWithin` on geography) and pyproj, and every
difference counts. PostGIS is the one named by --postgis or ONEMAP_DATABASE_URL, else a private one is started.

What lies nearer to the edge than `UNDECIDABLE_M` is not asked about: there the answer hangs on the last bit of a number
(PostGIS takes degrees for radians before it measures, which alone moves a distance by 1e-8 m). Ends with 1 if there is
a difference.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from sqlalchemy import Engine, text

from benchmarks.machine import machine
from benchmarks.postgis import postgis_at
from gis.live_index import LiveIndex
from gis.static_index import StaticIndex

RADIUS_M = 3_000.0
UNDECIDABLE_M = 1e-7
_AROUND_ONE = 100
_BATCH = 50_000
_WGS84 = Geod(ellps="WGS84")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_INSIDE = text(
    """
    SELECT ST_DWithin(ST_MakePoint(a, b)::geography, ST_MakePoint(c, d)::geography, :radius_m)
    FROM unnest(CAST(:a AS float8[]), CAST(:b AS float8[]), CAST(:c AS float8[]), CAST(:d AS float8[]))
         WITH ORDINALITY AS given (a, b, c, d, row)
    ORDER BY row
    """
)


@dataclass(frozen=True, slots=True)
class Pairs:
    """`_AROUND_ONE` places around each middle, one row a pair; `metres` is pyproj's distance."""

    lons: Floats
    lats: Floats
    to_lons: Floats
    to_lats: Floats
    metres: Floats

    @classmethod
    def laid(cls, count: int, seed: int) -> "Pairs":
        chance = np.random.default_rng(seed)
        middles = -(-count // _AROUND_ONE)
        lons, lats = chance.uniform(114.8, 122.7, middles), chance.uniform(34.4, 38.4, middles)
        far = chance.random(middles) < 0.5
        lons[far] = chance.uniform(-180, 180, far.sum())
        lats[far] = np.degrees(np.arcsin(chance.uniform(-1, 1, far.sum())))
        odd = chance.random(middles)
        lons[odd < 0.02] = chance.choice([180.0, -180.0, 179.99, -179.99], (odd < 0.02).sum())
        lats[odd > 0.98] = chance.choice([90.0, -90.0, 89.99, -89.98], (odd > 0.98).sum())
        lons, lats = np.repeat(lons, _AROUND_ONE)[:count], np.repeat(lats, _AROUND_ONE)[:count]
        beside = chance.uniform(-1, 1, count) * chance.choice([1.0, 1e-3, 1e-6], count)
        to_lons, to_lats, _ = _WGS84.fwd(lons, lats, chance.uniform(0, 360, count), RADIUS_M + beside)
        metres = _WGS84.inv(lons, lats, to_lons, to_lats)[2]
        kept = np.abs(metres - RADIUS_M) > UNDECIDABLE_M
        return cls(lons[kept], lats[kept], to_lons[kept], to_lats[kept], metres[kept])

    def part(self, rows: slice) -> "Pairs":
        return Pairs(self.lons[rows], self.lats[rows], self.to_lons[rows], self.to_lats[rows], self.metres[rows])


def by_index(index: LiveIndex | StaticIndex, pairs: Pairs) -> Bools:
    """Ask the index once for each middle; who else is near does not count."""
    inside = np.zeros(len(pairs.lons), np.bool_)
    starts = np.flatnonzero(np.r_[True, (np.diff(pairs.lons) != 0) | (np.diff(pairs.lats) != 0)])
    for start, end in zip(starts, np.r_[starts[1:], len(pairs.lons)], strict=True):
        found = index.within(float(pairs.lons[start]), float(pairs.lats[start]), RADIUS_M)
        keys = np.array([key for key, _ in found], np.int64)
        inside[keys[(keys >= start) & (keys < end)]] = True
    return inside


def by_postgis(engine: Engine, pairs: Pairs) -> Bools:
    with engine.connect() as connection:
        columns = dict(zip("abcd", (pairs.lons, pairs.lats, pairs.to_lons, pairs.to_lats), strict=True))
        asked = {name: column.tolist() for name, column in columns.items()}
        return np.array(connection.scalars(_INSIDE, asked | {"radius_m": RADIUS_M}).all(), np.bool_)


def differences(engine: Engine, count: int, seed: int = 2026) -> tuple[int, int, dict[str, int]]:
    """Return how many pairs were compared, how many lie inside, and how often each differs from pyproj."""
    compared = inside = 0
    off = {"LiveIndex": 0, "StaticIndex": 0, "PostGIS ST_DWithin": 0}
    while compared < count:
        pairs = Pairs.laid(_BATCH, seed + compared).part(slice(count - compared))
        truth = pairs.metres <= RADIUS_M
        live = LiveIndex()
        live.put_many(zip(range(len(truth)), pairs.to_lons.tolist(), pairs.to_lats.tolist(), strict=True))
        static = StaticIndex(np.arange(len(truth)), pairs.to_lons, pairs.to_lats)
        off["LiveIndex"] += int((by_index(live, pairs) != truth).sum())
        off["StaticIndex"] += int((by_index(static, pairs) != truth).sum())
        off["PostGIS ST_DWithin"] += int((by_postgis(engine, pairs) != truth).sum())
        compared += len(truth)
        inside += int(truth.sum())
    return compared, inside, off


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--postgis", metavar="URL", default=os.environ.get("ONEMAP_DATABASE_URL"))
    asked = parser.parse_args(arguments)
    print(machine("pyproj", "numba", "rtree"))
    began = time.monotonic()
    with postgis_at(asked.postgis) as engine:
        with engine.connect() as connection:
            print(connection.scalar(text("SELECT postgis_full_version()")))
        compared, inside, off = differences(engine, asked.pairs)
    took = time.monotonic() - began
    print(f"\n{compared:,} pairs within a metre of {RADIUS_M:,.0f} m, {inside:,} of them inside; {took:.0f} s")
    for name, count in off.items():
        print(f"{name}: {count} differences from pyproj's geodesic")
    return int(any(off.values()))


if __name__ == "__main__":
    raise SystemExit(main())
