"""Which roads matter: the shortest ways between seats become main roads, those from townships county roads."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, QhullError, cKDTree

from data.demo.roads.edges import NO_CHAIN, NO_NAME, Edges, Flags, Floats, Ints, NameBook, Rank
from data.demo.roads.places import Town
from data.demo.roads.plane import Points, to_plane

_FIRST_CHAIN = 1 << 40  # above the numbers of street grids
_FARTHEST_KM = {Rank.TRUNK: 260.0, Rank.PRIMARY: 90.0, Rank.SECONDARY: 60.0}
_RIVER_COST_KM = 2.5  # so that roads share bridges
_SLOWNESS = np.array([1.5, 1.2, 1.05, 0.9, 0.8, 0.72, 1.0, 1.0])  # by rank: built roads attract further ones
_MINORITY = 0.3  # of village roads are a little better than the rest


def raise_main_roads(
    points: Points, edges: Edges, wet: Flags, towns: Sequence[Town], names: NameBook, rng: np.random.Generator
) -> None:
    """Give rank, name and chain to roads between towns, in place. `wet` edges cross a river."""
    village_roads = np.flatnonzero(~edges.grid)
    better = village_roads[rng.random(len(village_roads)) < _MINORITY]
    edges.rank[better] = Rank.TERTIARY
    ways = _Ways(points, edges, wet, names)
    seats = [town for town in towns if town.is_seat]
    cities = [town for town in seats if town.county in _first_counties(seats)]
    for rank, pairs in ((Rank.TRUNK, _neighbours(cities)), (Rank.PRIMARY, _neighbours(seats))):
        ways.connect(pairs, rank)
    seat_of = {seat.county: seat for seat in seats}
    ways.connect(
        [(town, seat_of[town.county]) for town in towns if not town.is_seat and town.county in seat_of], Rank.SECONDARY
    )


def _first_counties(seats: Sequence[Town]) -> set[str]:
    """The county with the largest seat of every city stands for the city."""
    largest: dict[str, Town] = {}
    for seat in seats:
        if (known := largest.get(seat.county[:4])) is None or seat.radius_m > known.radius_m:
            largest[seat.county[:4]] = seat
    return {seat.county for seat in largest.values()}


def _neighbours(towns: Sequence[Town]) -> list[tuple[Town, Town]]:
    if len(towns) < 4:
        return [(a, b) for number, a in enumerate(towns) for b in towns[number + 1 :]]
    try:
        triangles = Delaunay(_positions(towns)).simplices
    except QhullError:  # all on one line
        return list(pairwise(towns))
    pairs = {tuple(sorted((int(t[i]), int(t[i - 1])))) for t in triangles for i in range(3)}
    return [(towns[a], towns[b]) for a, b in sorted(pairs)]


def _positions(towns: Sequence[Town]) -> Points:
    return to_plane(np.array([(town.lon, town.lat) for town in towns]))


def _road_name(origin: Town, target: Town) -> str:
    """As country roads are called: after the first characters of both ends."""
    first, second = origin.name[0], target.name[0]
    return f"{first}{second}路" if first != second else f"{first}{target.name[1]}路"


class _Ways:
    """Finds shortest ways over the roads so far, and raises them."""

    def __init__(self, points: Points, edges: Edges, wet: Flags, names: NameBook) -> None:
        self._size, self._edges, self._names = len(points), edges, names
        # lanes are no through road; leaving them out makes the search four times faster
        self._usable = np.flatnonzero(~edges.grid | (edges.rank >= Rank.TERTIARY))
        length = edges.length_km(points)[self._usable]
        self._cost_km: Floats = length + np.where(wet[self._usable], _RIVER_COST_KM, 0.0)
        low, high = self._ends()
        key = low * self._size + high
        self._order = np.argsort(key)
        self._key = key[self._order]
        crossings = np.unique(np.concatenate([edges.start[self._usable], edges.end[self._usable]]))
        self._tree, self._crossings = cKDTree(points[crossings]), crossings
        self._next_chain = _FIRST_CHAIN

    def connect(self, pairs: Sequence[tuple[Town, Town]], rank: Rank) -> None:
        """Raise the shortest way of every pair to `rank`, unless it is more already."""
        graph = self._graph()
        by_target: dict[Town, list[Town]] = {}
        for origin, target in pairs:
            by_target.setdefault(target, []).append(origin)
        for target, origins in by_target.items():
            source = self._nearest(target)
            _, before = dijkstra(
                graph, directed=False, indices=np.array(source), return_predecessors=True, limit=_FARTHEST_KM[rank]
            )
            for origin in origins:
                self._raise(self._path(before, self._nearest(origin)), rank, _road_name(origin, target))

    def _ends(self) -> tuple[Ints, Ints]:
        start, end = self._edges.start[self._usable], self._edges.end[self._usable]
        return np.minimum(start, end), np.maximum(start, end)

    def _graph(self) -> csr_matrix:
        cost = self._cost_km * _SLOWNESS[self._edges.rank[self._usable]]
        return csr_matrix((cost, self._ends()), shape=(self._size, self._size))

    def _nearest(self, town: Town) -> int:
        _, at = self._tree.query(to_plane(np.array([town.lon, town.lat])))
        return int(self._crossings[at])

    @staticmethod
    def _path(before: NDArray[np.int32], at: int) -> Ints:
        path = [at]
        while (at := int(before[at])) >= 0:
            path.append(at)
        return np.array(path, dtype=np.int64)

    def _raise(self, path: Ints, rank: Rank, name: str) -> None:
        if len(path) < 2:
            return
        low, high = np.minimum(path[:-1], path[1:]), np.maximum(path[:-1], path[1:])
        on_path = self._usable[self._order[np.searchsorted(self._key, low * self._size + high)]]
        edges = self._edges
        edges.rank[on_path] = np.maximum(edges.rank[on_path], rank)
        fresh = (edges.chain[on_path] == NO_CHAIN) & (edges.name[on_path] == NO_NAME)
        mine, step = on_path[fresh], np.flatnonzero(fresh)
        edges.start[mine], edges.end[mine] = path[step], path[step + 1]
        edges.chain[mine], edges.place[mine] = self._next_chain, step
        edges.name[mine] = self._names.number(name)
        self._next_chain += 1
