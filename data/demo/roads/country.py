"""Villages between the towns, and the roads from one to the next."""

import numpy as np
import shapely
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry.base import BaseGeometry

from data.demo.roads.edges import Edges, Flags, Floats, Ints, Rank
from data.demo.roads.plane import Points

WEIFANG_VILLAGES_KM = 1.0  # from one to the next
OTHER_VILLAGES_KM = 1.75


def place_villages(
    land: BaseGeometry,
    dense: BaseGeometry,
    taken: Points,
    reach_km: float,
    rng: np.random.Generator,
    density: float = 1.0,
) -> Points:
    """Villages all over `land`, closer together in `dense`, none within the towns whose crossings are `taken`.

    `density` times as many as there really are.
    """
    shapely.prepare(dense)
    outside_apart_km, inside_apart_km = OTHER_VILLAGES_KM / density**0.5, WEIFANG_VILLAGES_KM / density**0.5
    outside = _scatter(land, outside_apart_km, reach_km, rng)
    outside = outside[~shapely.contains_xy(dense, outside)]
    inside = _scatter(land, inside_apart_km, reach_km, rng)
    inside = inside[shapely.contains_xy(dense, inside)]
    tree = cKDTree(taken)
    return np.concatenate(
        [
            villages[tree.query(villages, distance_upper_bound=2 * apart_km)[0] > 0.42 * apart_km]
            for villages, apart_km in ((outside, outside_apart_km), (inside, inside_apart_km))
        ]
    )


def _scatter(land: BaseGeometry, apart_km: float, reach_km: float, rng: np.random.Generator) -> Points:
    """A jittered honeycomb: as irregular as villages are, yet nowhere empty."""
    west, south, east, north = np.clip(land.bounds, -reach_km, reach_km)
    rows = np.arange(south, north, apart_km * 0.87)
    columns = np.arange(west, east, apart_km)
    x, y = np.meshgrid(columns, rows)
    x[1::2] += apart_km / 2
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    points += rng.normal(0, 0.21 * apart_km, points.shape)
    shapely.prepare(land)
    near = np.hypot(points[:, 0], points[:, 1]) < reach_km
    points = points[near]
    return np.asarray(points[shapely.contains_xy(land, points)], dtype=np.float64)


def join_villages(points: Points, town: Ints, at_edge: Flags, favoured: Flags) -> Edges:
    """Roads between villages, and from them into towns.

    `town` is -1 for villages. Two places are joined when no other lies in the circle between them (Gabriel graph): this
    is planar and connected, and looks like what farmers trod. A village has one road into a town, best to a `favoured`
    crossing (the end of an arterial); only crossings `at_edge` of a town are reached from outside.
    """
    chosen = np.flatnonzero((town < 0) | at_edge)
    pairs = chosen[_gabriel(points[chosen])]
    pairs = pairs[(town[pairs[:, 0]] != town[pairs[:, 1]]) | (town[pairs[:, 0]] < 0)]
    pairs = _one_road_into_town(points, pairs, town, favoured)
    return Edges.between(pairs[:, 0], pairs[:, 1], Rank.UNCLASSIFIED)


def _gabriel(points: Points) -> Ints:
    triangles = Delaunay(points).simplices.astype(np.int64)
    edges, blunt = [], []
    for corner in range(3):
        tip, a, b = (triangles[:, (corner + turn) % 3] for turn in range(3))
        to_a, to_b = points[a] - points[tip], points[b] - points[tip]
        edges.append(np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1))
        blunt.append((to_a * to_b).sum(axis=1) < 0)  # the tip lies in the circle over a-b
    pairs, number = np.unique(np.concatenate(edges), axis=0, return_inverse=True)
    is_blunt = np.bincount(number.ravel(), weights=np.concatenate(blunt)) > 0
    return np.asarray(pairs[~is_blunt], dtype=np.int64)


def _one_road_into_town(points: Points, pairs: Ints, town: Ints, favoured: Flags) -> Ints:
    village, crossing = pairs[:, 0], pairs[:, 1]
    turned = town[village] >= 0
    village, crossing = np.where(turned, crossing, village), np.where(turned, village, crossing)
    mixed = (town[village] < 0) & (town[crossing] >= 0)
    cost: Floats = np.hypot(*(points[village] - points[crossing]).T) * np.where(favoured[crossing], 1.0, 1.6)
    order = np.lexsort((cost, town[crossing], village))
    key = np.stack([village, town[crossing]], axis=1)[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (key[1:] != key[:-1]).any(axis=1)
    keep = ~mixed
    keep[order[first]] = True
    return pairs[keep]
