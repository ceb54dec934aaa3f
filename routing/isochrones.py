"""How far one comes by road in so many minutes, as areas.

An area is drawn from travel times, not from roads: the exact time is asked at the points of a grid, by the rule that
holds for every place (the nearest road, and on foot from there), and the area is what lies inside the line of equal
time. So a place is in the area if it can be reached in time, and islands and holes are where they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from contourpy import FillType, contour_generator

from routing.closures import BlockedEdges
from routing.errors import OutsideRoads
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE
from routing.network import PreparedNetwork
from routing.snapping import BESIDE_M, LIMIT_M, WALKING_MPS, LonLat, too_far
from routing.surfaces import Surface

ACROSS = 240
"""Points of the grid across the largest area; they are never closer than `SMALLEST_M`."""
SMALLEST_M = 30.0

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees (WGS84)."""


@dataclass(frozen=True, slots=True)
class Isochrone:
    """What can be reached from a place within `minutes`: an area (WGS84), with holes where one comes too late."""

    minutes: float
    area: shapely.MultiPolygon


def isochrones(
    network: PreparedNetwork, at: LonLat, minutes: Sequence[float], *, blocked: BlockedEdges | None = None
) -> list[Isochrone]:
    """Return one area for each of `minutes`, in that order; shorter ones lie inside longer ones.

    Raises `OutsideRoads` for a place too far from any road.
    """
    surface = Surface(network, [at], blocked=blocked)
    if surface.off_road[0]:
        raise OutsideRoads(too_far(LIMIT_M))
    return areas(surface, minutes)


def areas(
    surface: Surface, minutes: Sequence[float], *, box: Box | None = None, across: int = ACROSS
) -> list[Isochrone]:
    """Return the areas reached from the surface's origins within each of `minutes`, inside `box` if one is given.

    The line of equal time is exact at the points of the grid, of which there are at most `across` each way, and
    straight between them.
    """
    west, south, east, north = _reached(surface, max(minutes)) if box is None else box
    scale = METRES_PER_DEGREE * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    width_m, height_m = (east - west) * scale[0], (north - south) * scale[1]
    step_m = max(width_m / across, height_m / across, SMALLEST_M)
    lon = np.linspace(west, east, max(int(np.ceil(width_m / step_m)), 1) + 1)
    lat = np.linspace(south, north, max(int(np.ceil(height_m / step_m)), 1) + 1)
    grid_lon, grid_lat = np.meshgrid(lon, lat)
    ms = surface.at(np.stack([grid_lon.ravel(), grid_lat.ravel()], axis=1)).ms[:, 0].reshape(grid_lon.shape)
    # Beyond this nothing matters; a place never reached would draw the line onto its neighbour.
    late = 2.0 * 60_000 * max(minutes)
    lines = contour_generator(lon, lat, np.minimum(ms, late), fill_type=FillType.OuterOffset)
    # Half a millisecond above the limit, where no whole number of them is.
    return [Isochrone(limit, _inside(*lines.filled(-1.0, round(limit * 60_000) + 0.5))) for limit in minutes]


def _inside(
    polygons: Sequence[npt.NDArray[np.float64]], rings: Sequence[npt.NDArray[np.unsignedinteger]]
) -> shapely.MultiPolygon:
    """Put together what lies between two lines: points of each polygon, and where its rings begin, the outer first."""
    made = []
    for points, starts in zip(polygons, rings, strict=True):
        outer, *holes = [points[begin:end] for begin, end in pairwise(starts)]
        made.append(shapely.Polygon(outer, holes))
    whole = shapely.make_valid(shapely.MultiPolygon(made))
    parts = shapely.get_parts(shapely.get_parts(whole))
    return shapely.MultiPolygon([part for part in parts if isinstance(part, shapely.Polygon)])


def _reached(surface: Surface, minutes: float) -> Box:
    """The box around what is reached in time: origins, junctions, the way one still comes beyond those, and on foot."""
    limit_ms, a = round(minutes * 60_000), surface.network.arrays
    ms = surface.node_ms
    edges = np.flatnonzero(ms[a.tail] <= limit_ms)
    left = limit_ms - ms[a.tail[edges]]
    share = np.minimum(left / np.maximum(a.ms[edges], 1), 1.0)[:, None]
    start = a.node_xy[a.tail[edges]]
    ends = (start + (a.node_xy[a.head[edges]] - start) * share) / UNITS_PER_DEGREE
    seen = np.concatenate([surface.origins, start / UNITS_PER_DEGREE, ends])
    west, south = seen.min(axis=0)
    east, north = seen.max(axis=0)
    walk_m = min(BESIDE_M + minutes * 60 * WALKING_MPS, LIMIT_M) + SMALLEST_M
    to_lat = walk_m / METRES_PER_DEGREE
    to_lon = to_lat / np.cos(np.radians((south + north) / 2))
    return float(west - to_lon), float(south - to_lat), float(east + to_lon), float(north + to_lat)
