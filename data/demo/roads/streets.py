"""The street grid of every town."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from data.demo.roads.edges import NO_NAME, Edges, Flags, Floats, Ints, NameBook, Rank
from data.demo.roads.names import LANE_STEMS, RING_ROADS, STEMS, WEIFANG_ROADS, WEIFANG_STREETS
from data.demo.roads.places import Town
from data.demo.roads.plane import Points, to_plane

WEIFANG_CENTRE = "370705"
_MOST_LINES = 512  # on each side of the centre; more than any town has
_CITY_KM = 3.0  # towns with this radius have a ring road and arterials


@dataclass(frozen=True, slots=True)
class Plan:
    """How a town's grid is drawn."""

    town: Town
    number: int
    centre: Points
    radius_km: float
    spacing_km: float
    block: int  # every block-th line is an arterial
    turn: float  # radians, anticlockwise

    @property
    def is_city(self) -> bool:
        """Large enough for arterials and a ring road."""
        return self.radius_km >= _CITY_KM

    @property
    def ring(self) -> int:
        """The line on which the ring road runs."""
        return self.block * max(1, round(0.7 * self.radius_km / self.spacing_km / self.block))


@dataclass(frozen=True, slots=True)
class Grids:
    """All towns' streets. `town` and `lines` tell for each point which town and which two lines cross there."""

    points: Points
    town: Ints
    lines: Ints  # (n, 2): number of the north-south line, of the east-west line
    edges: Edges


def lay_grids(towns: Sequence[Town], names: NameBook, seed: int, density: float = 1.0) -> Grids:
    """Draw the grid of every town, `density` times as many crossings as usual; where towns touch, each keeps its own
    side.
    """
    # a town looks the same whichever others are drawn, so that a small network shows the large one's streets
    streams = [np.random.default_rng([seed, int(town.lon * 1e5), int(town.lat * 1e5)]) for town in towns]
    plans = [_plan(town, number, rng, density) for number, (town, rng) in enumerate(zip(towns, streams, strict=True))]
    touching = _touching(plans)
    points, town_of, lines, tables = [np.empty((0, 2))], [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)], []
    size = 0
    for plan, rng in zip(plans, streams, strict=True):
        drawn, crossing = _crossings(plan, [plans[other] for other in touching[plan.number]], rng)
        tables.append(_streets(plan, crossing, size, names, rng))
        points.append(drawn)
        lines.append(crossing)
        town_of.append(np.full(len(drawn), plan.number))
        size += len(drawn)
    empty = Edges.between(np.empty(0, np.int64), np.empty(0, np.int64), Rank.RESIDENTIAL)
    return Grids(np.concatenate(points), np.concatenate(town_of), np.concatenate(lines), empty.plus(*tables))


def _plan(town: Town, number: int, rng: np.random.Generator, density: float) -> Plan:
    radius_km = town.radius_m / 1000
    in_weifang = town.county.startswith("3707")
    spacing_km = (0.145 if in_weifang else 0.255) * rng.uniform(0.93, 1.07)
    turn = float(rng.normal(0, 0.11))
    if _is_weifang_centre(town):
        spacing_km, turn = 0.14, 0.045
    closer = density**0.5
    block = round((6 if in_weifang else 4) * closer)  # arterials stay as far apart as they are
    centre = to_plane(np.array([town.lon, town.lat]))
    return Plan(town, number, centre, radius_km, spacing_km / closer, block, turn)


def _is_weifang_centre(town: Town) -> bool:
    return town.is_seat and town.county == WEIFANG_CENTRE


def _touching(plans: list[Plan]) -> dict[int, list[int]]:
    touching: dict[int, list[int]] = {plan.number: [] for plan in plans}
    if len(plans) < 2:
        return touching
    widest = max(plan.radius_km for plan in plans)
    tree = cKDTree(np.array([plan.centre for plan in plans]))
    for first, second in sorted(tree.query_pairs(2.6 * widest)):
        a, b = plans[first], plans[second]
        if np.hypot(*(a.centre - b.centre)) < 1.3 * (a.radius_km + b.radius_km):
            touching[first].append(second)
            touching[second].append(first)
    return touching


def _crossings(plan: Plan, rivals: list[Plan], rng: np.random.Generator) -> tuple[Points, Ints]:
    """Where the lines of the grid cross inside the town: positions, and the two lines of each."""
    reach = int(1.3 * plan.radius_km / plan.spacing_km) + 1
    columns, rows = _line_offsets(plan, reach, rng), _line_offsets(plan, reach, rng)
    index = np.arange(-reach, reach + 1)
    lines = np.stack(np.meshgrid(index, index, indexing="ij"), axis=-1).reshape(-1, 2)
    local = np.stack([columns[lines[:, 0] + reach], rows[lines[:, 1] + reach]], axis=1)
    local += _sway(plan, local, rng) + rng.normal(0, 0.045 * plan.spacing_km, local.shape)
    cos, sin = np.cos(plan.turn), np.sin(plan.turn)
    points = local @ np.array([[cos, sin], [-sin, cos]]) + plan.centre
    inside = _inside(plan, local, rng)
    for rival in rivals:
        inside &= _own_side(plan, rival, points)
    return points[inside], lines[inside]


def _line_offsets(plan: Plan, reach: int, rng: np.random.Generator) -> Floats:
    """Distances of the lines from the centre: blocks are not all alike."""
    gaps = plan.spacing_km * rng.uniform(0.72, 1.28, 2 * reach + 1)
    offsets = np.cumsum(gaps)
    return np.asarray(offsets - offsets[reach], dtype=np.float64)


def _sway(plan: Plan, local: Points, rng: np.random.Generator) -> Points:
    """Long gentle bends, so that no street is a ruler's edge."""
    sway = np.zeros_like(local)
    for wave_km, share in ((11.3, 1.0), (4.7, 0.4)):
        width_km = min(0.016 * wave_km, 0.06 * plan.radius_km) * share
        phase = rng.uniform(0, 2 * np.pi, 2)
        sway[:, 0] += width_km * np.sin(2 * np.pi * (local[:, 1] + 0.35 * local[:, 0]) / wave_km + phase[0])
        sway[:, 1] += width_km * np.sin(2 * np.pi * (local[:, 0] - 0.35 * local[:, 1]) / wave_km + phase[1])
    return sway


def _inside(plan: Plan, local: Points, rng: np.random.Generator) -> Flags:
    """Towns have ragged edges: suburbs along some roads, fields reaching in elsewhere."""
    bearing = np.arctan2(local[:, 1], local[:, 0])
    edge = np.ones(len(local))
    for lobes, depth in ((2, 0.10), (3, 0.09), (5, 0.07), (9, 0.04)):
        edge += depth * np.sin(lobes * bearing + rng.uniform(0, 2 * np.pi))
    distance = np.hypot(local[:, 0], local[:, 1])
    return np.asarray(distance < plan.radius_km * edge, dtype=np.bool_)


def _own_side(plan: Plan, rival: Plan, points: Points) -> Flags:
    """This side of the line on which both towns reach equally far (the radical axis), less half a street."""
    apart = float(np.hypot(*(rival.centre - plan.centre)))
    to_own = ((points - plan.centre) ** 2).sum(axis=1) - plan.radius_km**2
    to_rival = ((points - rival.centre) ** 2).sum(axis=1) - rival.radius_km**2
    return np.asarray((to_rival - to_own) / (2 * apart) > 0.42 * plan.spacing_km, dtype=np.bool_)


def _streets(plan: Plan, crossing: Ints, first: int, names: NameBook, rng: np.random.Generator) -> Edges:
    """Edges between neighbouring crossings; points are numbered from `first`."""
    span = 2 * _MOST_LINES
    key = (crossing[:, 0] + _MOST_LINES) * span + crossing[:, 1] + _MOST_LINES
    order = np.argsort(key)
    tables = []
    for axis, step in ((0, 1), (1, span)):  # along a north-south line, the east-west line changes; and the reverse
        wanted = key + step
        at = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
        found = key[order][at] == wanted if len(key) else np.empty(0, np.bool_)
        start, end = np.flatnonzero(found), order[at[found]]
        line, place = crossing[start, axis], crossing[start, 1 - axis]
        rank = _ranks(plan, line, place)
        chain = (plan.number * 2 + axis) * span + line + _MOST_LINES
        name = _street_names(plan, axis, line, place, rank, names, rng)
        tables.append(
            Edges.between(
                start + first, end + first, rank, name=name, chain=chain, place=place + _MOST_LINES, grid=True
            )
        )
    return tables[0].plus(tables[1])


def _ranks(plan: Plan, line: Ints, place: Ints) -> Ints:
    rank = np.full(len(line), int(Rank.RESIDENTIAL))
    if not plan.is_city:
        rank[line % plan.block == 0] = Rank.TERTIARY
        rank[line == 0] = Rank.SECONDARY
        return rank
    rank[line % plan.block == plan.block // 2] = Rank.TERTIARY
    rank[line % plan.block == 0] = Rank.SECONDARY
    rank[line % (2 * plan.block) == 0] = Rank.PRIMARY
    rank[_on_ring(plan, line, place)] = Rank.TRUNK
    return rank


def _on_ring(plan: Plan, line: Ints, place: Ints) -> Flags:
    return np.asarray((abs(line) == plan.ring) & (place >= -plan.ring) & (place < plan.ring), dtype=np.bool_)


def _street_names(
    plan: Plan, axis: int, line: Ints, place: Ints, rank: Ints, names: NameBook, rng: np.random.Generator
) -> Ints:
    """One name per line, and east and west (or north and south) of the centre its two halves."""
    stems = rng.permutation(len(STEMS))
    known = (WEIFANG_ROADS, WEIFANG_STREETS)[axis] if _is_weifang_centre(plan.town) else {}
    kind = "路街"[axis]
    halves = ("南", "北") if axis == 0 else ("西", "东")
    named = np.full(len(line), NO_NAME)
    for number, at in _by_value(line):
        arterial, rest = divmod(int(number), plan.block)
        if rest == 0 and arterial in known:
            named[at] = names.number(known[arterial])
        elif rest == 0 or (rest == plan.block // 2 and plan.is_city):
            # the numbers of both axes must not meet on the same stem in one town
            stem = STEMS[stems[(2 * (2 * arterial + (rest != 0)) + axis) % len(STEMS)]]
            for half, half_at in zip(halves, (place[at] < 0, place[at] >= 0), strict=True):
                whole = f"{stem}{kind}" if not plan.is_city else f"{stem}{half}{kind}"
                named[at[half_at]] = names.number(whole)
        elif rng.random() < 0.4:
            named[at] = names.number(f"{LANE_STEMS[int(rng.integers(len(LANE_STEMS)))]}{'巷里'[axis]}")
    if plan.is_city:
        ring = rank == Rank.TRUNK
        for side, ring_name in zip((-1, 1), RING_ROADS[2 * axis : 2 * axis + 2], strict=True):
            named[ring & (line == side * plan.ring)] = names.number(ring_name)
    return named


def _by_value(values: Ints) -> list[tuple[int, Ints]]:
    order = np.argsort(values, kind="stable")
    numbers, starts = np.unique(values[order], return_index=True)
    return list(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True)) if len(values) else []
