import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.datum import convert, convert_arrays, to_wgs84
from gis.errors import BadPosition
from gis.geodesic import distance_m
from gis.position import Datum, Position

# (lon, lat) to six decimals, so equal within 0.2 m
PLACES = {
    "Jinan": ((117.000923, 36.675807), (117.006770, 36.676078), (117.013153, 36.682402)),
    "Weifang": ((119.107078, 36.709250), (119.113045, 36.709764), (119.119620, 36.715484)),
    "Qingdao": ((120.355173, 36.082982), (120.360283, 36.083227), (120.366657, 36.089583)),
    "Heze": ((115.469381, 35.246531), (115.475269, 35.246179), (115.481779, 35.252079)),
    "Weihai": ((122.116394, 37.509691), (122.121456, 37.510726), (122.127995, 37.516564)),
}
# Well inside the box, so that no shift crosses its edge.
chinese = st.builds(Position, st.floats(73.5, 136.0), st.floats(2.0, 54.5))
shandong = st.builds(Position, st.floats(114.8, 122.7), st.floats(34.4, 38.4))


@pytest.mark.parametrize("place", PLACES)
def test_known_places_convert_both_ways(place: str) -> None:
    twins = dict(zip((Datum.WGS84, Datum.GCJ02, Datum.BD09), PLACES[place], strict=True))
    for source, (lon, lat) in twins.items():
        for target, expected in twins.items():
            got = convert(Position(lon, lat, source), target)
            assert (got.lon, got.lat) == pytest.approx(expected, abs=2e-6)
            assert got.datum is target


def test_gcj02_agrees_with_the_published_vector_to_ten_digits() -> None:
    got = convert(Position(116.377817, 39.911954), Datum.GCJ02)
    assert (got.lon, got.lat) == pytest.approx((116.3840472246, 39.9133454554), abs=1e-9)


@given(chinese, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_a_round_trip_loses_less_than_a_micrometre(position: Position, datum: Datum) -> None:
    assert distance_m(to_wgs84(convert(position, datum)), position) < 1e-6


@given(chinese)
def test_baidu_and_amap_convert_directly_as_by_way_of_wgs84(position: Position) -> None:
    baidu = convert(position, Datum.BD09)
    direct, detour = convert(baidu, Datum.GCJ02), convert(to_wgs84(baidu), Datum.GCJ02)
    assert distance_m(direct, detour) < 1e-6


@given(shandong)
def test_the_shift_in_shandong_has_the_known_size(position: Position) -> None:
    def shift_m(datum: Datum) -> float:
        moved = convert(position, datum)
        return distance_m(position, Position(moved.lon, moved.lat))

    assert 399 < shift_m(Datum.GCJ02) < 573
    assert 1113 < shift_m(Datum.BD09) < 1382


@given(st.builds(Position, st.floats(-180, 180), st.floats(-90, 90)))
def test_cgcs2000_is_wgs84(position: Position) -> None:
    twin = convert(position, Datum.CGCS2000)
    assert (twin.lon, twin.lat, twin.datum) == (position.lon, position.lat, Datum.CGCS2000)
    assert to_wgs84(twin) == position


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(Datum), st.sampled_from(Datum))
def test_conversion_never_leaves_the_earth(lon: float, lat: float, source: Datum, target: Datum) -> None:
    assert convert(Position(lon, lat, source), target).datum is target


@pytest.mark.parametrize(("lon", "lat"), [(-0.1276, 51.5072), (151.2, -33.9), (139.7, 35.7)])
def test_outside_china_nothing_is_shifted(lon: float, lat: float) -> None:
    for datum in Datum:
        assert to_wgs84(Position(lon, lat, datum)) == Position(lon, lat)


def test_arrays_convert_like_single_places_and_stay_untouched() -> None:
    lons, lats = np.array([117.0, -70.0, 122.1]), np.array([36.6, -33.4, 37.5])
    before = lons.copy(), lats.copy()
    got_lons, got_lats = convert_arrays(lons, lats, Datum.WGS84, Datum.BD09)
    for row in range(3):
        one = convert(Position(lons[row], lats[row]), Datum.BD09)
        assert (one.lon, one.lat) == (got_lons[row], got_lats[row])
    assert (lons == before[0]).all()
    assert (lats == before[1]).all()


def test_no_place_converts_to_no_place() -> None:
    lons, lats = convert_arrays([], [], Datum.BD09, Datum.WGS84)
    assert (lons.size, lats.size) == (0, 0)


def test_a_bad_row_is_named() -> None:
    with pytest.raises(BadPosition, match="place 1: lon nan"):
        convert_arrays([117.0, float("nan")], [36.0, 36.0], Datum.GCJ02, Datum.WGS84)
    with pytest.raises(BadPosition, match="2 longitudes but 1 latitudes"):
        convert_arrays([117.0, 118.0], [36.0], Datum.GCJ02, Datum.WGS84)
