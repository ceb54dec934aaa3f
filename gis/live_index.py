"""Where every officer is now, in memory: H3 cell → officers, answered exactly.

A ring of H3 cells is not a circle. The cells only bound the search; every candidate is then measured on the
ellipsoid, so the answer equals `ST_DWithin(geography)`.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import Final

import numpy as np
from h3.api import basic_int as h3  # type: ignore[import-untyped]  # the package carries no type marker
from numpy.typing import NDArray

from gis.geodesic import angles, check_radius, nearest_first, pick_within, widest_angle
from gis.position import check_degrees

# 0.74 km² a cell: 3 km takes about 100 of them, few enough to visit and fine enough to leave most strangers out.
_RESOLUTION: Final = 8

# H3 lays its hexagons on the planes of an icosahedron, 0.38196… of the sphere's radius apart at resolution 0 and √7
# times closer at each next. Bringing the plane down to the sphere only shortens, so no corner is farther from the
# middle of its cell than on the plane.
_CELL_RADIUS: Final = 0.38196601125010500003 / math.sqrt(3.0) / math.sqrt(7.0) ** _RESOLUTION  # radians

# A cell costs as much as measuring some 50 officers when the cover must be found, and a few when it is remembered. Past
# that, and in a wide search, going through everybody is cheaper.
_OFFICERS_PER_CELL: Final = 16
_MOST_CELLS: Final = 5_000

_Candidates = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


class LiveIndex:
    """Positions (WGS84 degrees) by an integer key, such as an officer's id; any thread may call anything."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slot_of: dict[int, int] = {}
        self._slots_in: dict[int, set[int]] = {}  # H3 cell -> slots
        self._cell_of: list[int] = []  # by slot
        self._free: list[int] = []
        self._keys = np.zeros(1024, dtype=np.int64)
        self._lons = np.full(1024, np.nan)  # NaN: nobody there
        self._lats = np.full(1024, np.nan)

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, key: int) -> bool:
        return key in self._slot_of

    def get(self, key: int) -> tuple[float, float] | None:
        """Return (lon, lat) of a key, or None."""
        with self._lock:
            slot = self._slot_of.get(key)
            return None if slot is None else (float(self._lons[slot]), float(self._lats[slot]))

    def put(self, key: int, lon: float, lat: float) -> None:
        """Set where a key is now; raises `BadPosition` and changes nothing if that is nowhere."""
        check_degrees(lon, lat)
        cell = h3.latlng_to_cell(lat, lon, _RESOLUTION)
        with self._lock:
            self._put(key, lon, lat, cell)

    def put_many(self, places: Iterable[tuple[int, float, float]]) -> None:
        """Set (key, lon, lat) of many at once: readers see all of them or none; `BadPosition` changes nothing."""
        ready = []
        for key, lon, lat in places:
            check_degrees(lon, lat)
            ready.append((key, lon, lat, h3.latlng_to_cell(lat, lon, _RESOLUTION)))
        with self._lock:
            for entry in ready:
                self._put(*entry)

    def remove(self, key: int) -> None:
        """Forget a key; one that is not there is no error, for going off duty twice is none."""
        with self._lock:
            slot = self._slot_of.pop(key, None)
            if slot is None:
                return
            self._leave_cell(slot)
            self._lons[slot] = self._lats[slot] = np.nan
            self._free.append(slot)

    def within(self, lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]:
        """Return (key, geodesic distance in metres) of all within the radius, nearest first, ties by key."""
        check_degrees(lon, lat)
        check_radius(radius_m)
        keys, lons, lats = self._candidates(lon, lat, radius_m)
        picked, metres = pick_within(lon, lat, lons, lats, radius_m)
        return nearest_first(keys[picked], metres)

    def _put(self, key: int, lon: float, lat: float, cell: int) -> None:
        slot = self._slot_of.get(key)
        if slot is None:
            slot = self._take_slot()
            self._slot_of[key] = slot
            self._keys[slot] = key
            self._enter_cell(slot, cell)
        elif self._cell_of[slot] != cell:
            self._leave_cell(slot)
            self._enter_cell(slot, cell)
        self._lons[slot] = lon
        self._lats[slot] = lat

    def _take_slot(self) -> int:
        if self._free:
            return self._free.pop()
        slot = len(self._cell_of)
        self._cell_of.append(0)
        if slot == len(self._keys):
            self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
            self._lons = np.concatenate([self._lons, np.full_like(self._lons, np.nan)])
            self._lats = np.concatenate([self._lats, np.full_like(self._lats, np.nan)])
        return slot

    def _enter_cell(self, slot: int, cell: int) -> None:
        self._cell_of[slot] = cell
        slots = self._slots_in.get(cell)
        if slots is None:
            self._slots_in[cell] = {slot}
        else:
            slots.add(slot)

    def _leave_cell(self, slot: int) -> None:
        slots = self._slots_in[self._cell_of[slot]]
        slots.discard(slot)
        if not slots:
            del self._slots_in[self._cell_of[slot]]

    def _candidates(self, lon: float, lat: float, radius_m: float) -> _Candidates:
        """Copy out everybody who may be within the radius; the measuring is done without holding up writers."""
        most = min(_MOST_CELLS, len(self._slot_of) // _OFFICERS_PER_CELL)
        cells = None
        if _cells_in(_likely_rings(radius_m)) <= most:
            cells = cells_covering(h3.latlng_to_cell(lat, lon, _RESOLUTION), radius_m)
        with self._lock:
            if cells is None:
                used = len(self._cell_of)
                return self._keys[:used].copy(), self._lons[:used].copy(), self._lats[:used].copy()
            slots: list[int] = []
            for cell in cells:
                if cell in self._slots_in:
                    slots.extend(self._slots_in[cell])
            chosen = np.array(slots, dtype=np.intp)
            return self._keys[chosen], self._lons[chosen], self._lats[chosen]


@lru_cache(maxsize=256)
def cells_covering(middle: int, radius_m: float) -> tuple[int, ...]:
    """Return cells that hold every place within `radius_m` of any place in the cell `middle`.

    Rings are added until one lies wholly outside the circle. A circle is connected and neighbouring cells are never
    more than one ring apart, so nothing beyond such a ring can be inside. This asks nothing about the shape of the
    grid, and therefore holds at pentagons, poles and the antimeridian too.
    """
    lat, lon = h3.cell_to_latlng(middle)
    reach = widest_angle(radius_m) + 2.0 * _CELL_RADIUS  # from cell centre to cell centre

    def meeting(cells: list[int]) -> list[int]:
        centres = np.array([h3.cell_to_latlng(cell) for cell in cells]).reshape(-1, 2)
        near = angles(lon, lat, centres[:, 1], centres[:, 0]) <= reach
        return [cell for cell, meets in zip(cells, near.tolist(), strict=True) if meets]

    rings = _likely_rings(radius_m)
    cells = meeting(h3.grid_disk(middle, rings))
    ring = set(h3.grid_ring(middle, rings)).intersection(cells)
    while ring:
        rings += 1
        ring = set(meeting(h3.grid_ring(middle, rings)))
        cells.extend(ring)
    return tuple(cells)


def _likely_rings(radius_m: float) -> int:
    """How many rings the circle takes as a rule; one too many costs less than one too few."""
    # Seen across a flat side, each ring of hexagons adds one and a half of their outer radii; most cells are a tenth
    # smaller than the largest.
    return math.ceil((widest_angle(radius_m) + 2.0 * _CELL_RADIUS) / (1.5 * 0.9 * _CELL_RADIUS))


def _cells_in(rings: int) -> int:
    return 1 + 3 * rings * (rings + 1)
