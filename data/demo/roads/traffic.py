"""From every possible road to the ones that were built: bridges, gaps, dead ends, one-way streets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from data.demo.roads.edges import Edges, Flags, Floats, Ints, Rank
from data.demo.roads.plane import Points

# Share of the possible roads that is missing, by rank.
_MISSING_IN_TOWN = np.array([0.33, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0])
_MISSING_OUTSIDE = np.array([0.0, 0.38, 0.06, 0.0, 0.0, 0.0, 0.0, 0.0])
_BRIDGED = np.array([0.0, 0.06, 0.4, 1.0, 1.0, 1.0, 1.0, 1.0])
_DEAD_END_SHARE = 0.85  # of the bends where a missing road would have joined
_DEAD_END_REACH = (0.3, 0.46)  # of the missing road; less than half, so that two never meet
_ONE_WAY_LINES = {Rank.RESIDENTIAL: 0.62, Rank.TERTIARY: 0.4}
_ISLAND_NETWORKS = 2
_SMALLEST_ISLAND = 12


def crossed(points: Points, edges: Edges, barriers: Sequence[BaseGeometry], within_km: float = 0.0) -> Ints:
    """For every edge the number of a barrier it touches (or nearly), such as a river or the edge of the land, or -1."""
    hit = np.full(len(edges), -1)
    tree = shapely.STRtree(edges.lines(points))
    for number, barrier in enumerate(barriers):
        parts = [piece for line in shapely.get_parts(barrier) for piece in _pieces(line)]
        _, found = tree.query(parts, predicate="dwithin", distance=within_km)
        hit[found] = number
    return hit


def _pieces(line: BaseGeometry, size: int = 8) -> list[BaseGeometry]:
    """Short pieces: a tree search by the bounding box of a whole river would return half the province."""
    at = shapely.get_coordinates(line)
    return [LineString(at[first : first + size + 1]) for first in range(0, len(at) - 1, size)]


def over_others(points: Points, upper: Edges, lower: Edges) -> Flags:
    """Which edges of `upper` pass over one of `lower` without meeting it in a common point."""
    over = np.zeros(len(upper), dtype=np.bool_)
    found, _ = shapely.STRtree(lower.lines(points)).query(upper.lines(points), predicate="crosses")
    over[found] = True
    return over


def build(points: Points, edges: Edges, wet: Flags, rng: np.random.Generator) -> Flags:
    """Which of the possible edges are built; the network stays as connected as the land allows."""
    missing = np.where(edges.grid, _MISSING_IN_TOWN[edges.rank], _MISSING_OUTSIDE[edges.rank])
    built = rng.random(len(edges)) >= missing
    built &= ~wet | (rng.random(len(edges)) < _BRIDGED[edges.rank])
    cost = edges.length_km(points) + np.where(wet, 5.0, 0.0)
    return np.asarray(built | _links(len(points), edges, built, cost), dtype=np.bool_)


def _links(size: int, edges: Edges, built: Flags, cost: Floats) -> Flags:
    """The cheapest unbuilt edges that join what is still separate."""
    _, part = connected_components(_graph(size, edges.take(built)), directed=False)
    spare = np.flatnonzero(~built & (part[edges.start] != part[edges.end]))
    a, b = part[edges.start[spare]].astype(np.int64), part[edges.end[spare]].astype(np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((cost[spare], high, low))
    key = (low * size + high)[order]
    first = np.ones(len(key), dtype=np.bool_)
    first[1:] = key[1:] != key[:-1]
    best = spare[order[first]]
    parts = int(part.max()) + 1
    tree = minimum_spanning_tree(
        csr_matrix((cost[best] + 1e-6, (low[order[first]], high[order[first]])), shape=(parts, parts))
    ).tocoo()
    chosen = np.isin(key[first], tree.row.astype(np.int64) * size + tree.col)
    linked = np.zeros(len(edges), dtype=np.bool_)
    linked[best[chosen]] = True
    return linked


def _graph(size: int, edges: Edges) -> coo_matrix:
    return coo_matrix((np.ones(len(edges)), (edges.start, edges.end)), shape=(size, size))


def on_network(size: int, edges: Edges) -> Flags:
    """Edges of the mainland's network and of the largest islands'; crumbs are left out."""
    _, part = connected_components(_graph(size, edges), directed=False)
    sizes = np.bincount(part)
    largest = np.argsort(sizes)[::-1][: 1 + _ISLAND_NETWORKS]
    kept = largest[sizes[largest] >= _SMALLEST_ISLAND]
    return np.asarray(np.isin(part[edges.start], kept), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class DeadEnds:
    """Short roads into blocks and fields, each with a new last point."""

    points: Points
    edges: Edges


def dead_ends(points: Points, possible: Edges, built: Flags, dry: Flags, rng: np.random.Generator) -> DeadEnds:
    """Where a street only bends, let a piece of the missing road branch off."""
    degree = possible.take(built).degree(len(points))
    missing = possible.take(~built & dry)
    starts, ends = np.concatenate([missing.start, missing.end]), np.concatenate([missing.end, missing.start])
    open_bends = np.flatnonzero(degree[starts] == 2)
    starts, ends = starts[open_bends], ends[open_bends]
    _, first = np.unique(starts, return_index=True)
    first = first[rng.random(len(first)) < _DEAD_END_SHARE]
    starts, ends = starts[first], ends[first]
    share = rng.uniform(*_DEAD_END_REACH, (len(starts), 1))
    # nobody builds a kilometre of dead end
    reach = np.minimum(share, 0.35 / np.maximum(np.hypot(*(points[ends] - points[starts]).T), 0.01)[:, None])
    tips = points[starts] + (points[ends] - points[starts]) * reach
    new = np.arange(len(points), len(points) + len(tips))
    return DeadEnds(tips, Edges.between(starts, new, Rank.RESIDENTIAL))


def make_one_way(size: int, edges: Edges, rng: np.random.Generator) -> None:
    """Whole streets become one-way, neighbours in opposite directions, as long as every place can still be left."""
    for rank, share in _ONE_WAY_LINES.items():
        streets = edges.grid & (edges.rank == rank) & ~edges.bridge
        chains = np.unique(edges.chain[streets])
        chosen = chains[rng.random(len(chains)) < share]
        edges.oneway |= streets & np.isin(edges.chain, chosen)
    edges.turn_round(edges.oneway & (edges.chain % 2 == 1))
    _, part = connected_components(directed(size, edges), directed=True, connection="strong")
    # if all edges between two strongly connected parts go both ways, the parts are one
    edges.oneway &= part[edges.start] == part[edges.end]


def directed(size: int, edges: Edges) -> coo_matrix:
    """The network as a driver sees it."""
    back = ~edges.oneway
    rows = np.concatenate([edges.start, edges.end[back]])
    columns = np.concatenate([edges.end, edges.start[back]])
    return coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))


@dataclass(frozen=True, slots=True)
class Simplified:
    """Size of the network after topological simplification."""

    junctions: int
    directed_edges: int


def simplified(size: int, edges: Edges) -> Simplified:
    """Count what stays when points where a road only bends are left out.

    The rule is osmnx's: a point is passed through when it has two neighbours and either two directed edges (one-way) or
    four (two-way).
    """
    into, out = np.bincount(edges.end, minlength=size), np.bincount(edges.start, minlength=size)
    back = edges.take(~edges.oneway)
    into = into + np.bincount(back.start, minlength=size)
    out = out + np.bincount(back.end, minlength=size)
    streets = edges.degree(size)
    bends = (streets == 2) & (into > 0) & (out > 0) & np.isin(into + out, (2, 4))
    return Simplified(
        int(((streets > 0) & ~bends).sum()), int(len(edges) + len(back) - (bends * (into + out) // 2).sum())
    )
