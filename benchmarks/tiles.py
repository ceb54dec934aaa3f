"""How long tiles take and how large they are, for a person's session under row-level security.

    python -m benchmarks.tiles postgresql+psycopg://…/onemap [--fill 268071] [--region 37] [--tiles 60] [--json]

`--fill` first adds that many enterprises of nobody, clustered in seventeen towns of Shandong, to a database that has
none (never to one in use). Times are those of the function's call, network to the database included, one after another.
"""

import argparse
import asyncio
import json
import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select, text

from gis.database import Database, Scope
from layers.standard import standard_layers
from layers.tiles import PostgisTiles

# Towns of Shandong, longitude and latitude in degrees, with the county that the made-up rows are counted to.
_TOWNS = (
    (117.00, 36.67, "370102"), (120.38, 36.07, "370202"), (118.05, 36.81, "370303"), (117.32, 34.81, "370402"),
    (118.67, 37.43, "370502"), (121.45, 37.46, "370602"), (119.16, 36.71, "370705"), (116.59, 35.41, "370811"),
    (117.09, 36.20, "370902"), (122.12, 37.51, "371002"), (119.53, 35.42, "371102"), (118.36, 35.10, "371302"),
    (116.36, 37.43, "371402"), (115.98, 36.46, "371502"), (117.97, 37.38, "371602"), (115.48, 35.23, "371702"),
    (118.79, 36.86, "370783"),
)  # fmt: skip

_FILL = """
INSERT INTO enterprise (uscc, name, industry, tags, risk, geom, region, demo)
SELECT lpad(n::text, 18, '0'), '测试企业' || n || '有限公司', lpad((1300 + n % 3300)::text, 4, '0'),
       ARRAY[CASE n % 3 WHEN 0 THEN '涉废水企业' WHEN 1 THEN '涉气企业' ELSE '一般源企业' END],
       CASE WHEN n % 20 = 0 THEN 'high' WHEN n % 5 = 0 THEN 'medium' ELSE 'low' END,
       ST_SetSRID(ST_Point(lon, lat), 4326), region, true
FROM unnest(CAST(:n AS int[]), CAST(:lon AS float8[]), CAST(:lat AS float8[]), CAST(:region AS text[]))
     AS made (n, lon, lat, region)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Tiles of one layer and zoom: milliseconds and bytes."""

    layer: str
    zoom: int
    tiles: int
    p50_ms: float
    p95_ms: float
    largest_bytes: int


async def fill(database: Database, count: int) -> None:
    """Add `count` enterprises around the towns, the same ones each time; half within some 8 km, half within 30 km."""
    chance = random.Random(268_071)
    async with database.for_system() as session:
        for first in range(0, count, 20_000):
            numbers = range(first, min(first + 20_000, count))
            towns = [chance.choice(_TOWNS) for _ in numbers]
            spreads = [0.08 if chance.random() < 0.5 else 0.3 for _ in numbers]
            await session.execute(
                text(_FILL),
                {
                    "n": list(numbers),
                    "lon": [chance.gauss(lon, spread) for (lon, _, _), spread in zip(towns, spreads, strict=True)],
                    "lat": [
                        chance.gauss(lat, spread * 0.8) for (_, lat, _), spread in zip(towns, spreads, strict=True)
                    ],
                    "region": [region for _, _, region in towns],
                },
            )
        await session.commit()
    async with database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE enterprise"))


def addresses(zoom: int, count: int) -> list[tuple[int, int]]:
    """Return `x, y` of up to `count` tiles at this zoom that hold a town or lie beside one: the busiest there are."""
    found: dict[tuple[int, int], None] = {}
    for ring in range(3):
        for lon, lat, _ in _TOWNS:
            column = math.floor((lon + 180) / 360 * 2**zoom)
            row = math.floor((0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)) * 2**zoom)
            found.setdefault((column + ring % 2, row + ring // 2))
    return list(found)[:count]


async def measure(database: Database, scope: Scope, *, zooms: Sequence[int], count: int) -> list[Measured]:
    """Ask for the tiles of each layer as `scope` and return what they took."""
    results: list[Measured] = []
    for layer in standard_layers():
        if not isinstance(layer.tiles, PostgisTiles):
            continue
        for zoom in zooms:
            times: list[float] = []
            largest = 0
            for x, y in addresses(zoom, count):
                async with database.for_person(scope) as session:
                    await session.scalar(select(func.current_user()))  # the role is entered before the clock runs
                    began = time.perf_counter()
                    tile = await layer.tiles.tile(session, zoom, x, y, {})
                    times.append((time.perf_counter() - began) * 1000)
                largest = max(largest, len(tile))
            p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
            results.append(
                Measured(layer.id, zoom, len(times), round(statistics.median(times), 1), round(p95, 1), largest)
            )
    return results


async def run(url: str, *, made: int, region: str, count: int, zooms: Sequence[int]) -> list[Measured]:
    """Measure on the database at `url`, after adding `made` enterprises when that is more than 0."""
    database = Database(url)
    try:
        if made:
            async with database.for_system() as session:
                if await session.scalar(text("SELECT EXISTS (SELECT FROM enterprise)")):
                    raise SystemExit("--fill: this database has enterprises; give an empty, migrated one")
            await fill(database, made)
        scope = Scope("benchmark", "duty", region)
        await measure(database, scope, zooms=zooms[:1], count=2)  # warm the connection and the plans
        return await measure(database, scope, zooms=zooms, count=count)
    finally:
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="postgresql+psycopg://… of a migrated database")
    parser.add_argument("--fill", type=int, default=0, metavar="N", help="add N made-up enterprises first")
    parser.add_argument("--region", default="37", help="area of the person who asks (default 37)")
    parser.add_argument("--tiles", type=int, default=40, help="tiles a layer and zoom")
    parser.add_argument("--zooms", default="5,6,7,8,9,10,11,12,14,16")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    zooms = [int(zoom) for zoom in given.zooms.split(",")]
    results = asyncio.run(run(given.url, made=given.fill, region=given.region, count=given.tiles, zooms=zooms))
    if given.json:
        print(json.dumps([asdict(result) for result in results]))
        return
    print(f"{'layer':<12}{'zoom':>5}{'tiles':>7}{'p50 ms':>9}{'p95 ms':>9}{'largest kB':>12}")
    for result in results:
        print(
            f"{result.layer:<12}{result.zoom:>5}{result.tiles:>7}{result.p50_ms:>9}{result.p95_ms:>9}"
            f"{result.largest_bytes / 1000:>12.1f}"
        )


if __name__ == "__main__":
    main()
