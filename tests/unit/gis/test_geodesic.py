import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from gis.geodesic import LONGEST_RADIUS_M, SHORTEST_RADIUS_M, angles, distance_m, distances_m, nearest_first
from gis.position import Datum, Position
from gis.short_geodesic import HIGHEST_LATITUDE, SHORT_M, short_m

lon, lat = st.floats(-180, 180), st.floats(-90, 90)


def test_a_degree_of_meridian_at_the_equator_and_at_the_pole() -> None:
    assert distance_m(Position(0, 0), Position(0, 1)) == pytest.approx(110_574.389, abs=1e-3)
    assert distance_m(Position(0, 89), Position(0, 90)) == pytest.approx(111_693.865, abs=1e-3)


def test_all_longitudes_meet_at_the_pole() -> None:
    assert distance_m(Position(0, 90), Position(120, 90)) == pytest.approx(0, abs=1e-8)


def test_places_in_different_datums_are_not_measured() -> None:
    with pytest.raises(ValueError, match="convert one of them first"):
        distance_m(Position(117, 36), Position(117, 36, Datum.GCJ02))


def test_many_at_once_are_measured_like_one() -> None:
    lons, lats = np.array([117.1, -179.9]), np.array([36.2, -80.0])
    one_by_one = [distance_m(Position(117, 36), Position(*place)) for place in zip(lons, lats, strict=True)]
    assert distances_m(117, 36, lons, lats).tolist() == one_by_one
    assert distances_m(117, 36, [], []).size == 0


@given(lon, lat, lon, lat)
def test_the_cheap_bounds_hold_for_every_pair(lon: float, lat: float, other_lon: float, other_lat: float) -> None:
    there = np.array([other_lon]), np.array([other_lat])
    angle, metres = angles(lon, lat, *there)[0], distances_m(lon, lat, *there)[0]
    assert angle * SHORTEST_RADIUS_M - 0.5 <= metres <= angle * LONGEST_RADIUS_M + 0.5


def test_equal_distances_come_in_the_order_of_their_keys() -> None:
    assert nearest_first(np.array([9, 3, 5]), np.array([2.0, 2.0, 1.0])) == [(5, 1.0), (3, 2.0), (9, 2.0)]


@given(
    lon,
    st.floats(-HIGHEST_LATITUDE + 0.3, HIGHEST_LATITUDE - 0.3),
    st.floats(0, 360),
    st.one_of(st.floats(0, 10), st.floats(0, SHORT_M)),
)
def test_the_short_way_of_measuring_equals_the_library(
    here_lon: float, here_lat: float, azimuth: float, metres: float
) -> None:
    there_lon, there_lat, _ = Geod(ellps="WGS84").fwd(here_lon, here_lat, azimuth, metres)
    library = distances_m(here_lon, here_lat, [there_lon], [there_lat])[0]
    assert short_m(here_lon, here_lat, there_lon, there_lat) == pytest.approx(library, rel=0, abs=1e-8)
