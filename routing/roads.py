"""The roads of one running process: the open network, what is closed on it now, and searches off the event loop."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
from geoalchemy2 import WKBElement
from geoalchemy2.shape import to_shape
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from routing.closures import BlockedEdges, blocked_at_once, closed_by, closed_ways, is_many, worked_out
from routing.errors import NetworkUnusable, NoRoads, UnusableClosure
from routing.isochrones import Isochrone, isochrones
from routing.network import PreparedNetwork, RoadStore
from routing.ranking import Ranked, Route, find_route, rank
from routing.snapping import BESIDE_M, LonLat
from routing.speed_factors import SpeedFactors, digest, with_speeds
from routing.surfaces import Surface

log = logging.getLogger(__name__)

OPEN = "0"
"""The revision of roads on which nothing is closed."""

Id = TypeVar("Id", bound=Hashable)

Shapes = np.ndarray[tuple[int, ...], np.dtype[np.int32]]
"""Numbers of stretches."""


class ClosureRow(Protocol):
    """What `Roads.reload_closures` needs of a closure; `routing.tables.RoadClosure` has it."""

    @property
    def id(self) -> int: ...
    @property
    def geom(self) -> WKBElement: ...
    @property
    def ways(self) -> Sequence[int] | None: ...
    @property
    def since(self) -> datetime: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def reopened_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class RoadsState:
    """One consistent view: replaced as a whole, so a search that began keeps the network and closures it began with."""

    stored: PreparedNetwork
    network: PreparedNetwork  # with the speeds of the hour
    blocked: BlockedEdges | None
    closures: frozenset[int]
    revision: str


class Roads:
    """Answers questions about roads. Safe to use from many tasks; each search runs in a thread and sees one state.

    Other processes' changes are taken in by calling `reload_network` and `reload_closures`: after an import, when a
    closure is announced, and when the earliest `until` has passed.
    """

    def __init__(self, store: RoadStore) -> None:
        self.store = store
        self._state: RoadsState | None = None
        self._shapes: dict[int, Shapes] = {}
        self.unusable: str | None = None
        self.on_change: Callable[[str], object] = lambda _version: None
        """Told every new version, in whatever thread it was made."""
        # Held from reading what the tables say to obeying it, so that an older list never wins.
        self.changing, self.retiming = asyncio.Lock(), asyncio.Lock()
        self._swapping = threading.Lock()  # held from looking at the state to replacing it

    def open(self) -> None:
        """Open the version in use; raise `NetworkUnusable` (or `NoRoads`), which also stays readable in `unusable`."""
        try:
            network = self.store.current()
            _warm_up(network)
        except NetworkUnusable as error:
            self.unusable = str(error)
            raise
        with self._swapping:
            self.unusable = None
            self._shapes = {}
            self._put(RoadsState(network, network, None, frozenset(), OPEN))

    def reload_network(self) -> bool:
        """Open a newer version if one was installed; the old one stays in use if the new one is unusable.

        Returns whether the network changed; closures and speeds must then be loaded again.
        """
        version = self.store.current_version()
        if version is None or (self._state is not None and version == self._state.network.version):
            return False
        try:
            self.open()
        except NetworkUnusable as error:
            log.error("the new roads cannot be used, the old ones stay: %s", error)
            return False
        return True

    @property
    def ready(self) -> bool:
        return self._state is not None

    @property
    def version(self) -> str:
        """The network's version, its speeds if they are not the stored ones, and the revision of what is closed on it:
        equal versions give equal answers.
        """
        state = self._current()
        speeds = f"~{state.network.speeds}" if state.network.speeds else ""
        return f"{state.network.version}{speeds}+{state.revision}"

    @property
    def state(self) -> RoadsState:
        """The network and what is closed on it at this moment, for work that takes several steps."""
        return self._current()

    @property
    def network(self) -> PreparedNetwork:
        return self._current().network

    @property
    def closures(self) -> frozenset[int]:
        """The ids of the closures in force at the last reload."""
        return self._current().closures

    def reload_closures(self, rows: Iterable[ClosureRow], *, now: datetime) -> str:
        """Close exactly the roads of those rows that are in force at `now`; return the new version.

        A row that closes nothing on this network (roads were imported anew) is logged, not refused.
        """
        with self._swapping:
            state = self._current()
            shapes = {
                row.id: self._shapes_of(state.network, row)
                for row in rows
                if row.reopened_at is None and row.since <= now and (row.until is None or row.until > now)
            }
            self._shapes = shapes
            if frozenset(shapes) == state.closures:
                return self.version
            # Made of the closures' ids, so that all processes that know the same closures say the same version.
            ids = ",".join(map(str, sorted(shapes)))
            revision = hashlib.blake2b(ids.encode(), digest_size=4).hexdigest() if shapes else OPEN
            self._close(state, shapes, revision)
            return self.version

    def reload_speeds(self, factors: SpeedFactors, *, now: datetime) -> bool:
        """Drive at these speeds, as they are in the hour of `now`; return whether that changes anything.

        To be called when the factors change, when an hour begins, and after a new network was opened; never twice at
        a time. Works out the hierarchy anew (about a second for a province); until then the old speeds hold, and
        closures come and go.
        """
        stored = self._current().stored
        current = factors.at(now)
        if digest(current) == self._current().network.speeds:
            return False
        network = with_speeds(stored, current) if digest(current) else stored
        with self._swapping:
            state = self._current()
            if state.stored is not stored:  # a new network came meanwhile; it is asked for at the next turn
                return False
            self._close(replace(state, network=network), self._shapes, state.revision)
        return True

    def _close(self, on: RoadsState, shapes: dict[int, Shapes], revision: str) -> None:
        """Put a new state in place; while the hierarchy of a large closure is worked out, one without it answers."""
        state = replace(on, blocked=None, closures=frozenset(shapes), revision=revision)
        if shapes:
            blocked = blocked_at_once(on.network, np.concatenate(list(shapes.values())))
            if is_many(on.network, blocked):
                self._put(replace(state, blocked=blocked))
            state = replace(state, blocked=worked_out(on.network, blocked))
        self._put(state)

    def _put(self, state: RoadsState) -> None:
        before = self.version if self._state else None
        self._state = state
        if self.version != before:
            self.on_change(self.version)

    def closes(self, geometry: BaseGeometry) -> int:
        """Return how many stretches of road a geometry would close; raise `UnusableClosure` if none."""
        return len(closed_by(self._current().network, geometry))

    def ways(self, ways: Sequence[int]) -> tuple[BaseGeometry, int]:
        """Return the lines of ways (OpenStreetMap's ids) and how many stretches they have; raise `UnusableClosure`."""
        network = self._current().network
        shapes = closed_ways(network, ways)
        return MultiLineString([network.line_of(shape) for shape in shapes.tolist()]), len(shapes)

    async def rank(
        self,
        target: LonLat,
        candidates: Sequence[tuple[Id, float, float]],
        *,
        classes: Sequence[int] | None = None,
        routes: int = 10,
        distances: int | None = None,
        within_s: float | None = None,
    ) -> list[Ranked[Id]]:
        """`routing.ranking.rank` on the roads as they are now."""
        state = self._current()
        return await asyncio.to_thread(
            rank,
            state.network,
            target,
            candidates,
            classes=classes,
            blocked=state.blocked,
            routes=routes,
            distances=distances,
            within_s=within_s,
        )

    def farthest_m(self, seconds: float) -> float:
        """Return how far away in a straight line nobody is who can come in that time: to look no farther than there."""
        # 1 % for the sphere on which roads are measured, and both ends may stand beside the road.
        return seconds * self._current().network.fastest_mps * 1.01 + 4 * BESIDE_M

    async def route(self, start: LonLat, end: LonLat) -> Route:
        """`routing.ranking.find_route` on the roads as they are now."""
        state = self._current()
        return await asyncio.to_thread(find_route, state.network, start, end, blocked=state.blocked)

    async def isochrones(self, at: LonLat, minutes: Sequence[float]) -> list[Isochrone]:
        """`routing.isochrones.isochrones` on the roads as they are now."""
        state = self._current()
        return await asyncio.to_thread(isochrones, state.network, at, minutes, blocked=state.blocked)

    async def surface(self, origins: Sequence[LonLat]) -> Surface:
        """`routing.surfaces.Surface` on the roads as they are now."""
        state = self._current()
        return await asyncio.to_thread(Surface, state.network, origins, blocked=state.blocked)

    def _current(self) -> RoadsState:
        if self._state is None:
            raise NoRoads(self.unusable or "no roads are open")
        return self._state

    def _shapes_of(self, network: PreparedNetwork, row: ClosureRow) -> Shapes:
        """What a row closes, found once: neither its geometry nor its ways ever change."""
        if (known := self._shapes.get(row.id)) is not None:
            return known
        try:
            return closed_by(network, to_shape(row.geom)) if row.ways is None else closed_ways(network, row.ways)
        except UnusableClosure as error:
            log.warning("closure %d closes nothing on roads %s: %s", row.id, network.version, error)
            return np.empty(0, np.int32)


def _warm_up(network: PreparedNetwork) -> None:
    """Ask one small question of each kind: the first alarm shall not wait for the compiler (3 s on a new machine)."""
    lon, lat = network.line_of(0)[0].tolist()
    rank(network, (lon, lat), [(0, lon, lat)], routes=1)
    isochrones(network, (lon, lat), [1.0])
