"""How far one comes by road in so many minutes, as areas."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis.compiled import compiled
from routing.closures import BlockedEdges
from routing.errors import OutsideRoads
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Bytes, Ints, Longs
from routing.network import PreparedNetwork
from routing.positions import standing, ways_out
from routing.searching import UNREACHED, search
from routing.snapping import LIMIT_M, LonLat, snap_all, too_far

ACROSS = 300
"""Cells across the largest area; cells are never smaller than `SMALLEST_M`."""
SMALLEST_M = 40.0


@dataclass(frozen=True, slots=True)
class Isochrone:
    """What can be reached from a place within `minutes`: an area (WGS84), with holes where no road is reached in
    time.
    """

    minutes: float
    area: shapely.MultiPolygon


def isochrones(
    network: PreparedNetwork, at: LonLat, minutes: Sequence[float], *, blocked: BlockedEdges | None = None
) -> list[Isochrone]:
    """Return one area for each of `minutes`, in that order; shorter ones lie inside longer ones.

    The roads reached (parts of edges included) are laid on a grid of square cells and widened by one cell all round,
    so an area reaches 40 to a few hundred metres beyond its roads. Raises `OutsideRoads`.
    """
    snaps = snap_all(network, [at])
    if snaps.shape[0] < 0:
        raise OutsideRoads(too_far(LIMIT_M))
    walk = int(snaps.walk_ms[0])
    places = standing(network, snaps)
    out = ways_out(network, places)
    usable = out.node[0] >= 0
    longest = round(max(minutes) * 60_000)
    mask = network.no_edge_blocked if blocked is None else blocked.mask
    reached = search(
        network,
        np.ascontiguousarray(out.node[0][usable]),
        (out.ms[0][usable] + walk).astype(np.int32),
        wanted=np.empty(0, np.int32),
        blocked=None if blocked is None else blocked.mask,
        backward=False,
        within_ms=longest,
    )
    a = network.arrays
    lon, lat = float(snaps.lonlat[0, 0]), float(snaps.lonlat[0, 1])
    scale = np.array([METRES_PER_DEGREE * np.cos(np.radians(lat)), METRES_PER_DEGREE]) / UNITS_PER_DEGREE
    centre = np.array([lon, lat]) * UNITS_PER_DEGREE
    spread = np.abs(a.node_xy[reached.touched] - centre) * scale
    half_m = max(float(spread.max()) if len(spread) else 0.0, 500.0) * 1.05 + 500.0
    cell_m = max(2 * half_m / ACROSS, SMALLEST_M)
    side = int(np.ceil(2 * half_m / cell_m)) + 2
    cells = np.full((side, side), UNREACHED, np.int32)
    middle = side // 2
    cells[middle, middle] = walk
    first_edges = a.shape_edge[places.shape[0]]
    _draw(
        reached.touched, reached.ms, a.indptr, a.ms, mask, a.edge_shape, a.edge_backward, a.shape_start, a.shape_xy,
        centre, scale, cell_m, longest, cells,
    )  # fmt: skip
    # The part of its own stretch over which one leaves.
    own = _Own(int(places.shape[0]), float(places.fraction[0]), int(places.total_ms[0]), walk)
    for direction, edge in enumerate(first_edges):
        if edge >= 0:
            _draw_own(network, own, direction == 1, centre, scale, cell_m, longest, cells)
    return [Isochrone(limit, _area(cells <= round(limit * 60_000), cell_m, lon, lat)) for limit in minutes]


@dataclass(frozen=True, slots=True)
class _Own:
    shape: int
    fraction: float
    total_ms: int
    walk_ms: int


def _draw_own(
    network: PreparedNetwork,
    own: _Own,
    backward: bool,
    centre: npt.NDArray[np.float64],
    scale: npt.NDArray[np.float64],
    cell_m: float,
    longest: int,
    cells: Ints,
) -> None:
    line = network.line_of(own.shape) * UNITS_PER_DEGREE
    step = np.diff(line, axis=0) * scale
    along = np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])
    goal = 0.0 if backward else 1.0
    count = max(int(along[-1] / cell_m * 2), 2)
    fractions = np.linspace(own.fraction, goal, count)
    ms = own.walk_ms + np.abs(fractions - own.fraction) * own.total_ms
    x = np.interp(fractions * along[-1], along, line[:, 0])
    y = np.interp(fractions * along[-1], along, line[:, 1])
    side = len(cells)
    column = np.floor((x - centre[0]) * scale[0] / cell_m + 0.5).astype(np.int64) + side // 2
    row = np.floor((y - centre[1]) * scale[1] / cell_m + 0.5).astype(np.int64) + side // 2
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side) & (ms <= longest)
    np.minimum.at(cells, (row[inside], column[inside]), np.rint(ms[inside]).astype(np.int32))


@compiled
def _draw(
    touched: Ints,
    node_ms: Ints,
    indptr: Longs,
    edge_ms: Ints,
    blocked: Bytes,
    edge_shape: Ints,
    edge_backward: Bytes,
    shape_start: Longs,
    xy: Ints,
    centre: npt.NDArray[np.float64],
    scale: npt.NDArray[np.float64],
    cell_m: float,
    longest: int,
    cells: Ints,
) -> None:
    """Note in every cell the earliest time at which a road in it is reached, going along the edges that leave reached
    nodes.
    """
    side = len(cells)
    for t in range(len(touched)):
        node = touched[t]
        start_ms = node_ms[node]
        if start_ms > longest:
            continue
        for edge in range(indptr[node], indptr[node + 1]):
            if blocked[edge] != 0:
                continue
            shape = edge_shape[edge]
            first, last = shape_start[shape], shape_start[shape + 1] - 1
            total = 0.0
            for p in range(first, last):
                total += np.hypot((xy[p + 1, 0] - xy[p, 0]) * scale[0], (xy[p + 1, 1] - xy[p, 1]) * scale[1])
            gone = 0.0
            for k in range(last - first):
                p, q = first + k, first + k + 1
                if edge_backward[edge] != 0:
                    p, q = last - k, last - k - 1
                ax, ay = (xy[p, 0] - centre[0]) * scale[0], (xy[p, 1] - centre[1]) * scale[1]
                bx, by = (xy[q, 0] - centre[0]) * scale[0], (xy[q, 1] - centre[1]) * scale[1]
                piece = np.hypot(bx - ax, by - ay)
                steps = int(piece / cell_m * 2) + 1
                late = False
                for s in range(steps + 1):
                    share = (gone + piece * s / steps) / total if total > 0.0 else 1.0
                    ms = start_ms + share * edge_ms[edge]
                    if ms > longest:
                        late = True
                        break
                    column = int(np.floor((ax + (bx - ax) * s / steps) / cell_m + 0.5)) + side // 2
                    row = int(np.floor((ay + (by - ay) * s / steps) / cell_m + 0.5)) + side // 2
                    if 0 <= column < side and 0 <= row < side and ms < cells[row, column]:
                        cells[row, column] = int(ms)
                if late:
                    break
                gone += piece


def _area(reached: npt.NDArray[np.bool_], cell_m: float, lon: float, lat: float) -> shapely.MultiPolygon:
    """Widen by one cell, join the cells row by row into rectangles, and those into polygons in degrees."""
    wide = reached.copy()
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            wide |= np.roll(reached, (rows, columns), axis=(0, 1))
    padded = np.pad(wide.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    row, begin = np.nonzero(change == 1)
    _, finish = np.nonzero(change == -1)
    middle = len(reached) // 2
    to_lon = cell_m / (METRES_PER_DEGREE * np.cos(np.radians(lat)))
    to_lat = cell_m / METRES_PER_DEGREE
    boxes = shapely.box(begin - middle - 0.5, row - middle - 0.5, finish - middle - 0.5, row - middle + 0.5)
    # Corners of cells are whole numbers and a half: the union is exact; only then to degrees. Not smoothed: a smoothed
    # area would no longer hold the smaller ones.
    joined = shapely.union_all(boxes)
    area = shapely.transform(joined, lambda points: points * [to_lon, to_lat] + [lon, lat])
    return shapely.MultiPolygon([part for part in shapely.get_parts(area) if isinstance(part, shapely.Polygon)])
