"""A place on Earth, with its datum in the type."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gis.errors import BadPosition


class Datum(StrEnum):
    """The coordinate systems that reach us. `gis.datum` converts between them."""

    WGS84 = "wgs84"  # EPSG:4326: GPS, OpenStreetMap, everything we store
    CGCS2000 = "cgcs2000"  # EPSG:4490: surveying law, Tianditu
    GCJ02 = "gcj02"  # 火星坐标: Amap, Tencent
    BD09 = "bd09"  # Baidu


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees, longitude first. Raises `BadPosition` for what lies nowhere on Earth."""

    lon: float
    lat: float
    datum: Datum = Datum.WGS84

    def __post_init__(self) -> None:
        check_degrees(self.lon, self.lat)


def check_degrees(lon: float, lat: float) -> None:
    """Raise `BadPosition` unless the degrees name a place; says so when the two look swapped."""
    # Written so that a NaN, which compares false with everything, is refused as well.
    if -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0:
        return
    hint = "; longitude comes first" if -90.0 <= lon <= 90.0 and 90.0 < abs(lat) <= 180.0 else ""
    raise BadPosition(f"lon {lon}, lat {lat}: lon must lie in -180…180 and lat in -90…90 degrees{hint}")


def check_all_degrees(lons: NDArray[np.float64], lats: NDArray[np.float64]) -> None:
    """Raise `BadPosition` with the index of the first of many places that is not on Earth."""
    if lons.shape != lats.shape:
        raise BadPosition(f"{lons.size} longitudes but {lats.size} latitudes")
    wrong = ~((np.abs(lons) <= 180.0) & (np.abs(lats) <= 90.0))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise BadPosition(
            f"place {at}: lon {lons.flat[at]}, lat {lats.flat[at]}; lon must lie in -180…180 and lat in -90…90 degrees"
        )
