"""Conversion between the coordinate systems in use in China: WGS84, CGCS2000, GCJ-02 and BD-09.

**CGCS2000 is taken as equal to WGS84.** Both are geocentric, and their ellipsoids differ by a tenth of a
millimetre; what separates them is the epoch of the frame, which plate motion has turned into less than about a
metre. That is far below the accuracy of a phone, and no official transformation can be applied without knowing the
epoch of the data.

GCJ-02 shifts WGS84 by a smooth function, 400 to 570 m in Shandong; BD-09 shifts GCJ-02 again. The formulas are the
published ones: they reproduce the map vendors to about a metre, not better. Both inverses are iterated to below a
micrometre against our own forward formula, so that a round trip loses nothing.

The shift exists only inside a box around China, judged by the coordinate as given; outside it all four are equal.
Within a shift's length (0.6 km for GCJ-02, 1.4 km for BD-09) of the edge of that box, a round trip is not defined:
no bureau has its enterprises there.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.position import Datum, Position, check_all_degrees

Floats = NDArray[np.float64]
_Pair = tuple[Floats, Floats]

WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271  # where the shift applies, degrees

_A = 6_378_245.0  # semi-major axis of the Krasovsky ellipsoid, metres
_EE = 0.00669342162296594323  # its first eccentricity squared
_BD_LON, _BD_LAT = 0.0065, 0.006
_BD_WAVE = np.pi * 3000.0 / 180.0

_ENOUGH = 1e-13  # degrees: 1e-8 m
_MAX_ROUNDS = 30  # Shandong needs 4; a cap, because equality to the last bit may flicker for ever


def to_wgs84(position: Position) -> Position:
    """Return the same place in WGS84."""
    return convert(position, Datum.WGS84)


def convert(position: Position, datum: Datum) -> Position:
    """Return the same place in another datum."""
    if _same(position.datum, datum):
        return Position(position.lon, position.lat, datum)
    lons, lats = convert_arrays([position.lon], [position.lat], position.datum, datum)
    return Position(float(lons[0]), float(lats[0]), datum)


def convert_arrays(lon: ArrayLike, lat: ArrayLike, source: Datum, target: Datum) -> _Pair:
    """Convert many places at once; degrees in, degrees out, the inputs stay as they are.

    Raises `BadPosition` with the index of the first place that is not on Earth.
    """
    lons, lats = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    check_all_degrees(lons, lats)
    if _same(source, target):
        return lons, lats
    # Everything goes by way of GCJ-02 or WGS84, whichever of the two steps are needed.
    if source is Datum.BD09:
        lons, lats = _inside_box(lons, lats, lambda x, y: _invert(_gcj_to_bd, x, y))
    if source in (Datum.BD09, Datum.GCJ02) and target not in (Datum.BD09, Datum.GCJ02):
        lons, lats = _inside_box(lons, lats, lambda x, y: _invert(_wgs_to_gcj, x, y))
    if source not in (Datum.BD09, Datum.GCJ02):
        lons, lats = _inside_box(lons, lats, _wgs_to_gcj)
    if target is Datum.BD09:
        lons, lats = _inside_box(lons, lats, _gcj_to_bd)
    return lons, lats


def _same(one: Datum, other: Datum) -> bool:
    equal = (Datum.WGS84, Datum.CGCS2000)
    return one is other or (one in equal and other in equal)


def _inside_box(lons: Floats, lats: Floats, shift: Callable[[Floats, Floats], _Pair]) -> _Pair:
    inside = (lons >= WEST) & (lons <= EAST) & (lats >= SOUTH) & (lats <= NORTH)
    if inside.any():
        lons[inside], lats[inside] = shift(lons[inside], lats[inside])
    return lons, lats


def _wgs_to_gcj(lon: Floats, lat: Floats) -> _Pair:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + (ripple + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
        + (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    east = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + (ripple + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
        + (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    )  # fmt: skip
    phi = np.radians(lat)
    w2 = 1.0 - _EE * np.sin(phi) ** 2
    meridian_m = _A * (1.0 - _EE) / (w2 * np.sqrt(w2))
    parallel_m = _A / np.sqrt(w2) * np.cos(phi)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _gcj_to_bd(lon: Floats, lat: Floats) -> _Pair:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD_WAVE)
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT


def _invert(shift: Callable[[Floats, Floats], _Pair], lon: Floats, lat: Floats) -> _Pair:
    """Find what `shift` moves to (lon, lat): correct the guess by its error; each round gains two to three digits."""
    guess_lon, guess_lat = lon.copy(), lat.copy()
    for _ in range(_MAX_ROUNDS):
        shifted_lon, shifted_lat = shift(guess_lon, guess_lat)
        error_lon, error_lat = shifted_lon - lon, shifted_lat - lat
        guess_lon -= error_lon
        guess_lat -= error_lat
        if max(np.abs(error_lon).max(), np.abs(error_lat).max()) < _ENOUGH:
            break
    return guess_lon, guess_lat
