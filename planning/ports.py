"""What planning needs of the other rooms, which it does not import; `command.coverage` hands them over."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncSession

from planning.demands import County, Demands, Floats, Kind, Longs, Origins

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees (WGS84)."""


class Arrivals(Protocol):
    """When places are reached: column 0 by the nearest origin, column 1 by the second nearest; infinite for never."""

    @property
    def minutes(self) -> Floats: ...
    @property
    def origin(self) -> npt.NDArray[np.signedinteger]: ...
    @property
    def off_road(self) -> npt.NDArray[np.bool_]: ...


class Surface(Protocol):
    """Travel times from a set of origins over the whole network."""

    @property
    def off_road(self) -> npt.NDArray[np.bool_]: ...

    def at(self, places: Floats) -> Arrivals: ...

    def tile(self, z: int, x: int, y: int) -> bytes:
        """A vector tile of the roads (layer `reach`) with `class` and `minutes`; empty where no road is."""
        ...

    def areas(self, minutes: Sequence[float], box: Box) -> list[shapely.MultiPolygon]:
        """What is reached within each of `minutes` inside a box, in that order."""
        ...


class Network(Protocol):
    """The roads as they are at one moment, closures included."""

    @property
    def version(self) -> str:
        """Equal versions give equal answers."""
        ...

    def surface(self, origins: Floats) -> Surface: ...

    def junctions(self, near: Floats, limit_m: float) -> tuple[Longs, Floats]:
        """The junction nearest to each place: the place's row, and where the junction is; none beyond the limit."""
        ...


class Roads(Protocol):
    """Where a network is to be had."""

    async def refresh(self, session: AsyncSession) -> None:
        """Take in at which speeds one drives by the hour, before another hour's roads are asked for."""
        ...

    def network(self, hour: int | None) -> Network:
        """The roads now, driven on as in an hour of the day (0 to 23, Asia/Shanghai) if one is given."""
        ...


class World(Protocol):
    """What the bureau knows, as far as the session's person may see it."""

    async def counties(self, session: AsyncSession, area: str) -> list[County]: ...

    async def demands(self, session: AsyncSession, kind: Kind, area: str) -> Demands: ...

    async def count(self, session: AsyncSession, kind: Kind, area: str) -> int: ...

    async def stations(self, session: AsyncSession, area: str) -> Origins: ...

    async def officers(self, session: AsyncSession, area: str, shift: str | None) -> Origins:
        """Those on duty now where they are, or those of a shift at their stations."""
        ...
