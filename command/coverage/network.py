"""The roads as planning sees them (`planning.ports.Roads` and `Network`)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from sqlalchemy.ext.asyncio import AsyncSession

from planning.errors import UnusableScenario
from planning.ports import Box, Network
from routing.closures import blocked_edges
from routing.errors import NetworkUnusable
from routing.isochrones import areas
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE
from routing.network import PreparedNetwork
from routing.obeying import factors_of
from routing.reach_tiles import reach_tile
from routing.roads import Roads, RoadsState
from routing.speed_factors import LOCAL_TIME, SpeedFactors, digest, with_speeds
from routing.surfaces import Arrivals, Surface
from routing.tables import RoadSpeeds
from routing.tile_drawing import TileDrawing
from routing.tile_lines import TileAddress

ACROSS = 500
"""Points of the grid across a region whose areas are drawn."""

Floats = npt.NDArray[np.float64]

_SOME_DAY = datetime(2000, 1, 1, tzinfo=LOCAL_TIME)  # speeds differ by hour, not by day


@dataclass(frozen=True, slots=True)
class PlannedNetwork:
    """One state of the roads: it stays as it is, whatever is closed or imported meanwhile."""

    version: str
    state: RoadsState

    def surface(self, origins: Floats) -> "PlannedSurface":
        return PlannedSurface(Surface(self.state.network, origins, blocked=self.state.blocked))

    def junctions(self, near: Floats, limit_m: float) -> tuple[npt.NDArray[np.int64], Floats]:
        """The junction nearest to each place, on a plane laid through the middle of the places."""
        lonlat = self.state.network.arrays.node_xy / UNITS_PER_DEGREE
        scale = METRES_PER_DEGREE * np.array([np.cos(np.radians(np.mean(near[:, 1]))), 1.0])
        away_m, node = cKDTree(lonlat * scale).query(near * scale, distance_upper_bound=limit_m)
        found = np.flatnonzero(np.isfinite(away_m))
        return found.astype(np.int64), lonlat[np.asarray(node)[found]]


@dataclass(frozen=True, slots=True)
class PlannedSurface:
    """Travel times from a set of origins."""

    surface: Surface

    @property
    def off_road(self) -> npt.NDArray[np.bool_]:
        return self.surface.off_road

    def at(self, places: Floats) -> Arrivals:
        return self.surface.at(places)

    def tile(self, z: int, x: int, y: int) -> bytes:
        return reach_tile(_drawing(self.surface.network), self.surface, TileAddress(z, x, y))

    def areas(self, minutes: Sequence[float], box: Box) -> list[shapely.MultiPolygon]:
        return [one.area for one in areas(self.surface, minutes, box=box, across=ACROSS)]


@lru_cache(maxsize=2)
def _drawing(network: PreparedNetwork) -> TileDrawing:
    """What every tile of a network needs."""
    return TileDrawing(network)


@dataclass
class PlannedRoads:
    """Hands out the roads of this process; `factors` are the speeds by hour that somebody has set, if anybody has."""

    roads: Roads
    factors: SpeedFactors | None = None
    _kept: tuple[str, PlannedNetwork] | None = None

    async def refresh(self, session: AsyncSession) -> None:
        row = await session.get(RoadSpeeds, RoadSpeeds.ONLY)
        self.factors = None if row is None else factors_of(row)

    def network(self, hour: int | None) -> Network:
        """Raises `UnusableScenario` without roads. Another hour's speeds take about a second for a province."""
        try:
            version, state = self.roads.version, self.roads.state
        except NetworkUnusable as why:
            raise UnusableScenario(f"no roads can be used: {why}") from why
        if hour is None:
            return PlannedNetwork(version, state)
        # Without a setting every hour is like any other, at the speeds stored with the roads.
        factors = (self.factors or SpeedFactors()).at(_SOME_DAY.replace(hour=hour))
        speeds = digest(factors)
        if speeds == state.network.speeds:
            return PlannedNetwork(version, state)
        version = f"{state.stored.version}{'~' + speeds if speeds else ''}+{state.revision}"
        if self._kept is None or self._kept[0] != version:
            network = with_speeds(state.stored, factors) if speeds else state.stored
            blocked = None if state.blocked is None else blocked_edges(network, state.blocked.shapes)
            self._kept = version, PlannedNetwork(version, replace(state, network=network, blocked=blocked))
        return self._kept[1]
