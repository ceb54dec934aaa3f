import csv
import json
from pathlib import Path

import numpy as np
import pytest
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, box
from shapely.geometry import shape

from gis.errors import BadPosition, OutsideRegions
from gis.geodesic import distance_m
from gis.position import Position
from gis.regions import Placement, Region, RegionIndex, load_regions
from gis.tables import RegionRow


@pytest.fixture
def two_counties() -> RegionIndex:
    """Neighbours with a border on 118° E, given in the wrong order on purpose, and the city around them."""
    return RegionIndex(
        [
            Region("370702", "east", "county", "370700", box(118, 36, 119, 37)),
            Region("370701", "west", "county", "370700", box(117, 36, 118, 37)),
            Region("370700", "city", "city", "370000", box(117, 36, 119, 37)),
        ]
    )


def test_a_place_is_in_the_county_that_holds_it(two_counties: RegionIndex) -> None:
    assert two_counties.locate(117.5, 36.5) == Placement("370701")
    assert two_counties.locate(118.5, 36.5) == Placement("370702")


def test_a_place_on_the_border_is_always_in_the_county_of_the_lower_code(two_counties: RegionIndex) -> None:
    assert two_counties.locate(118.0, 36.5) == Placement("370701")
    assert two_counties.locate(118.0, 37.0) == Placement("370701")
    assert two_counties.locate_many([118.0] * 3, [36.0, 36.5, 37.0]) == [Placement("370701")] * 3


def test_a_place_off_the_coast_is_in_the_nearest_county(two_counties: RegionIndex) -> None:
    found = two_counties.locate(119.1, 36.5)
    assert found.adcode == "370702"
    assert found.offshore_m == pytest.approx(distance_m(Position(119.1, 36.5), Position(119.0, 36.5)), rel=1e-3)


def test_a_place_off_the_end_of_a_border_is_in_the_county_of_the_lower_code(two_counties: RegionIndex) -> None:
    assert two_counties.locate(118.0, 37.05).adcode == "370701"


def test_a_place_too_far_from_every_county_is_refused(two_counties: RegionIndex) -> None:
    with pytest.raises(OutsideRegions, match="more than 20 km from every county"):
        two_counties.locate(119.5, 36.5)
    assert two_counties.locate(119.5, 36.5, limit_m=50_000).adcode == "370702"
    with pytest.raises(OutsideRegions, match=r"more than 0\.5 km"):
        two_counties.locate(119.01, 36.5, limit_m=500)
    with pytest.raises(BadPosition, match="longitude comes first"):
        two_counties.locate(36.5, 118.0)


def test_many_places_are_located_like_one(two_counties: RegionIndex) -> None:
    lons, lats = np.linspace(116.5, 119.5, 61), np.full(61, 36.99)
    for lon, lat, found in zip(lons, lats, two_counties.locate_many(lons, lats), strict=True):
        if found is None:
            with pytest.raises(OutsideRegions):
                two_counties.locate(lon, lat)
        else:
            assert two_counties.locate(lon, lat) == found


def test_an_index_without_regions_holds_nothing() -> None:
    nowhere = RegionIndex([])
    assert nowhere.locate_many([118.0], [36.0]) == [None]
    assert nowhere.locate_many([], []) == []
    with pytest.raises(OutsideRegions):
        nowhere.locate(118.0, 36.0)


def test_regions_of_every_level_are_found_by_code(two_counties: RegionIndex) -> None:
    assert two_counties.by_adcode["370700"].name == "city"
    assert len(two_counties) == 3


class FakeSession:
    """Answers any query with the rows it was given."""

    def __init__(self, rows: list[RegionRow]) -> None:
        self.rows = rows

    async def scalars(self, _: object) -> "FakeSession":
        return self

    def all(self) -> list[RegionRow]:
        return self.rows


async def test_regions_are_read_from_the_database() -> None:
    geom = from_shape(MultiPolygon([box(117, 36, 118, 37)]), srid=4326)
    session = FakeSession([RegionRow(adcode="370701", name="west", level="county", parent="370700", geom=geom)])
    index = await load_regions(session)  # type: ignore[arg-type]
    assert index.by_adcode["370701"].name == "west"
    assert index.locate(117.5, 36.5) == Placement("370701")


@pytest.fixture(scope="module")
def shandong(shared: Path) -> RegionIndex:
    features = json.loads((shared / "data/boundaries/shandong_county.geojson").read_text("utf-8"))["features"]
    return RegionIndex(
        (str(row["properties"]["adcode"]), row["properties"]["name"], "county", None, shape(row["geometry"]))
        for row in features
    )


def test_every_national_air_station_is_in_its_county(shandong: RegionIndex, shared: Path) -> None:
    with (shared / "data/points/cnemc_stations_shandong_2019.csv").open(encoding="utf-8") as file:
        stations = list(csv.DictReader(file))
    offshore = {}
    for station in stations:
        found = shandong.locate(float(station["Longitude"]), float(station["Latitude"]))
        if found.offshore_m:
            offshore[station["StationCode"]] = found
        else:
            assert found.adcode == station["county_adcode"]
    assert len(stations) == 100
    assert {code: found.adcode for code, found in offshore.items()} == {"1312A": "370202", "1663A": "371002"}
    assert all(found.offshore_m < 1_300 for found in offshore.values())


def test_kuiwen_holds_its_reference_place(shandong: RegionIndex) -> None:
    assert shandong.locate(119.16, 36.71) == Placement("370705")
