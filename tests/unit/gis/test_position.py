import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import BadPosition
from gis.position import Datum, Position


def test_a_position_is_longitude_first_and_wgs84_unless_said_otherwise() -> None:
    assert Position(119.1, 36.7) == Position(lon=119.1, lat=36.7, datum=Datum.WGS84)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(180.1, 0.0), (-180.1, 0.0), (0.0, 90.1), (0.0, -90.1), (math.nan, 0.0), (0.0, math.nan), (math.inf, 0.0)],
)
def test_what_is_nowhere_on_earth_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(BadPosition, match="lon must lie in"):
        Position(lon, lat)


def test_swapped_coordinates_are_recognised() -> None:
    with pytest.raises(BadPosition, match="longitude comes first"):
        Position(36.7, 119.1)


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(Datum))
def test_everything_on_earth_is_accepted(lon: float, lat: float, datum: Datum) -> None:
    assert Position(lon, lat, datum).datum is datum
