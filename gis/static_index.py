"""Places that stay: an R-tree over enterprises, points or stations, built once and never changed."""

from threading import Lock

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rtree import index as rtree

from gis.geodesic import check_radius, distances_m, nearest_first, pick_within, widest_angle
from gis.position import check_all_degrees, check_degrees

_Floats = NDArray[np.float64]


class StaticIndex:
    """Fixed places (WGS84 degrees) by integer keys, answered exactly on the ellipsoid; may be shared between threads.

    The tree holds points of the unit sphere, not degrees. There a circle is the same everywhere: no seam at the
    antimeridian, no infinite parallels at the poles, and straight-line order is order by angle.
    """

    def __init__(self, keys: ArrayLike, lons: ArrayLike, lats: ArrayLike) -> None:
        """Load all places in bulk; the three must be of one length. Raises `BadPosition` for a place not on Earth."""
        self._keys = np.array(keys, dtype=np.int64)
        self._lons, self._lats = np.array(lons, dtype=np.float64), np.array(lats, dtype=np.float64)
        check_all_degrees(self._lons, self._lats)
        if self._keys.shape != self._lons.shape:
            raise ValueError(f"{self._keys.size} keys for {self._lons.size} places")
        self._tree = _load(_on_sphere(self._lons, self._lats)) if self._keys.size else None
        # libspatialindex keeps state inside a tree while it searches: two threads at once would spoil each other's
        # answer.
        self._lock = Lock()

    def __len__(self) -> int:
        return int(self._keys.size)

    def within(self, lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]:
        """Return (key, geodesic distance in metres) of all within the radius, nearest first, ties by key."""
        check_degrees(lon, lat)
        check_radius(radius_m)
        rows = self._rows_near(lon, lat, radius_m)
        picked, metres = pick_within(lon, lat, self._lons[rows], self._lats[rows], radius_m)
        return nearest_first(self._keys[rows[picked]], metres)

    def nearest(self, lon: float, lat: float, count: int = 1) -> list[tuple[int, float]]:
        """Return the `count` nearest as (key, geodesic distance in metres), nearest first, ties by key."""
        check_degrees(lon, lat)
        if self._tree is None or count < 1:
            return []
        middle = _on_sphere(np.array([lon]), np.array([lat]))[0]
        with self._lock:
            rows = np.fromiter(self._tree.nearest((*middle, *middle), count), dtype=np.intp)
        # By angle, not yet by metres: but nobody who is nearer than the farthest of these can be missing within its
        # distance.
        farthest_m = float(distances_m(lon, lat, self._lons[rows], self._lats[rows]).max())
        return self.within(lon, lat, farthest_m)[:count]

    def in_box(self, west: float, south: float, east: float, north: float) -> list[int]:
        """Return the keys inside a box, edges included, ascending. West > east means across the antimeridian."""
        check_degrees(west, south)
        check_degrees(east, north)
        # Comparing two columns takes 1 ms for a quarter of a million places: less than fetching a city's worth from
        # the tree.
        if west <= east:
            across = (self._lons >= west) & (self._lons <= east)
        else:
            across = (self._lons >= west) | (self._lons <= east)
        inside = across & (self._lats >= south) & (self._lats <= north)
        keys: list[int] = np.sort(self._keys[inside]).tolist()
        return keys

    def _rows_near(self, lon: float, lat: float, radius_m: float) -> NDArray[np.intp]:
        """Return a superset of the rows within the radius: what the box around the circle holds."""
        if self._tree is None:
            return np.empty(0, dtype=np.intp)
        chord = 2.0 * np.sin(min(widest_angle(radius_m), np.pi) / 2.0)
        middle = _on_sphere(np.array([lon]), np.array([lat]))[0]
        with self._lock:
            return np.fromiter(self._tree.intersection((*(middle - chord), *(middle + chord))), dtype=np.intp)


def _load(points: _Floats) -> rtree.Index:
    properties = rtree.Property(dimension=3, leaf_capacity=100, index_capacity=100)
    return rtree.Index((np.arange(len(points)), points, points), properties=properties)


def _on_sphere(lons: _Floats, lats: _Floats) -> _Floats:
    lam, phi = np.radians(lons), np.radians(lats)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
