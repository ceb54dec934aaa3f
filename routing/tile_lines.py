"""Stretches of road as lines of a tile: projected, simplified and cut to it.

Points are rounded to the tile's units on one grid over the whole world and simplified before they are cut, so what two
neighbouring tiles hold of a stretch is the same line.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from routing.measure import UNITS_PER_DEGREE, Floats, Ints, Longs
from routing.mvt import EXTENT
from routing.network import PreparedNetwork

BUFFER = 64
"""How far lines reach beyond the tile, in its units: 8 pixels, wider than half a road as drawn."""

_NORTHMOST = 85.0511287  # the latitude at which Web Mercator ends, and its world is a square

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TileAddress:
    """A tile of the Web Mercator pyramid; y grows southwards."""

    z: int
    x: int
    y: int

    @classmethod
    def at(cls, lon: float, lat: float, *, zoom: int) -> Self:
        """Return the tile in which a place (degrees) lies."""
        across = 1 << zoom
        row = (0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)) * across
        return cls(zoom, int((lon / 360 + 0.5) * across), int(row))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The box of the tile with its buffer: west, south, east, north in degrees."""
        margin = BUFFER / EXTENT
        west, east = self._lon(self.x - margin), self._lon(self.x + 1 + margin)
        return west, self._lat(self.y + 1 + margin), east, self._lat(self.y - margin)

    def _lon(self, column: float) -> float:
        return column / (1 << self.z) * 360 - 180

    def _lat(self, row: float) -> float:
        return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / (1 << self.z))))))


@dataclass(frozen=True, slots=True)
class TileLines:
    """Line n is `xy[start[n] : start[n + 1]]`, in units of the tile, and a part of the stretch `order[of[n]]`."""

    xy: Ints
    start: Longs
    of: Longs


def lines_in_tile(network: PreparedNetwork, tile: TileAddress, order: Ints, *, tolerance: float) -> TileLines:
    """Return what lies in a tile of the stretches in `order`, simplified to `tolerance` units, in that order.

    A stretch shorter than a unit has no line; its neighbours meet in that point.
    """
    a = network.arrays
    points = a.shape_start[order + 1] - a.shape_start[order]
    # Every segment may be cut out of a line by itself.
    most = 2 * int(points.sum())
    xy, start, of = np.empty((most, 2), np.int32), np.zeros(most // 2 + 1, np.int64), np.empty(most // 2, np.int64)
    longest = int(points.max(initial=0))
    lines = _cut_all(
        order,
        a.shape_start,
        a.shape_xy,
        np.array([EXTENT << tile.z, EXTENT * tile.x, EXTENT * tile.y], np.int64),
        tolerance,
        np.empty((longest, 2)),
        np.empty(longest, np.bool_),
        xy,
        start,
        of,
    )
    return TileLines(xy[: start[lines]], start[: lines + 1], of[:lines])


@compiled
def _project(lon: int, lat: int, place: Longs) -> tuple[float, float]:
    """Return where a point (1e-7 degree) lies from the tile's corner, in whole units of the tile."""
    x = lon / UNITS_PER_DEGREE / 360 + 0.5
    north = np.radians(min(max(lat / UNITS_PER_DEGREE, -_NORTHMOST), _NORTHMOST))
    y = 0.5 - np.log(np.tan(np.pi / 4 + north / 2)) / (2 * np.pi)
    return np.floor(x * place[0] + 0.5) - place[1], np.floor(y * place[0] + 0.5) - place[2]


@compiled
def _simplify(line: Floats, count: int, tolerance: float, kept: Flags) -> None:
    """Mark the points that Douglas and Peucker's rule keeps."""
    kept[:count] = False
    kept[0] = kept[count - 1] = True
    waiting = [(0, count - 1)]
    while len(waiting):
        first, last = waiting.pop()
        x, y = line[first, 0], line[first, 1]
        dx, dy = line[last, 0] - x, line[last, 1] - y
        square = dx * dx + dy * dy
        farthest, gap = 0, tolerance * tolerance
        for point in range(first + 1, last):
            px, py = line[point, 0] - x, line[point, 1] - y
            along = 0.0
            if square > 0.0:
                along = min(max((px * dx + py * dy) / square, 0.0), 1.0)
            away = (px - along * dx) ** 2 + (py - along * dy) ** 2
            if away > gap:
                farthest, gap = point, away
        if farthest:
            kept[farthest] = True
            waiting.append((first, farthest))
            waiting.append((farthest, last))


@compiled
def _shares_inside(x: float, y: float, dx: float, dy: float) -> tuple[float, float]:
    """Return from which share to which share of a segment it lies in the tile (Liang and Barsky); from > to: not."""
    low, high = -float(BUFFER), float(EXTENT + BUFFER)
    start, end = 0.0, 1.0
    for at, step in ((x, dx), (y, dy)):
        if step == 0.0:
            if at < low or at > high:
                return 1.0, 0.0
        else:
            enters, leaves = (low - at) / step, (high - at) / step
            if enters > leaves:
                enters, leaves = leaves, enters
            start, end = max(start, enters), min(end, leaves)
    return start, end


@compiled
def _cut_all(
    order: Ints,
    shape_start: Longs,
    shape_xy: Ints,
    place: Longs,
    tolerance: float,
    line: Floats,
    kept: Flags,
    xy: Ints,
    start: Longs,
    of: Longs,
) -> int:
    """Fill `xy`, `start` and `of`; return how many lines there are."""
    lines, end = 0, 0
    for number in range(len(order)):
        first = shape_start[order[number]]
        count = shape_start[order[number] + 1] - first
        for point in range(count):
            line[point, 0], line[point, 1] = _project(shape_xy[first + point, 0], shape_xy[first + point, 1], place)
        _simplify(line, count, tolerance, kept)
        before = 0
        running = False  # whether the line being written goes on at the next segment
        for point in range(1, count):
            if not kept[point]:
                continue
            x, y = line[before, 0], line[before, 1]
            dx, dy = line[point, 0] - x, line[point, 1] - y
            before = point
            from_share, to_share = _shares_inside(x, y, dx, dy)
            if from_share > to_share:
                continue
            if not running:
                end = start[lines]
                xy[end, 0], xy[end, 1] = round(x + from_share * dx), round(y + from_share * dy)
                end += 1
            new_x, new_y = round(x + to_share * dx), round(y + to_share * dy)
            if new_x != xy[end - 1, 0] or new_y != xy[end - 1, 1]:
                xy[end, 0], xy[end, 1] = new_x, new_y
                end += 1
            running = to_share == 1.0
            if not running and end - start[lines] > 1:
                of[lines] = number
                lines += 1
                start[lines] = end
        if running and end - start[lines] > 1:
            of[lines] = number
            lines += 1
            start[lines] = end
    return lines
