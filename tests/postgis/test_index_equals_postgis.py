"""Both indexes against PostGIS: the same pairs within the radius, at the same distances."""

import math
import random
from collections.abc import Callable, Iterator

import pytest
from pyproj import Geod
from sqlalchemy import Engine, create_engine, text

from gis.live_index import LiveIndex
from gis.static_index import StaticIndex

Place = tuple[float, float]
Within = dict[tuple[int, int], float]  # (middle, place) -> metres
WGS84 = Geod(ellps="WGS84")
RADIUS_M = 3_000.0

_PAIRS = text(
    """
    WITH middle AS (
        SELECT row - 1 AS id, ST_MakePoint(lon, lat)::geography AS geog
        FROM unnest(CAST(:middle_lons AS float8[]), CAST(:middle_lats AS float8[]))
            WITH ORDINALITY AS given (lon, lat, row)
    ), place AS (
        SELECT row - 1 AS id, ST_MakePoint(lon, lat)::geography AS geog
        FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[]))
            WITH ORDINALITY AS given (lon, lat, row)
    )
    SELECT middle.id, place.id, ST_Distance(middle.geog, place.geog)
    FROM middle JOIN place ON ST_DWithin(middle.geog, place.geog, :radius_m)
    """
)


def beside(middle: Place, azimuth: float, metres: float) -> Place:
    lon, lat, _ = WGS84.fwd(*middle, azimuth, metres)
    return lon, lat


def middles() -> list[Place]:
    """Where it is easy and where it is not: Shandong, the antimeridian, the poles and all over the Earth."""
    chance = random.Random(212)
    return [
        *((chance.uniform(114.8, 122.7), chance.uniform(34.4, 38.4)) for _ in range(20)),
        *((180.0, lat) for lat in (-89.0, -16.5, 0.0, 52.0, 71.0)),
        *((lon, chance.uniform(-80, 80)) for lon in (-180.0, 179.99, -179.99, 179.9999, -179.9999)),
        *((chance.uniform(-180, 180), lat) for lat in (90.0, 89.99, 89.9, -90.0, -89.98)),
        *((chance.uniform(-180, 180), math.degrees(math.asin(chance.uniform(-1, 1)))) for _ in range(15)),
    ]


def places_around(middle: Place, chance: random.Random) -> Iterator[Place]:
    for metres in (2_999.99, 3_000.01, 2_999.9999, 3_000.0001):
        for _ in range(10):
            yield beside(middle, chance.uniform(0, 360), metres)
    for _ in range(30):
        yield beside(middle, chance.uniform(0, 360), chance.uniform(0, 6_000))


@pytest.fixture(scope="module")
def places() -> list[Place]:
    chance = random.Random(2026)
    near = [place for middle in middles() for place in places_around(middle, chance)]
    far = [(chance.uniform(-180, 180), chance.uniform(-90, 90)) for _ in range(1_000)]
    return near + far


@pytest.fixture(scope="module")
def engine(module_postgis_url: str) -> Iterator[Engine]:
    engine = create_engine(module_postgis_url)
    yield engine
    engine.dispose()


def by_postgis(engine: Engine, places: list[Place], radius_m: float) -> Within:
    lons, lats = zip(*places, strict=True)
    middle_lons, middle_lats = zip(*middles(), strict=True)
    values = {"lons": lons, "lats": lats, "middle_lons": middle_lons, "middle_lats": middle_lats}
    with engine.connect() as connection:
        rows = connection.execute(
            _PAIRS, {name: list(degrees) for name, degrees in values.items()} | {"radius_m": radius_m}
        )
        return {(middle, place): metres for middle, place, metres in rows}


def by_index(index: LiveIndex | StaticIndex, radius_m: float) -> Within:
    return {
        (middle, place): metres
        for middle, (lon, lat) in enumerate(middles())
        for place, metres in index.within(lon, lat, radius_m)
    }


def live(places: list[Place]) -> LiveIndex:
    index = LiveIndex()
    index.put_many((key, lon, lat) for key, (lon, lat) in enumerate(places))
    return index


def static(places: list[Place]) -> StaticIndex:
    return StaticIndex(range(len(places)), *zip(*places, strict=True))


@pytest.mark.parametrize("build", [live, static])
@pytest.mark.parametrize("radius_m", [0.0, RADIUS_M, 2_500_000.0, 19_000_000.0])
def test_an_index_answers_as_postgis_on_every_pair(
    build: Callable[[list[Place]], LiveIndex | StaticIndex], radius_m: float, places: list[Place], engine: Engine
) -> None:
    expected, found = by_postgis(engine, places, radius_m), by_index(build(places), radius_m)
    assert found.keys() == expected.keys()
    assert max((abs(found[pair] - expected[pair]) for pair in found), default=0.0) < 1e-7


def test_the_pairs_on_the_edge_are_there_to_be_told_apart(places: list[Place]) -> None:
    """Guards the test above: a tenth of a millimetre inside and outside, around every middle."""
    lengths = [
        metres
        for lon, lat in middles()
        for metres in WGS84.inv([lon] * len(places), [lat] * len(places), *zip(*places, strict=True))[2]
    ]
    assert sum(2_999.9998 < metres < RADIUS_M for metres in lengths) >= 10 * len(middles())
    assert sum(RADIUS_M < metres < 3_000.0002 for metres in lengths) >= 10 * len(middles())
