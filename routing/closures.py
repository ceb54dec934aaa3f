"""Closed roads: which stretches a drawn point, line or area closes, and the mask that searches obey.

A closure always closes whole stretches, in both directions:

- an area closes every stretch it touches;
- a point closes what lies within `REACH_M` of it: both carriageways, or all arms of a junction;
- a line closes the roads drawn over (half of the stretch, or 60 m of it, within `REACH_M`) and the roads it cuts
  away from their ends. A line along a street thus leaves the side streets open, although it touches their mouths. If
  that finds nothing (a short stroke at a crossing), everything within reach is closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from routing.customising import Metric, close, customise
from routing.errors import UnusableClosure
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Bytes, Ints
from routing.network import PreparedNetwork

REACH_M = 15.0
ALONG_M = 60.0
MOST_VERTICES = 20_000
MANY = 300
"""One stretch in so many is many (`is_many`)."""


@dataclass(frozen=True, slots=True)
class BlockedEdges:
    """One byte for every edge, 1 where nobody may drive through; the stretches that are closed; and what the
    hierarchy's arcs then cost (None: not worked out, so searches go without the hierarchy).
    """

    mask: Bytes
    shapes: Ints
    metric: Metric | None


def blocked_edges(network: PreparedNetwork, shapes: Iterable[int] | Ints) -> BlockedEdges:
    """Block all edges (copies at restricted junctions too) along the given stretches; ready for the hierarchy."""
    return worked_out(network, blocked_at_once(network, shapes))


def blocked_at_once(network: PreparedNetwork, shapes: Iterable[int] | Ints) -> BlockedEdges:
    """Block the same edges in a few milliseconds, however many; searches go without the hierarchy."""
    numbers = np.unique(np.asarray(shapes if isinstance(shapes, np.ndarray) else list(shapes), np.int32))
    mask = np.zeros(network.edges, np.uint8)
    mask[edges_of(network, numbers)] = 1
    return BlockedEdges(mask, numbers, None)


def worked_out(network: PreparedNetwork, blocked: BlockedEdges) -> BlockedEdges:
    """Work out what the hierarchy's arcs cost now: milliseconds for a street, about a second for a whole district.

    The network's own costs stay as they are, for whoever is searching with them.
    """
    edges = edges_of(network, blocked.shapes)
    if is_many(network, blocked):
        metric = customise(network.hierarchy, network.costs, blocked.mask)
    else:
        metric = network.own_metric()
        close(network.hierarchy, network.costs, metric, edges, blocked.mask)
    return BlockedEdges(blocked.mask, blocked.shapes, metric)


def is_many(network: PreparedNetwork, blocked: BlockedEdges) -> bool:
    """Return whether so much is closed that all arcs are sooner worked out than those that change."""
    return len(blocked.shapes) * MANY > network.shapes


def edges_of(network: PreparedNetwork, shapes: Ints) -> Ints:
    """Return the numbers of all edges along stretches, copies included."""
    a = network.arrays
    edges = a.shape_edge[shapes].ravel()
    edges = edges[edges >= 0]
    copies = a.copy_edge[np.isin(a.copy_of_edge, edges)]
    return np.concatenate([edges, copies]).astype(np.int32)


def closed_by(network: PreparedNetwork, geometry: BaseGeometry) -> Ints:
    """Return the stretches that a geometry (WGS84) closes; raise `UnusableClosure` if there is none or it is
    unusable.
    """
    _check(geometry)
    shapes = [_closed_by_part(network, part) for part in shapely.get_parts(geometry)]
    found = np.unique(np.concatenate(shapes)).astype(np.int32)
    if not len(found):
        raise UnusableClosure(f"no road lies within {REACH_M:g} m of what was drawn: nothing would be closed")
    return found


def closed_ways(network: PreparedNetwork, ways: Iterable[int]) -> Ints:
    """Return the stretches of whole ways (OpenStreetMap's ids); raise `UnusableClosure` if one is missing."""
    wanted = np.unique(np.fromiter(ways, np.int64))
    found = np.isin(network.arrays.shape_way, wanted)
    missing = np.setdiff1d(wanted, network.arrays.shape_way[found])
    if len(missing):
        raise UnusableClosure(f"no road here has the way {', '.join(map(str, missing[:5].tolist()))}")
    return np.flatnonzero(found).astype(np.int32)


def _check(geometry: BaseGeometry) -> None:
    if geometry.geom_type not in {"Point", "LineString", "Polygon", "MultiLineString", "MultiPolygon"}:
        raise UnusableClosure(f"a {geometry.geom_type} cannot close roads: draw a point, a line or an area")
    if geometry.is_empty:
        raise UnusableClosure("the geometry is empty")
    if shapely.get_num_coordinates(geometry) > MOST_VERTICES:
        raise UnusableClosure(f"the geometry has more than {MOST_VERTICES} vertices")
    coordinates = shapely.get_coordinates(geometry)
    if not np.isfinite(coordinates).all() or (np.abs(coordinates) > [180, 90]).any():
        raise UnusableClosure("coordinates are longitude -180…180, then latitude -90…90")
    if not geometry.is_valid:
        raise UnusableClosure(f"the area is not valid: {shapely.is_valid_reason(geometry)}")


def _closed_by_part(network: PreparedNetwork, part: BaseGeometry) -> Ints:
    west, south, east, north = part.bounds
    # One plane for the whole part: metres by the latitude of its middle; good to 1 % over a county.
    scale = np.array([METRES_PER_DEGREE * np.cos(np.radians((south + north) / 2)), METRES_PER_DEGREE])
    margin = 2 * REACH_M / scale
    near = network.shapes_in_box(west - margin[0], south - margin[1], east + margin[0], north + margin[1])
    if not len(near):
        return near
    lines = _lines(network, near, scale)
    drawn = shapely.transform(part, lambda points: points * scale)
    shapely.prepare(drawn)
    if part.geom_type == "Polygon":
        return near[shapely.intersects(drawn, lines)]
    within = shapely.dwithin(drawn, lines, REACH_M)
    if part.geom_type == "Point":
        return near[within]
    near, lines = near[within], lines[within]
    zone = shapely.buffer(drawn, REACH_M)
    covered = shapely.length(shapely.intersection(lines, zone))
    length = shapely.length(lines)
    # An honest crossing cuts the road outside its mouths; within them, it may be the road along which the line was
    # drawn.
    inner = shapely.line_merge(shapely.difference(lines, shapely.union_all(_mouths(lines))))
    cut = shapely.intersects(inner, drawn)
    closed = (covered >= np.minimum(0.5 * length, ALONG_M)) | cut
    return near[closed] if closed.any() else near


def _mouths(lines: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> list[BaseGeometry]:
    ends = [shapely.get_point(lines, 0), shapely.get_point(lines, -1)]
    return [point.buffer(REACH_M) for points in ends for point in points]


def _lines(
    network: PreparedNetwork, shapes: Ints, scale: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    points, counts = network.points_of(shapes)
    placed = points / UNITS_PER_DEGREE * scale
    return np.asarray(shapely.linestrings(placed, indices=np.repeat(np.arange(len(shapes)), counts)), np.object_)
