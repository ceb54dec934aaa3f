"""Motorways between the cities: two one-way carriageways, interchanges with the roads below and with each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from data.demo.roads.edges import Edges, Ints, NameBook, Rank
from data.demo.roads.places import Town
from data.demo.roads.plane import Points, to_plane
from data.demo.roads.rivers import rounded

# Numbers and names are real, the courses pass near the right cities and are drawn by hand.
_COURSES: dict[str, list[tuple[float, float]]] = {
    "青银高速": [
        (120.42, 36.22), (120.25, 36.40), (119.75, 36.62), (119.20, 36.88), (118.75, 36.77), (118.30, 36.90),
        (117.80, 36.93), (117.35, 36.82), (116.95, 36.83), (116.60, 36.85), (116.30, 36.98), (115.90, 37.02),
    ],
    "青兰高速": [
        (120.25, 36.05), (119.90, 36.12), (119.30, 36.10), (118.60, 36.10), (118.10, 36.13), (117.60, 36.28),
        (117.05, 36.12), (116.60, 36.25), (116.00, 36.38), (115.40, 36.42),
    ],
    "京台高速": [
        (116.35, 37.62), (116.40, 37.30), (116.60, 37.00), (116.78, 36.65), (116.88, 36.25), (117.00, 36.05),
        (116.90, 35.60), (117.10, 35.25), (117.20, 34.85), (117.40, 34.55),
    ],
    "京沪高速": [
        (117.05, 37.20), (117.20, 36.85), (117.32, 36.55), (117.60, 36.20), (117.85, 35.75), (118.15, 35.30),
        (118.22, 35.00), (118.30, 34.60),
    ],
    "沈海高速": [
        (121.30, 37.42), (120.85, 37.10), (120.60, 36.85), (120.20, 36.42), (119.88, 36.20), (119.70, 35.85),
        (119.35, 35.48), (119.15, 35.15),
    ],
    "荣乌高速": [
        (122.40, 37.25), (122.00, 37.40), (121.55, 37.32), (121.15, 37.40), (120.60, 37.55), (120.20, 37.35),
        (119.85, 37.08), (119.30, 37.00), (118.80, 37.18), (118.40, 37.35), (118.05, 37.50), (117.70, 37.80),
    ],
    "长深高速": [
        (117.95, 37.85), (118.15, 37.35), (118.40, 37.20), (118.55, 36.80), (118.60, 36.40), (118.70, 35.95),
        (118.55, 35.45), (118.52, 35.00), (118.50, 34.72),
    ],
    "济广高速": [(116.85, 36.55), (116.50, 36.22), (116.20, 35.85), (115.80, 35.50), (115.55, 35.20), (115.60, 34.75)],
    "日兰高速": [
        (119.38, 35.48), (118.80, 35.45), (118.20, 35.42), (117.50, 35.55), (117.00, 35.52), (116.50, 35.50),
        (116.00, 35.50), (115.40, 35.35), (115.12, 35.22),
    ],
    "威青高速": [(122.05, 37.40), (121.80, 37.05), (121.20, 36.88), (120.70, 36.62), (120.40, 36.42)],
    "滨莱高速": [(118.02, 37.60), (118.05, 37.25), (118.15, 36.95), (117.98, 36.50), (117.75, 36.22), (117.70, 36.05)],
    "济聊高速": [(116.80, 36.68), (116.40, 36.52), (116.00, 36.55), (115.50, 36.62)],
    "枣临高速": [(117.25, 34.95), (117.60, 34.98), (118.00, 35.00), (118.35, 34.90), (118.90, 35.10), (119.20, 35.18)],
    "潍日高速": [
        (119.12, 37.05), (118.93, 36.82), (118.92, 36.66), (119.06, 36.35), (119.15, 36.00), (119.25, 35.65),
        (119.35, 35.38),
    ],
}  # fmt: skip
_STEP_KM = 0.6
_HALF_WIDTH_KM = 0.014
_RAMPS_EVERY_KM = 15.0
_CLEAR_STEPS = 6  # between an interchange and the next, or the end
_RAMP_STEPS = 1
_SHORTEST_KM = 6.0
_BYPASS_KM = 0.8
_LINE_CHAINS = 1 << 45
_ROAD_LIMIT_KM = 12.0


@dataclass(slots=True)
class _Layout:
    """Points and edges as they are added, numbered after those that exist."""

    first: int
    points: list[Points] = field(default_factory=list)
    tables: list[Edges] = field(default_factory=list)
    size: int = 0

    def add_points(self, points: Points) -> Ints:
        numbers = np.arange(self.first + self.size, self.first + self.size + len(points))
        self.points.append(points)
        self.size += len(points)
        return numbers

    def add_line(self, nodes: Ints, rank: Rank, *, name: int = -1, oneway: bool = False) -> None:
        self.tables.append(
            Edges.between(
                nodes[:-1],
                nodes[1:],
                rank,
                chain=_LINE_CHAINS + len(self.tables),
                place=np.arange(len(nodes) - 1),
                name=name,
                oneway=oneway,
            )
        )


@dataclass(frozen=True, slots=True)
class _Motorway:
    """`there` and `back` are the carriageways' nodes, both in the order of `middle`; `back` is driven backwards."""

    name: str
    middle: Points
    there: Ints
    back: Ints


@dataclass(frozen=True, slots=True)
class Motorways:
    """What is to be added to the network."""

    points: Points
    edges: Edges
    km: float
    interchanges: int


def lay_motorways(
    points: Points, edges: Edges, land: BaseGeometry, reach_km: float, towns: Sequence[Town], names: NameBook
) -> Motorways:
    """Motorways on `land`, within `reach_km` of the origin, joined to `edges` by ramps."""
    layout = _Layout(len(points))
    area = land.intersection(Point(0, 0).buffer(reach_km)) if reach_km < 1000 else land
    motorways = [
        _carriageways(layout, name, middle, names)
        for name, corners in _COURSES.items()
        for middle in _middles(corners, area, towns)
    ]
    roads = _Roads(points, edges)
    busy = {motorway.there[0]: [] for motorway in motorways}  # type: dict[int, list[int]]
    interchanges = _meetings(layout, motorways, busy)
    for motorway in motorways:
        interchanges += _exits(layout, motorway, busy[motorway.there[0]], roads, names)
        for end in (0, -1):
            _join_end(layout, motorway, end, roads, names)
    none = np.empty(0, np.int64)
    return Motorways(
        np.concatenate([np.empty((0, 2)), *layout.points]),
        Edges.between(none, none, Rank.MOTORWAY).plus(*layout.tables),
        sum(len(motorway.middle) - 1 for motorway in motorways) * _STEP_KM,
        interchanges,
    )


class _Roads:
    """The crossings of larger roads, to which ramps lead."""

    def __init__(self, points: Points, edges: Edges) -> None:
        large = (edges.rank >= Rank.TERTIARY) & ~edges.roundabout
        self._nodes = np.unique(np.concatenate([edges.start[large], edges.end[large]]))
        self._points = points
        self._tree = cKDTree(points[self._nodes])

    def nearest(self, place: Points) -> tuple[int, Points]:
        """The crossing nearest to `place`: number and position."""
        _, at = self._tree.query(place)
        node = int(self._nodes[at])
        return node, self._points[node]


def _middles(corners: list[tuple[float, float]], area: BaseGeometry, towns: Sequence[Town]) -> list[Points]:
    """The middle line, past the towns and only on land, at equal steps."""
    course = _past_towns(_at_steps(LineString(rounded(to_plane(np.array(corners))))), towns)
    found = []
    for part in shapely.get_parts(shapely.intersection(LineString(course), area)):
        if part.length > _SHORTEST_KM:
            found.append(_at_steps(part))
    return found


def _at_steps(line: LineString) -> Points:
    count = max(2, round(line.length / _STEP_KM) + 1)
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(0, line.length, count))))


def _past_towns(course: Points, towns: Sequence[Town]) -> Points:
    """Push the course out of built-up areas, then smooth it; ends may lie in town."""
    for town in towns:
        centre, clear_km = to_plane(np.array([town.lon, town.lat])), town.radius_m / 1000 * 1.12 + _BYPASS_KM
        away = course - centre
        distance = np.hypot(away[:, 0], away[:, 1])
        close = distance < clear_km
        course[close] = centre + away[close] * (clear_km / np.maximum(distance[close], 0.05))[:, None]
    return _smooth(course)


def _smooth(course: Points, rounds: int = 12) -> Points:
    for _ in range(rounds):
        course[1:-1] = 0.25 * course[:-2] + 0.5 * course[1:-1] + 0.25 * course[2:]
    return course


def _carriageways(layout: _Layout, name: str, middle: Points, names: NameBook) -> _Motorway:
    ahead = np.gradient(middle, axis=0)
    right = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1) / np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    there = layout.add_points(middle + right * _HALF_WIDTH_KM)  # traffic keeps right
    back = layout.add_points(middle - right * _HALF_WIDTH_KM)
    number = names.number(name)
    layout.add_line(there, Rank.MOTORWAY, name=number, oneway=True)
    layout.add_line(back[::-1], Rank.MOTORWAY, name=number, oneway=True)
    return _Motorway(name, middle, there, back)


def _meetings(layout: _Layout, motorways: list[_Motorway], busy: dict[int, list[int]]) -> int:
    """Where two motorways cross, each carriageway gets a ramp to both carriageways of the other."""
    made = 0
    for number, a in enumerate(motorways):
        for b in motorways[number + 1 :]:
            for spot in shapely.get_coordinates(LineString(a.middle).intersection(LineString(b.middle))):
                at_a, at_b = _step_at(a, spot), _step_at(b, spot)
                if not (_is_free(a, at_a, busy) and _is_free(b, at_b, busy)):
                    continue
                for origin, at_origin, target, at_target in ((a, at_a, b, at_b), (b, at_b, a, at_a)):
                    for leave in (origin.there[at_origin - _RAMP_STEPS], origin.back[at_origin + _RAMP_STEPS]):
                        for enter in (target.there[at_target + _RAMP_STEPS], target.back[at_target - _RAMP_STEPS]):
                            _ramp(layout, int(leave), int(enter))
                busy[a.there[0]].append(at_a)
                busy[b.there[0]].append(at_b)
                made += 1
    return made


def _step_at(motorway: _Motorway, spot: Points) -> int:
    return int(np.argmin(np.hypot(*(motorway.middle - spot).T)))


def _is_free(motorway: _Motorway, step: int, busy: dict[int, list[int]]) -> bool:
    inside = _CLEAR_STEPS // 2 <= step < len(motorway.middle) - _CLEAR_STEPS // 2
    return inside and all(abs(step - other) >= _CLEAR_STEPS for other in busy[motorway.there[0]])


def _exits(layout: _Layout, motorway: _Motorway, busy: list[int], roads: _Roads, names: NameBook) -> int:
    """A toll gate about every 15 km, with four ramps and a road to the nearest larger crossing."""
    made = 0
    every = round(_RAMPS_EVERY_KM / _STEP_KM)
    last = len(motorway.middle) - _CLEAR_STEPS
    for step in range(min(every // 2, max(_CLEAR_STEPS, last - 1)), last, every):
        free = [s for s in range(step, min(step + every // 2, last)) if all(abs(s - b) >= _CLEAR_STEPS for b in busy)]
        if not free:
            continue
        # the nearest larger road within the stretch, so that the feeder is short
        at = min(free, key=lambda s: float(np.hypot(*(roads.nearest(motorway.middle[s])[1] - motorway.middle[s]))))
        middle = motorway.middle[at]
        node, place = roads.nearest(middle)
        toward = (place - middle) / max(float(np.hypot(*(place - middle))), 1e-6)
        (gate,) = layout.add_points((middle + toward * min(0.35, 0.6 * float(np.hypot(*(place - middle)))))[None, :])
        layout.add_line(np.array([gate, node]), Rank.SECONDARY, name=names.number(f"{motorway.name}连接线"))
        _ramp(layout, int(motorway.there[at - _RAMP_STEPS]), int(gate))
        _ramp(layout, int(gate), int(motorway.there[at + _RAMP_STEPS]))
        _ramp(layout, int(motorway.back[at + _RAMP_STEPS]), int(gate))
        _ramp(layout, int(gate), int(motorway.back[at - _RAMP_STEPS]))
        made += 1
    return made


def _ramp(layout: _Layout, leave: int, enter: int) -> None:
    layout.add_line(np.array([leave, enter]), Rank.MOTORWAY_LINK, oneway=True)


def _join_end(layout: _Layout, motorway: _Motorway, end: int, roads: _Roads, names: NameBook) -> None:
    """At its ends the motorway becomes a trunk road."""
    node, _ = roads.nearest(motorway.middle[end])
    beyond = motorway.middle[end] + 0.35 * (motorway.middle[end] - motorway.middle[1 if end == 0 else -2])
    (last,) = layout.add_points(beyond[None, :])
    arrive, depart = (motorway.there, motorway.back) if end == -1 else (motorway.back, motorway.there)
    _ramp(layout, int(arrive[end]), int(last))
    _ramp(layout, int(last), int(depart[end]))
    layout.add_line(np.array([last, node]), Rank.TRUNK, name=names.number(f"{motorway.name}连接线"))
