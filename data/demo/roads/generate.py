"""Lays the whole network and writes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from data.demo.roads.bends import MOST_BEND_KM, add_roundabouts, bend, shorten_bridges
from data.demo.roads.country import join_villages, place_villages
from data.demo.roads.edges import Edges, Flags, Ints, NameBook, Rank, without_unused_points
from data.demo.roads.errors import ScaleImpossible
from data.demo.roads.file import write_pbf
from data.demo.roads.hierarchy import raise_main_roads
from data.demo.roads.motorways import Motorways, lay_motorways
from data.demo.roads.places import WEIFANG, County, Town, towns
from data.demo.roads.plane import Points, to_degrees, to_plane
from data.demo.roads.rivers import River, rivers
from data.demo.roads.streets import Grids, lay_grids
from data.demo.roads.traffic import (
    build,
    crossed,
    dead_ends,
    make_one_way,
    on_network,
    over_others,
    simplified,
)

CROSSING_ROAD, CROSSING_STREET = "北海路", "民主街"
_MARGIN_KM = 0.15  # roads stay this far inside the land, more than they bend
_EVERYWHERE_KM = 1e4
# How far around the centre of Weifang the network reaches, by share of the whole.
_REACH_KM = {0.0: 1.0, 0.03: 7.7, 0.06: 12.8, 0.15: 38.0, 0.35: 82.0, 0.6: 165.0, 1.0: 450.0}
_ROUNDABOUT_EVERY = 9  # towns
_HIGHEST_DENSITY = 6.0  # beyond it streets would be closer together than houses are wide


@dataclass(frozen=True, slots=True)
class Bridge:
    """A road bridge; position of its middle in WGS84 degrees."""

    river: str
    road: str  # empty when the road has no name
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A crossing that demonstrations refer to; WGS84 degrees."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class RoadsSummary:
    """What was written. Edges are counted after topological simplification, once per direction of travel."""

    nodes: int
    ways: int
    junctions: int
    directed_edges: int
    road_km: float
    one_way_edges: int
    motorway_km: float
    interchanges: int
    roundabouts: int
    towns: int
    bridges: tuple[Bridge, ...]
    places: tuple[NamedPlace, ...]

    def place(self, name: str) -> NamedPlace:
        """The named place. Raises KeyError when the network does not have it."""
        for place in self.places:
            if place.name == name:
                return place
        raise KeyError(name)


def write_demo_roads(
    path: Path,
    *,
    counties: Sequence[County],
    scale: float = 1.0,
    density: float = 1.0,
    seed: int = 2021,
    progress: Callable[[float], None] | None = None,
) -> RoadsSummary:
    """Write the network to `path` (`.osm.pbf`, replaced if it exists); the same arguments give the same bytes.

    `scale` is the share of the whole network's junctions, taken from the centre of Weifang outwards. `density` is how
    many times as many villages and street corners stand on the same land: about 4 gives a province at full size, for
    measuring. `progress` is told the share of the work done, from 0 to 1. Raises ScaleImpossible for a scale that is
    not above 0 and at most 1, or a density that is not from 1 to 6.
    """
    if not 0 < scale <= 1:
        raise ScaleImpossible(f"the scale of the demonstration roads must be above 0 and at most 1, not {scale}")
    if not 1 <= density <= _HIGHEST_DENSITY:
        raise ScaleImpossible(
            f"the density of the demonstration roads must be from 1 to {_HIGHEST_DENSITY:g}, not {density}"
        )
    report = progress or (lambda _: None)
    reach_km = float(np.interp(scale, list(_REACH_KM), list(_REACH_KM.values()))) if scale < 1 else _EVERYWHERE_KM
    network = _Builder(counties, reach_km, density, seed).build(lambda share: report(0.6 * share))
    ways = write_pbf(
        path, to_degrees(network.points), network.edges, network.names, network.rivers, lambda s: report(0.6 + 0.4 * s)
    )
    return _summary(network, ways)


@dataclass(frozen=True, slots=True)
class _Network:
    points: Points
    edges: Edges
    names: list[str]
    rivers: list[River]
    bridges: tuple[Bridge, ...]
    towns: int
    roundabouts: int
    motorways: Motorways


class _Builder:
    """The steps from bare land to a finished network. Each has its own random numbers: none disturbs another."""

    def __init__(self, counties: Sequence[County], reach_km: float, density: float, seed: int) -> None:
        self._land = _on_plane(counties).buffer(-_MARGIN_KM)
        self._weifang = _on_plane([county for county in counties if county.city == WEIFANG])
        self._towns = [town for town in towns(counties) if _within(town, reach_km)]
        self._rivers = list(rivers())
        self._reach_km = reach_km
        self._density = density
        self._names = NameBook()
        self._seed = seed
        self._streams = iter(np.random.default_rng(seed).spawn(8))

    def build(self, report: Callable[[float], None]) -> _Network:
        grids = self._on_land(lay_grids(self._towns, self._names, self._seed, self._density))
        report(0.25)
        points, possible = self._with_villages(grids)
        courses = [_line_on_plane(river) for river in self._rivers]
        river = crossed(points, possible, courses)
        report(0.45)
        raise_main_roads(points, possible, river >= 0, self._towns, self._names, next(self._streams))
        report(0.6)
        points, edges = self._built(points, possible, river)
        points, edges = shorten_bridges(points, edges, shapely.union_all(courses))
        bridges = self._bridges(points, edges.take(edges.bridge), courses)
        points, edges, roundabouts = add_roundabouts(points, edges, self._roundabouts(grids))
        make_one_way(len(points), edges, next(self._streams))
        report(0.75)
        motorways = lay_motorways(points, edges, self._land, self._reach_km, self._towns, self._names)
        points = np.concatenate([points, motorways.points])
        motorways.edges.bridge |= over_others(points, motorways.edges, edges)
        motorways.edges.bridge |= crossed(points, motorways.edges, courses) >= 0
        edges = edges.plus(motorways.edges)
        by_water = crossed(points, edges, courses, within_km=MOST_BEND_KM) >= 0
        report(0.9)
        points, edges = bend(points, edges, by_water, next(self._streams))
        points = without_unused_points(points, edges)
        report(1.0)
        return _Network(
            points, edges, self._names.names, self._rivers_near(), bridges, len(self._towns), roundabouts, motorways
        )

    def _on_land(self, grids: Grids) -> Grids:
        shapely.prepare(self._land)
        kept = shapely.contains_xy(self._land, grids.points)
        kept &= np.hypot(grids.points[:, 0], grids.points[:, 1]) < self._reach_km
        edges = grids.edges.take(kept[grids.edges.start] & kept[grids.edges.end])
        number = np.cumsum(kept) - 1
        edges.start, edges.end = number[edges.start], number[edges.end]
        return Grids(grids.points[kept], grids.town[kept], grids.lines[kept], edges)

    def _with_villages(self, grids: Grids) -> tuple[Points, Edges]:
        """All places and every road that could be, none across water or another province."""
        villages = place_villages(
            self._land, self._weifang, grids.points, self._reach_km, next(self._streams), self._density
        )
        points = np.concatenate([grids.points, villages])
        town = np.concatenate([grids.town, np.full(len(villages), -1)])
        at_edge = grids.edges.degree(len(points)) < 4
        large = grids.edges.take(grids.edges.rank >= Rank.TERTIARY)
        on_large = large.degree(len(points)) > 0
        possible = grids.edges.plus(join_villages(points, town, at_edge, on_large))
        inland = crossed(points, possible, [self._land.boundary]) < 0
        return points, possible.take(inland)

    def _built(self, points: Points, possible: Edges, river: Ints) -> tuple[Points, Edges]:
        built = build(points, possible, river >= 0, next(self._streams))
        ends = dead_ends(points, possible, built, river < 0, next(self._streams))
        edges = possible.take(built)
        edges.bridge = river[built] >= 0
        kept = on_network(len(points), edges)
        used = np.zeros(len(points), dtype=np.bool_)
        used[edges.start[kept]] = True
        used[edges.end[kept]] = True
        edges = edges.take(kept).plus(ends.edges.take(used[ends.edges.start]))
        return np.concatenate([points, ends.points]), edges

    def _bridges(self, points: Points, edges: Edges, courses: list[LineString]) -> tuple[Bridge, ...]:
        river = crossed(points, edges, courses)
        middles = to_degrees((points[edges.start] + points[edges.end]) / 2).tolist()
        names = self._names.names
        return tuple(
            Bridge(self._rivers[at].name, names[name] if name >= 0 else "", round(lon, 6), round(lat, 6))
            for at, name, (lon, lat) in zip(river.tolist(), edges.name.tolist(), middles, strict=True)
        )

    def _roundabouts(self, grids: Grids) -> Ints:
        """The middle of some townships."""
        chosen = [number for number, town in enumerate(self._towns) if not town.is_seat][::_ROUNDABOUT_EVERY]
        in_middle: Flags = (grids.lines == 0).all(axis=1) & np.isin(grids.town, chosen)
        return np.flatnonzero(in_middle)

    def _rivers_near(self) -> list[River]:
        near = Point(0, 0).buffer(self._reach_km)
        return [river for river in self._rivers if near.intersects(_line_on_plane(river))]


def _on_plane(counties: Sequence[County]) -> BaseGeometry:
    land: BaseGeometry = shapely.transform(shapely.union_all([county.polygon for county in counties]), to_plane)
    return land


def _line_on_plane(river: River) -> LineString:
    return LineString(to_plane(shapely.get_coordinates(river.line)))


def _within(town: Town, reach_km: float) -> bool:
    x, y = to_plane(np.array([town.lon, town.lat]))
    return bool(np.hypot(x, y) < reach_km + town.radius_m / 1000)


def _summary(network: _Network, ways: int) -> RoadsSummary:
    size = simplified(len(network.points), network.edges)
    return RoadsSummary(
        nodes=len(network.points),
        ways=ways,
        junctions=size.junctions,
        directed_edges=size.directed_edges,
        road_km=round(float(network.edges.length_km(network.points).sum()), 1),
        one_way_edges=int(network.edges.oneway.sum()),
        motorway_km=round(network.motorways.km, 1),
        interchanges=network.motorways.interchanges,
        roundabouts=network.roundabouts,
        towns=network.towns,
        bridges=network.bridges,
        places=_crossing(network),
    )


def _crossing(network: _Network) -> tuple[NamedPlace, ...]:
    """Where the two best-known streets meet, when they are part of the network."""
    if CROSSING_ROAD not in network.names or CROSSING_STREET not in network.names:
        return ()
    edges = network.edges
    ends = [
        set(np.concatenate([edges.start[which], edges.end[which]]).tolist())
        for which in (edges.name == network.names.index(name) for name in (CROSSING_ROAD, CROSSING_STREET))
    ]
    found = to_degrees(network.points[sorted(ends[0] & ends[1])])
    return tuple(
        NamedPlace(f"{CROSSING_ROAD}与{CROSSING_STREET}路口", round(lon, 7), round(lat, 7))
        for lon, lat in found.tolist()
    )
