"""Shape: roads that bend, and roundabouts where main streets of small towns cross."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data.demo.roads.edges import NO_CHAIN, Edges, Flags, Floats, Ints, Rank
from data.demo.roads.plane import Points

_OWN_CHAINS = 1 << 50
_PIECES = 4  # places of a chain are spread so far, to fit the pieces of an edge between them
MOST_BEND_KM = 0.09
_BENT_LANES = 0.1  # share of the streets in town that bend between two crossings
_ROUNDABOUT_KM = 0.028
_HALF_BRIDGE_KM = 0.1
_BRIDGE_PIECES = 3  # road, bridge, road


def bend(points: Points, edges: Edges, straight: Flags, rng: np.random.Generator) -> tuple[Points, Edges]:
    """Put shape points into country roads and into some lanes, not into bridges nor into edges to stay `straight`."""
    length = edges.length_km(points)
    own = edges.chain == NO_CHAIN
    edges.chain[own] = _OWN_CHAINS + np.flatnonzero(own)
    edges.place *= _PIECES
    free = ~straight & ~edges.bridge & ~edges.roundabout & (edges.rank < Rank.MOTORWAY_LINK)
    shapes = np.zeros(len(edges), dtype=np.int64)
    shapes[free & ~edges.grid & (length > 0.4)] = 1
    shapes[free & ~edges.grid & (length > 1.7)] = 2
    shapes[free & edges.grid & (edges.rank <= Rank.TERTIARY) & (rng.random(len(edges)) < _BENT_LANES)] = 1
    return _cut(points, edges, shapes, length, rng)


def _cut(points: Points, edges: Edges, shapes: Ints, length: Floats, rng: np.random.Generator) -> tuple[Points, Edges]:
    whole = edges.take(shapes == 0)
    all_points, tables = [points], [whole]
    size = len(points)
    for count in (1, 2):
        row = np.flatnonzero(shapes == count)
        cut = edges.take(row)
        along = points[cut.end] - points[cut.start]
        aside = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length[row], 1e-9)[:, None]
        widest = np.minimum(0.07 * length[row], MOST_BEND_KM)
        stops = [cut.start]
        for piece in range(1, count + 1):
            swing = widest * rng.uniform(-1, 1, len(row))
            share = (piece + rng.uniform(-0.15, 0.15, len(row))) / (count + 1)
            all_points.append(points[cut.start] + along * share[:, None] + aside * swing[:, None])
            stops.append(np.arange(size, size + len(row)))
            size += len(row)
        stops.append(cut.end)
        for piece in range(count + 1):
            part = edges.take(row)
            part.start, part.end = stops[piece], stops[piece + 1]
            part.place = part.place + piece
            tables.append(part)
    return np.concatenate(all_points), tables[0].plus(*tables[1:])


def shorten_bridges(points: Points, edges: Edges, rivers: BaseGeometry) -> tuple[Points, Edges]:
    """Let only the middle of a long road be its bridge. A road that meets a river twice stays a bridge as a whole."""
    edges.place *= _BRIDGE_PIECES
    length = edges.length_km(points)
    rows = np.flatnonzero(edges.bridge & (length > 4 * _HALF_BRIDGE_KM))
    lines = edges.take(rows).lines(points)
    spots = shapely.intersection(lines, rivers)
    once = shapely.get_type_id(spots) == shapely.GeometryType.POINT
    rows, at_km = rows[once], shapely.line_locate_point(lines[once], spots[once])
    clear = (at_km > 1.2 * _HALF_BRIDGE_KM) & (length[rows] - at_km > 1.2 * _HALF_BRIDGE_KM)
    rows, at_km = rows[clear], at_km[clear]
    long = edges.take(rows)
    ahead = (points[long.end] - points[long.start]) / length[rows][:, None]
    abutments = [points[long.start] + ahead * (at_km + side)[:, None] for side in (-_HALF_BRIDGE_KM, _HALF_BRIDGE_KM)]
    first = len(points) + np.arange(len(rows))
    stops = [long.start, first, first + len(rows), long.end]
    tables = []
    for piece in range(_BRIDGE_PIECES):
        part = edges.take(rows)
        part.start, part.end = stops[piece], stops[piece + 1]
        part.place = part.place + piece
        part.bridge[:] = piece == 1
        tables.append(part)
    rest = np.ones(len(edges), dtype=np.bool_)
    rest[rows] = False
    return np.concatenate([points, *abutments]), edges.take(rest).plus(*tables)


def add_roundabouts(points: Points, edges: Edges, crossings: Ints) -> tuple[Points, Edges, int]:
    """Turn `crossings` with three or more roads into roundabouts, driven anticlockwise. Returns how many."""
    rings: list[Points] = []
    tables: list[Edges] = []
    size = len(points)
    made = 0
    for crossing in crossings.tolist():
        at_start, at_end = np.flatnonzero(edges.start == crossing), np.flatnonzero(edges.end == crossing)
        if len(at_start) + len(at_end) < 3:
            continue
        far = np.concatenate([points[edges.end[at_start]], points[edges.start[at_end]]]) - points[crossing]
        bearing = np.arctan2(far[:, 1], far[:, 0])
        order = np.argsort(bearing)
        ring, arms = _ring(points[crossing], bearing[order])
        number = np.empty(len(order), dtype=np.int64)
        number[order] = size + arms
        edges.start[at_start], edges.end[at_end] = number[: len(at_start)], number[len(at_start) :]
        around = np.arange(size, size + len(ring))
        tables.append(
            Edges.between(
                around,
                np.roll(around, -1),
                Rank.SECONDARY,
                chain=_OWN_CHAINS // 2 + crossing,
                place=np.arange(len(ring)),
                oneway=True,
                roundabout=True,
            )
        )
        rings.append(ring)
        size += len(ring)
        made += 1
    return np.concatenate([points, *rings]), edges.plus(*tables), made


def _ring(centre: Points, bearings: Floats) -> tuple[Points, Ints]:
    """Points anticlockwise: one per arm and one in the middle between two arms; and which of them are the arms."""
    gap = np.diff(np.append(bearings, bearings[0] + 2 * np.pi))
    angles = np.stack([bearings, bearings + gap / 2], axis=1).ravel()
    return centre + _ROUNDABOUT_KM * np.stack([np.cos(angles), np.sin(angles)], axis=1), np.arange(0, len(angles), 2)
