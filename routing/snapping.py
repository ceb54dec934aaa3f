"""From a place to the nearest point of a road: which stretch, how far along it, on which side, how far away.

Distances are measured on a plane laid at the place itself, which over the 2 km limit is exact to well under a metre.
Closures do not move the nearest road: an officer who stands on a closed road stands there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Floats, Ints, Longs
from routing.network import PreparedNetwork

LIMIT_M = 2000.0
BESIDE_M = 25.0
"""So near counts as on the road: half a wide road and the error of a good fix."""
WALKING_MPS = 5 / 3.6

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Snap:
    """The nearest road point to a place.

    `fraction` runs along the stretch as drawn, 0 to 1 by length; `side` is where the place lies, seen in that
    direction.
    """

    shape: int
    fraction: float
    distance_m: float
    side: Literal["left", "right"]
    lon: float
    lat: float

    @property
    def walk_ms(self) -> int:
        """Time on foot between the place and the road, at 5 km/h, beyond the first `BESIDE_M`."""
        return round(max(self.distance_m - BESIDE_M, 0.0) / WALKING_MPS * 1000)


@dataclass(frozen=True, slots=True)
class Snaps:
    """`Snap`s of many places as columns; `shape` is -1 where no road lies within the limit."""

    shape: Ints
    fraction: Floats
    distance_m: Floats
    left: npt.NDArray[np.bool_]
    lonlat: Floats

    def __getitem__(self, number: int) -> Snap | None:
        if self.shape[number] < 0:
            return None
        return Snap(
            shape=int(self.shape[number]),
            fraction=float(self.fraction[number]),
            distance_m=float(self.distance_m[number]),
            side="left" if self.left[number] else "right",
            lon=float(self.lonlat[number, 0]),
            lat=float(self.lonlat[number, 1]),
        )

    @property
    def walk_ms(self) -> Longs:
        seconds = np.maximum(self.distance_m - BESIDE_M, 0.0) / WALKING_MPS
        return np.where(self.shape >= 0, np.rint(seconds * 1000), 0).astype(np.int64)


def snap_all(network: PreparedNetwork, places: Sequence[LonLat] | Floats, *, limit_m: float = LIMIT_M) -> Snaps:
    """Snap many places (longitude, latitude, WGS84) at once: about 1 ms per thousand."""
    lonlat = np.ascontiguousarray(np.asarray(places, np.float64).reshape(-1, 2))
    grid, arrays = network.grid, network.arrays
    place = np.array([grid.x0, grid.y0, grid.cell_x, grid.cell_y, grid.columns, grid.rows], np.int64)
    point = np.full(len(lonlat), -1, np.int64)
    along = np.zeros(len(lonlat))
    distance = np.full(len(lonlat), np.inf)
    cross = np.zeros(len(lonlat))
    _nearest(
        lonlat, limit_m, place, arrays.grid_start, arrays.grid_point, arrays.shape_xy, point, along, distance, cross
    )

    found = point >= 0
    shape = np.where(found, arrays.point_shape[point], -1).astype(np.int32)
    fraction = np.zeros(len(lonlat))
    _fractions(point, along, shape, arrays.shape_start, arrays.shape_xy, fraction)
    a, b = arrays.shape_xy[point], arrays.shape_xy[np.minimum(point + 1, len(arrays.shape_xy) - 1)]
    on_road = (a + (b.astype(np.float64) - a) * along[:, None]) / UNITS_PER_DEGREE
    return Snaps(shape, fraction, distance, cross > 0, on_road)


def snap(network: PreparedNetwork, place: LonLat, *, limit_m: float = LIMIT_M) -> Snap | None:
    """Snap one place; None if no road lies within the limit."""
    return snap_all(network, [place], limit_m=limit_m)[0]


def too_far(limit_m: float = LIMIT_M) -> str:
    """The reason given for a place without a road near it."""
    return f"no road within {limit_m / 1000:g} km"


@compiled
def _nearest(
    lonlat: Floats,
    limit_m: float,
    place: Longs,
    grid_start: Longs,
    grid_point: Ints,
    xy: Ints,
    point: Longs,
    along: Floats,
    distance: Floats,
    cross: Floats,
) -> None:
    """Look at the cells around each place, ring by ring, until no nearer segment can come. Ties: the first met."""
    x0, y0, cell_x, cell_y, columns, rows = place[0], place[1], place[2], place[3], place[4], place[5]
    unit_y = METRES_PER_DEGREE / UNITS_PER_DEGREE
    for number in range(len(lonlat)):
        px, py = lonlat[number, 0] * UNITS_PER_DEGREE, lonlat[number, 1] * UNITS_PER_DEGREE
        if not (abs(px) <= 180.0 * UNITS_PER_DEGREE and abs(py) <= 90.0 * UNITS_PER_DEGREE):
            continue
        unit_x = unit_y * np.cos(np.radians(lonlat[number, 1]))
        column, row = int(np.floor((px - x0) / cell_x)), int(np.floor((py - y0) / cell_y))
        cell_m = min(cell_x * unit_x, cell_y * unit_y)
        inside_x, inside_y = (px - x0) / cell_x - column, (py - y0) / cell_y - row
        to_side = min(
            min(inside_x, 1.0 - inside_x) * cell_x * unit_x,
            min(inside_y, 1.0 - inside_y) * cell_y * unit_y,
        )
        best = limit_m * limit_m
        ring = 0
        # Outside the grid the first rings are empty; they cost a few comparisons each.
        while ring <= 1 + limit_m / max(cell_m, 1.0):
            # What has been looked at is a square around the place: nothing outside it is nearer than its nearest side.
            if ring > 0 and ((ring - 1) * cell_m + to_side) ** 2 > best:
                break
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                edge_row = r == row - ring or r == row + ring
                away_y = max(r - (py - y0) / cell_y, (py - y0) / cell_y - (r + 1), 0.0) * cell_y * unit_y
                c = column - ring
                while c <= column + ring:
                    away_x = max(c - (px - x0) / cell_x, (px - x0) / cell_x - (c + 1), 0.0) * cell_x * unit_x
                    # A hair more, so that rounding leaves no cell out.
                    if 0 <= c < columns and away_x * away_x + away_y * away_y <= best * 1.000001 + 1e-6:
                        cell = r * columns + c
                        for k in range(grid_start[cell], grid_start[cell + 1]):
                            p = grid_point[k]
                            ax, ay = (xy[p, 0] - px) * unit_x, (xy[p, 1] - py) * unit_y
                            dx = float(xy[p + 1, 0] - xy[p, 0]) * unit_x
                            dy = float(xy[p + 1, 1] - xy[p, 1]) * unit_y
                            square = dx * dx + dy * dy
                            t = 0.0
                            if square > 0.0:
                                t = min(max(-(ax * dx + ay * dy) / square, 0.0), 1.0)
                            gap = (ax + t * dx) ** 2 + (ay + t * dy) ** 2
                            if gap < best or (gap == best and point[number] < 0):
                                best = gap
                                point[number] = p
                                along[number] = t
                                distance[number] = np.sqrt(gap)
                                cross[number] = ax * dy - ay * dx  # above 0: the place lies on the left
                    c += 1 if edge_row or ring == 0 else 2 * ring
            ring += 1


@compiled
def _fractions(point: Longs, along: Floats, shape: Ints, shape_start: Longs, xy: Ints, fraction: Floats) -> None:
    """Turn "this far along this segment" into "this far along the stretch", by length."""
    unit_y = METRES_PER_DEGREE / UNITS_PER_DEGREE
    for number in range(len(point)):
        if point[number] < 0:
            continue
        before, total = 0.0, 0.0
        for p in range(shape_start[shape[number]], shape_start[shape[number] + 1] - 1):
            middle = np.radians((float(xy[p, 1]) + float(xy[p + 1, 1])) / 2 / UNITS_PER_DEGREE)
            dx = float(xy[p + 1, 0] - xy[p, 0]) * unit_y * np.cos(middle)
            dy = float(xy[p + 1, 1] - xy[p, 1]) * unit_y
            length = np.sqrt(dx * dx + dy * dy)
            if p < point[number]:
                before += length
            elif p == point[number]:
                before += length * along[number]
            total += length
        if total > 0.0:
            fraction[number] = min(before / total, 1.0)
