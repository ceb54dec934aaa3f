"""Where every officer is now, in memory: a grid of small cells, answered exactly.

The cells only bound the search; whoever stands in one of them is then measured on the ellipsoid, so the answer equals
`ST_DWithin(geography)`. Squares of degrees rather than hexagons: the cells that a circle meets are then two ranges of
whole numbers, where finding the hexagons costs as much as all the measuring.
"""

import math
from collections.abc import Iterable
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gis.compiled import compiled
from gis.geodesic import check_radius, distances_m, nearest_first, pick_within, widest_angle
from gis.position import check_all_degrees, check_degrees
from gis.short_geodesic import HIGHEST_LATITUDE, ROUNDING_M, SHORT_M, short_m

_PER_DEGREE: Final = 100.0  # a cell is 1.1 km high
_COLUMNS: Final = 36_000
_NOWHERE: Final = -1
# An empty cell costs about as much as looking at this many officers; below a few dozen cells nobody would notice.
_OFFICERS_PER_CELL: Final = 16
_FEW_CELLS: Final = 64

_Floats = NDArray[np.float64]
_Longs = NDArray[np.int64]
_Ints = NDArray[np.int32]


class LiveIndex:
    """Positions (WGS84 degrees) by an integer key, such as an officer's id; any thread may call anything.

    One lock guards everything. It is held for microseconds: to link a place into its cell, or to gather and measure
    those near a place, which is done without the interpreter's lock. A search too wide for the grid copies the
    positions under the lock and measures the copy.

    Takes 48 bytes a row, of which there are at most twice as many as officers, and the dictionary of their keys.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._slot_of: dict[int, int] = {}
        self._used = 0
        self._free: list[int] = []
        self._keys: _Longs = np.empty(0, np.int64)
        self._lons: _Floats = np.empty(0)
        self._lats: _Floats = np.empty(0)
        self._make_room(1024)

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
        with self._lock:
            slot = self._slot(key)
            _move(self._first, self._next, self._before, self._cells, self._lons, self._lats, slot, lon, lat)

    def put_many(self, places: Iterable[tuple[int, float, float]]) -> None:
        """Set (key, lon, lat) of many at once: readers see all of them or none; `BadPosition` changes nothing."""
        columns = list(zip(*places, strict=True))
        if not columns:
            return
        keys, lons, lats = columns[0], np.array(columns[1], np.float64), np.array(columns[2], np.float64)
        check_all_degrees(lons, lats)
        with self._lock:
            slots = np.array([self._slot(key) for key in keys], np.int64)
            _move_many(self._first, self._next, self._before, self._cells, self._lons, self._lats, slots, lons, lats)

    def remove(self, key: int) -> None:
        """Forget a key; one that is not there is no error, for going off duty twice is none."""
        with self._lock:
            slot = self._slot_of.pop(key, None)
            if slot is None:
                return
            _unlink(self._first, self._next, self._before, self._cells, slot)
            self._cells[slot] = _NOWHERE
            self._lons[slot] = self._lats[slot] = math.nan
            self._free.append(slot)

    def within(self, lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]:
        """Return (key, geodesic distance in metres) of all within the radius, nearest first, ties by key."""
        check_degrees(lon, lat)
        check_radius(radius_m)
        reach = _reach(lat, radius_m)
        if reach is None or _cells_within(*reach) > max(len(self._slot_of) // _OFFICERS_PER_CELL, _FEW_CELLS):
            return self._among_all(lon, lat, radius_m)
        with self._lock:
            keys, lons, lats, metres = _gather(
                self._first, self._next, self._cells, self._keys, self._lons, self._lats, lon, lat, *reach, radius_m
            )
        near_edge = np.flatnonzero(np.abs(metres - radius_m) <= ROUNDING_M)
        if len(near_edge):
            metres[near_edge] = distances_m(lon, lat, lons[near_edge], lats[near_edge])
            keys, metres = keys[metres <= radius_m], metres[metres <= radius_m]
        return nearest_first(keys, metres)

    def _among_all(self, lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]:
        with self._lock:
            used = self._used
            keys, lons, lats = self._keys[:used].copy(), self._lons[:used].copy(), self._lats[:used].copy()
        picked, metres = pick_within(lon, lat, lons, lats, radius_m)
        return nearest_first(keys[picked], metres)

    def _slot(self, key: int) -> int:
        """Return the row of a key, a new one if it has none."""
        slot = self._slot_of.get(key)
        if slot is not None:
            return slot
        if self._free:
            slot = self._free.pop()
        else:
            slot = self._used
            if slot == len(self._keys):
                self._make_room(2 * slot)
            self._used += 1
        self._slot_of[key] = slot
        self._keys[slot] = key
        return slot

    def _make_room(self, size: int) -> None:
        """Make all columns `size` long and link everybody anew, two lists for each row."""
        before = self._used
        keys, lons, lats = np.zeros(size, np.int64), np.full(size, np.nan), np.full(size, np.nan)
        keys[:before], lons[:before], lats[:before] = self._keys, self._lons, self._lats
        self._keys, self._lons, self._lats = keys, lons, lats
        self._cells = np.full(size, _NOWHERE, np.int64)
        self._next, self._before = np.full(size, _NOWHERE, np.int32), np.full(size, _NOWHERE, np.int32)
        self._first = np.full(2 * size, _NOWHERE, np.int32)
        present = np.flatnonzero(~np.isnan(lons))
        _move_many(
            self._first, self._next, self._before, self._cells, lons, lats, present, lons[present], lats[present]
        )


def _reach(lat: float, radius_m: float) -> tuple[float, float] | None:
    """Return how many degrees of longitude and latitude a circle reaches from its middle; None where only a walk
    through everybody will do: near the poles, and where the short way of measuring does not hold.
    """
    angle = widest_angle(radius_m)
    high = math.degrees(angle)
    if radius_m > SHORT_M or abs(lat) + high > HIGHEST_LATITUDE:
        return None
    # The widest part of a circle on a sphere lies a little poleward of its middle.
    return math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(lat)))), high


def _cells_within(wide: float, high: float) -> int:
    return int((2.0 * wide * _PER_DEGREE + 1.0) * (2.0 * high * _PER_DEGREE + 1.0))


@compiled
def _number(row: int, column: int) -> int:
    """Return the number of a cell, above `_NOWHERE`; columns go round the Earth."""
    return (row + 90 * int(_PER_DEGREE)) * _COLUMNS + column % _COLUMNS


@compiled
def _list_of(cell: int, lists: int) -> int:
    """Return which of the lists (a power of two of them) holds a cell; neighbours in a row stand in neighbours."""
    return (cell + (cell // _COLUMNS) * 7_919) & (lists - 1)


@compiled
def _unlink(first: _Ints, after: _Ints, before: _Ints, cells: _Longs, slot: int) -> None:
    """Take a row out of its cell's list."""
    if after[slot] >= 0:
        before[after[slot]] = before[slot]
    if before[slot] >= 0:
        after[before[slot]] = after[slot]
    else:
        first[_list_of(cells[slot], len(first))] = after[slot]


@compiled
def _move(
    first: _Ints, after: _Ints, before: _Ints, cells: _Longs, lons: _Floats, lats: _Floats,
    slot: int, lon: float, lat: float,
) -> None:  # fmt: skip
    """Set where the officer of a row is."""
    cell = _number(math.floor(lat * _PER_DEGREE), math.floor(lon * _PER_DEGREE))
    if cells[slot] != cell:
        if cells[slot] != _NOWHERE:
            _unlink(first, after, before, cells, slot)
        here = _list_of(cell, len(first))
        cells[slot] = cell
        after[slot], before[slot] = first[here], _NOWHERE
        if first[here] >= 0:
            before[first[here]] = slot
        first[here] = slot
    lons[slot] = lon
    lats[slot] = lat


@compiled
def _move_many(
    first: _Ints, after: _Ints, before: _Ints, cells: _Longs, lons: _Floats, lats: _Floats,
    slots: _Longs, to_lons: _Floats, to_lats: _Floats,
) -> None:  # fmt: skip
    for number in range(len(slots)):
        _move(first, after, before, cells, lons, lats, slots[number], to_lons[number], to_lats[number])


@compiled
def _gather(
    first: _Ints, after: _Ints, cells: _Longs, keys: _Longs, lons: _Floats, lats: _Floats,
    lon: float, lat: float, wide: float, high: float, radius_m: float,
) -> tuple[_Longs, _Floats, _Floats, _Floats]:  # fmt: skip
    """Return key, place and distance of everybody within the radius or a rounding error beyond."""
    found, metres, count = np.empty(64, np.int64), np.empty(64), 0
    for row in range(math.floor((lat - high) * _PER_DEGREE), math.floor((lat + high) * _PER_DEGREE) + 1):
        for column in range(math.floor((lon - wide) * _PER_DEGREE), math.floor((lon + wide) * _PER_DEGREE) + 1):
            cell = _number(row, column)
            slot = first[_list_of(cell, len(first))]
            while slot >= 0:
                here, slot = slot, after[slot]
                if cells[here] != cell or abs(lats[here] - lat) > high or wide < abs(lons[here] - lon) < 360.0 - wide:
                    continue
                away = short_m(lon, lat, lons[here], lats[here])
                if away <= radius_m + ROUNDING_M:
                    if count == len(found):
                        found = np.concatenate((found, np.empty(count, np.int64)))
                        metres = np.concatenate((metres, np.empty(count)))
                    found[count], metres[count] = here, away
                    count += 1
    slots = found[:count]
    return keys[slots], lons[slots], lats[slots], metres[:count]
