"""Distances on the WGS84 ellipsoid, and the cheap bounds that spare most of them.

The exact distance is GeographicLib's geodesic (through pyproj), good to nanometres for every pair, antipodes
included. PostGIS measures `geography` with the same algorithm but turns degrees into radians and back first: over
20,000 pairs the two differed by at most 1.2e-8 m. `ST_DWithin` is then `distance <= radius`, as here; so only a
pair within 1e-7 m of the radius could ever be told apart by the two.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from gis.errors import BadRadius
from gis.position import Position

Floats = NDArray[np.float64]

_GEOD: Final = Geod(ellps="WGS84")

# Take geodetic degrees for degrees on a unit sphere. Along any path, a metre on the ellipsoid is then between
# 1/LONGEST and 1/SHORTEST of a radian, because the radii of curvature of WGS84 lie between a(1-e²), along the
# meridian at the equator, and a/√(1-e²), at the poles. So SHORTEST·angle <= distance <= LONGEST·angle for every
# pair, however far apart.
SHORTEST_RADIUS_M: Final = 6_335_439.32
LONGEST_RADIUS_M: Final = 6_399_593.63

_SLACK_M: Final = 1.0  # far more than the rounding of `angles`, which is worst (0.1 m) near the antipode


def distance_m(one: Position, other: Position) -> float:
    """Return the geodesic distance in metres; both must be given in the same datum."""
    if one.datum is not other.datum:
        raise ValueError(f"distance between {one.datum} and {other.datum}: convert one of them first")
    return float(_GEOD.inv(one.lon, one.lat, other.lon, other.lat)[2])


def distances_m(lon: float, lat: float, lons: ArrayLike, lats: ArrayLike) -> Floats:
    """Return the geodesic distances in metres from one place to many (degrees, WGS84)."""
    to_lons, to_lats = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    if to_lons.size == 0:
        return np.empty(to_lons.shape)
    from_lons, from_lats = np.full(to_lons.shape, lon), np.full(to_lats.shape, lat)
    _, _, metres = _GEOD.inv(from_lons, from_lats, to_lons, to_lats)
    return np.asarray(metres, dtype=np.float64)


def angles(lon: float, lat: float, lons: Floats, lats: Floats) -> Floats:
    """Return the angles in radians between one place and many, on the sphere of geodetic degrees (haversine)."""
    phi, phis = math.radians(lat), np.radians(lats)
    half_lat = np.sin((phis - phi) / 2.0)
    half_lon = np.sin(np.radians(lons - lon) / 2.0)
    squared = half_lat * half_lat + math.cos(phi) * np.cos(phis) * half_lon * half_lon
    return np.asarray(2.0 * np.arcsin(np.sqrt(np.minimum(squared, 1.0))))


def widest_angle(radius_m: float) -> float:
    """Return an angle (radians, on the sphere of geodetic degrees) that no pair within `radius_m` exceeds."""
    return (radius_m + _SLACK_M) / SHORTEST_RADIUS_M


def pick_within(lon: float, lat: float, lons: Floats, lats: Floats, radius_m: float) -> tuple[NDArray[np.intp], Floats]:
    """Return which of many places lie within the radius, as indices, and their geodesic distances in metres.

    A place with a NaN coordinate is never within. The cheap angle throws out what is certainly too far; whatever it
    leaves is measured exactly.
    """
    near = np.flatnonzero(angles(lon, lat, lons, lats) <= widest_angle(radius_m))
    metres = distances_m(lon, lat, lons[near], lats[near])
    inside = metres <= radius_m
    return near[inside], metres[inside]


def nearest_first(keys: NDArray[np.int64], metres: Floats) -> list[tuple[int, float]]:
    """Return (key, distance) pairs, nearest first; equal distances in the order of their keys."""
    order = np.lexsort((keys, metres))
    return list(zip(keys[order].tolist(), metres[order].tolist(), strict=True))


def check_radius(radius_m: float) -> None:
    """Raise `BadRadius` unless the radius is finite and not negative."""
    if not 0.0 <= radius_m < math.inf:
        raise BadRadius(f"radius_m must be a finite number of metres, 0 or more, not {radius_m}")
