"""Who is there first by road: one question, asked backwards from the destination, ranks everybody; and the routes."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from routing.closures import BlockedEdges
from routing.customising import NEVER
from routing.errors import NoRoute, OutsideRoads
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Floats, Ints, Longs
from routing.network import FROM_MAINLAND, TO_MAINLAND, PreparedNetwork
from routing.positions import WaysIn, WaysOut, standing, ways_in, ways_out
from routing.snapping import LIMIT_M, LonLat, snap_all, too_far
from routing.towards import Ways, ways_to

Id = TypeVar("Id", bound=Hashable)

NO_ROAD_THERE = "no road leads from there to the destination"
CUT_OFF = "one-way streets or closed roads leave no way to the destination"


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a route along one street; `name` is empty where the street has none."""

    name: str
    road_class: str
    distance_m: float
    travel_time_s: float


@dataclass(frozen=True, slots=True)
class Route:
    """A drive: coordinates (longitude, latitude, WGS84) from road point to road point, at least two of them.

    `travel_time_s` includes `walk_s`, the way on foot between road and place at both ends; `distance_m` is driven only.
    """

    coordinates: list[LonLat]
    steps: list[Step]
    travel_time_s: float
    distance_m: float
    walk_s: float

    def as_geojson(self) -> dict[str, object]:
        return {"type": "LineString", "coordinates": [list(point) for point in self.coordinates]}


class Ranked(NamedTuple, Generic[Id]):
    """One candidate's place in the ranking: either the time, or the reason why there is no way.

    `travel_time_s` is the sum of whole milliseconds over the edges, walks at both ends (`walk_s`) included. The
    distance is that of the route; without one, to a few centimetres; None where it was not asked for. (A tuple,
    because five thousand of them are made three times as fast as frozen dataclasses.)
    """

    id: Id
    travel_time_s: float | None
    road_distance_m: float | None
    unreachable_reason: str | None
    route: Route | None
    walk_s: float = 0.0


def rank(
    network: PreparedNetwork,
    target: LonLat,
    candidates: Sequence[tuple[Id, float, float]],
    *,
    classes: Sequence[int] | None = None,
    blocked: BlockedEdges | None = None,
    routes: int = 10,
    distances: int | None = None,
    snap_limit_m: float = LIMIT_M,
    within_s: float | None = None,
) -> list[Ranked[Id]]:
    """Rank candidates (id, longitude, latitude) by travel time to `target`.

    Exact over the whole network: one-way streets, turn restrictions and `blocked` roads respected, edges left and
    entered at the snapped points. With `classes`, one for each candidate, all of a lower class come before those of a
    higher one. Within a class equal times keep the order of `candidates`, and who cannot come is last, with the reason.
    Of those who can, the first `routes` get a route and the first `distances` (all, if nothing is said) a distance:
    following thousands of ways takes half as long as finding them. `within_s` ends the search early: slower candidates
    then count as unreachable.
    """
    if not candidates:
        return []
    ids, lons, lats = zip(*candidates, strict=True)
    trips = _Trips(network, np.column_stack([(*lons, target[0]), (*lats, target[1])]), blocked, snap_limit_m, within_s)
    order = np.argsort(trips.ms, kind="stable") if classes is None else np.lexsort((trips.ms, np.asarray(classes)))
    # Thousands of them: column by column, they are made in a third of the time.
    seconds: list[float | None] = (trips.ms[order] / 1000).tolist()
    walks: list[float] = (trips.walk_ms[order] / 1000).tolist()
    metres: list[float | None] = [None] * len(order)
    reasons: list[str | None] = [None] * len(order)
    ways: list[Route | None] = [None] * len(order)
    able = trips.ms[order] < _NEVER
    for place in np.flatnonzero(~able).tolist():
        seconds[place], walks[place], reasons[place] = None, 0.0, trips.reason(int(order[place]))
    can_come = np.flatnonzero(able)
    routed, measured = can_come[:routes].tolist(), can_come[routes:distances]
    for place in routed:
        ways[place] = way = trips.route(int(order[place]))
        metres[place] = way.distance_m
    for place, length in zip(measured.tolist(), trips.metres(order[measured]).tolist(), strict=True):
        metres[place] = length
    listed = [ids[number] for number in order.tolist()]
    return list(map(Ranked._make, zip(listed, seconds, metres, reasons, ways, walks, strict=True)))


def find_route(
    network: PreparedNetwork,
    start: LonLat,
    end: LonLat,
    *,
    blocked: BlockedEdges | None = None,
    snap_limit_m: float = LIMIT_M,
) -> Route:
    """Return the fastest drive; raise `OutsideRoads` or `NoRoute` with the reason."""
    trips = _Trips(network, np.array([start, end]), blocked, snap_limit_m, None)
    if trips.ms[0] < _NEVER:
        return trips.route(0)
    reason = trips.reason(0)
    raise OutsideRoads(reason) if trips.off_road(0) else NoRoute(reason)


_NEVER = 1 << 60
_DIRECT = -1


class _Trips:
    """Everybody's best trip to one destination, the last of `places` (longitude, latitude), after the search."""

    def __init__(
        self,
        network: PreparedNetwork,
        places: Floats,
        blocked: BlockedEdges | None,
        snap_limit_m: float,
        within_s: float | None,
    ) -> None:
        self.network = network
        self.snap_limit_m, self.within_s = snap_limit_m, within_s
        snaps = snap_all(network, places, limit_m=snap_limit_m)
        self.snaps = snaps
        count = len(places) - 1
        self.places, self.count = standing(network, snaps), count
        self.walk_ms: Longs = snaps.walk_ms[:count] + snaps.walk_ms[count]
        self.ms: Longs = np.full(count, _NEVER, np.int64)
        self.choice: Ints = np.zeros(count, np.int32)
        self.to: WaysIn = ways_in(network, self.places, count)
        self.out: WaysOut = ways_out(network, self.places)
        self.same_island = np.zeros(count, np.bool_)
        if not len(self.to.node):
            return
        island = network.arrays.component
        nodes = self.out.node[:count]
        usable = (nodes >= 0) & (island[nodes] == island[self.to.node[0]])
        self.same_island = usable.any(axis=1)
        usable &= _not_hopeless(network, nodes, self.to.node)
        self.ways: Ways = ways_to(
            network,
            self.to,
            nodes[usable],
            blocked=blocked,
            within_ms=None if within_s is None else round(within_s * 1000),
        )
        self._choose(usable)

    def _choose(self, usable: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> None:
        """Take for each candidate the better way out of its edge, or the stretch itself if the destination lies ahead
        on it.
        """
        out, count = self.out, self.count
        onward = self.ways.ms(out.node[:count])
        ways = np.where(usable & (onward < NEVER), onward + out.ms[:count], _NEVER)
        self.choice = ways.argmin(axis=1).astype(np.int32)
        rows = np.arange(count)
        best = ways[rows, self.choice]
        direct = self._direct()
        ahead = direct <= best
        best = np.where(ahead, direct, best)
        self.choice = np.where(ahead & (direct < _NEVER), _DIRECT, self.choice).astype(np.int32)
        self.ms = np.where(best < _NEVER, best + self.walk_ms, _NEVER)
        if self.within_s is not None:
            self.ms = np.where(self.ms > self.within_s * 1000, _NEVER, self.ms)

    def _direct(self) -> Longs:
        """Milliseconds along the stretch itself, for those who stand on the destination's own, on the right side of
        it.
        """
        p, end = self.places, self.count
        edges = self.network.arrays.shape_edge[p.shape[end]]
        on_it = p.shape[:end] == p.shape[end]
        ahead = (p.fraction[:end] <= p.fraction[end]) & (edges[0] >= 0)
        behind = (p.fraction[:end] >= p.fraction[end]) & (edges[1] >= 0)
        gap = np.abs(p.ms[end] - p.ms[:end])
        return np.where(on_it & (ahead | behind), gap, _NEVER)

    def metres(self, numbers: Longs) -> Floats:
        """Return the driven metres of candidates who can come."""
        metres: Floats = np.abs(self.places.metres[self.count] - self.places.metres[numbers])
        (driven,) = np.nonzero(self.choice[numbers] != _DIRECT)
        if len(driven):
            by, way = numbers[driven], self.choice[numbers[driven]]
            metres[driven] = self.out.metres[by, way] + self.ways.metres(self.out.node[by, way])
        return metres

    def off_road(self, number: int) -> bool:
        return bool(self.snaps.shape[number] < 0 or self.snaps.shape[self.count] < 0)

    def reason(self, number: int) -> str:
        """Say in words why there is no trip."""
        if self.snaps.shape[self.count] < 0:
            return f"the destination: {too_far(self.snap_limit_m)}"
        if self.snaps.shape[number] < 0:
            return too_far(self.snap_limit_m)
        if not self.same_island[number]:
            return NO_ROAD_THERE
        if self.within_s is not None:
            return f"farther than {self.within_s / 60:g} minutes"
        return CUT_OFF

    def route(self, number: int) -> Route:
        """Follow the search's edges from one candidate to the destination."""
        a, end = self.network.arrays, self.count
        start = float(self.places.fraction[number])
        goal = float(self.places.fraction[end])
        pieces: list[tuple[int, float, float]] = []  # stretch, from fraction, to fraction
        choice = int(self.choice[number])
        if choice == _DIRECT:
            pieces.append((int(self.places.shape[number]), start, goal))
        else:
            if self.out.edge[number, choice] >= 0:
                pieces.append((int(self.places.shape[number]), start, 1.0 if choice == 0 else 0.0))
            edges, way_in = self.ways.way(int(self.out.node[number, choice]))
            for shape, backward in zip(a.edge_shape[edges].tolist(), a.edge_backward[edges].tolist(), strict=True):
                pieces.append((shape, 1.0, 0.0) if backward else (shape, 0.0, 1.0))
            last = int(self.to.edge[way_in])
            if last >= 0:
                pieces.append((int(self.places.shape[end]), 1.0 if a.edge_backward[last] else 0.0, goal))
        return self._assemble(number, pieces)

    def _assemble(self, number: int, pieces: list[tuple[int, float, float]]) -> Route:
        coordinates = _coordinates(self.network, pieces)
        if not coordinates:  # at the same junction already
            coordinates = [(float(self.snaps.lonlat[number, 0]), float(self.snaps.lonlat[number, 1]))]
        if len(coordinates) == 1:
            coordinates = coordinates * 2  # a line has two ends, even one of no length
        walk_s = int(self.walk_ms[number]) / 1000
        steps = _steps(self.network, pieces)
        return Route(coordinates, steps, int(self.ms[number]) / 1000, sum(step.distance_m for step in steps), walk_s)


def _not_hopeless(
    network: PreparedNetwork, starts: Ints, ends: Ints
) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Sort out, without a search, who stands where no way leads out, or whether no way leads in.

    One such officer would otherwise make the search look at every road there is. Closures only ever take ways away.
    """
    bits, at_end = network.arrays.mainland[starts], network.arrays.mainland[ends]
    both = TO_MAINLAND | FROM_MAINLAND
    kept: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = np.ones(starts.shape, np.bool_)
    if (at_end == both).all():
        kept &= (bits & TO_MAINLAND) != 0
    if not (at_end & FROM_MAINLAND).any():
        kept &= bits != both
    return kept


def _coordinates(network: PreparedNetwork, pieces: list[tuple[int, float, float]]) -> list[LonLat]:
    """Return the points of a route once each. Only its first and last piece can be a part of a stretch."""
    lines = [
        cut(network.line_of(shape), begin, finish)
        for shape, begin, finish in pieces[:1] + (pieces[-1:] if len(pieces) > 1 else [])
    ]
    if len(pieces) > 2:
        a = network.arrays
        shapes = np.array([shape for shape, _, _ in pieces[1:-1]], np.int64)
        backward = np.array([begin > finish for _, begin, finish in pieces[1:-1]])
        start, end = a.shape_start[shapes], a.shape_start[shapes + 1]
        counts = end - start
        # Walk every stretch from its first point up, or from its last one down.
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        points = np.repeat(np.where(backward, end - 1, start), counts) + within * np.repeat(1 - 2 * backward, counts)
        lines.insert(1, a.shape_xy[points] / UNITS_PER_DEGREE)
    if not lines:
        return []
    line = np.concatenate(lines)
    moves = np.concatenate([[True], (np.diff(line, axis=0) != 0).any(axis=1)])
    return [(lon, lat) for lon, lat in line[moves].tolist()]


def _steps(network: PreparedNetwork, pieces: list[tuple[int, float, float]]) -> list[Step]:
    """Join the pieces along one street; where there is no name, along one class of road."""
    if not pieces:
        return []
    a = network.arrays
    shapes = np.array([shape for shape, _, _ in pieces], np.int64)
    share = np.abs([finish - begin for _, begin, finish in pieces])
    names = a.shape_name[shapes].astype(np.int64)
    street = np.where(names > 0, names, -1 - a.shape_class[shapes].astype(np.int64))
    first = np.flatnonzero(np.concatenate([[True], np.diff(street) != 0]))
    metres = np.add.reduceat(a.shape_m[shapes] * share, first).tolist()
    seconds = (np.add.reduceat(a.shape_ms[shapes] * share, first) / 1000).tolist()
    return [
        Step(network.name_of(shape), network.class_of(shape), metres[k], seconds[k])
        for k, shape in enumerate(shapes[first].tolist())
    ]


def cut(line: Floats, begin: float, finish: float) -> Floats:
    """Return the part of a line between two fractions of its length, in the direction from `begin` to `finish`."""
    if begin > finish:
        return cut(line, finish, begin)[::-1]
    if begin <= 0.0 and finish >= 1.0:
        return line
    middle = np.radians((line[:-1, 1] + line[1:, 1]) / 2)
    step = np.diff(line, axis=0) * METRES_PER_DEGREE
    along = np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0] * np.cos(middle), step[:, 1]))])
    ends = np.array([begin, finish]) * along[-1]
    part = np.stack([np.interp(ends, along, line[:, 0]), np.interp(ends, along, line[:, 1])], axis=1)
    inside = line[(along > ends[0]) & (along < ends[1])]
    return np.concatenate([part[:1], inside, part[1:]])
