"""Where the tile benchmarks look: tiles around the towns of Shandong, and made-up enterprises to fill them."""

import asyncio
import math
import random

from sqlalchemy import text

from data.bulk import connected
from gis.cells import fill_cells
from gis.database import Database

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
    await asyncio.to_thread(_find_cells, database.url)
    async with database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE enterprise"))


def _find_cells(url: str) -> None:
    """What a running product does by itself: low zooms count by cell."""
    with connected(url) as connection:
        fill_cells(connection)


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return `x, y` of the tile at this zoom in which a place lies (degrees, WGS84; y grows southwards)."""
    column = math.floor((lon + 180) / 360 * 2**zoom)
    row = math.floor((0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)) * 2**zoom)
    return column, row


def addresses(zoom: int, count: int) -> list[tuple[int, int]]:
    """Return `x, y` of up to `count` tiles at this zoom that hold a town or lie beside one: the busiest there are."""
    found: dict[tuple[int, int], None] = {}
    for ring in range(3):
        for lon, lat, _ in _TOWNS:
            column, row = tile_at(lon, lat, zoom)
            found.setdefault((column + ring % 2, row + ring // 2))
    return list(found)[:count]
