"""Watches whether free officers reach a county's enterprises in time, and says so once when they no longer do.

A county is *lost* when free officers, wherever they are, reach less than `least` of its enterprises within `minutes`,
and *restored* when they reach that much again. What was said last stands in the event log, so no process repeats it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import shapely
from sqlalchemy import LargeBinary, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.log import record_event
from command.events.tables import Event
from command.officers.status import status
from data.tables import Enterprise, Officer, OfficerPosition, Station
from gis.database import Database
from gis.parameters import in_area
from gis.tables import RegionRow
from planning.demands import Floats, Texts
from planning.errors import UnusableScenario
from planning.ports import Network, Roads

log = logging.getLogger(__name__)

LEADER = 0x0C0BE6
_EVERY_S = 10.0
_TRY_AGAIN_S = 5.0
_ASKED_ABOUT = 5
"""So many of the nearest free officers are looked at for a stand-by."""


@dataclass(frozen=True, slots=True)
class FreeOfficers:
    """Officers who could be sent now, and where they are (WGS84); `region` is the county that each belongs to."""

    id: Sequence[int]
    name: Sequence[str]
    region: Texts
    lonlat: Floats

    def without(self, officer_ids: Sequence[int]) -> "FreeOfficers":
        kept = [row for row, one in enumerate(self.id) if one not in set(officer_ids)]
        return FreeOfficers(
            [self.id[row] for row in kept], [self.name[row] for row in kept], self.region[kept], self.lonlat[kept]
        )


@dataclass(frozen=True, slots=True)
class Places:
    """Enterprises as columns."""

    region: Texts
    lonlat: Floats


@dataclass(frozen=True, slots=True)
class StandBy:
    """A free officer who could drive to a station of a county and wait there, and whom that would leave uncovered."""

    officer_id: int
    officer_name: str
    from_region: str
    station: str
    lon: float
    lat: float
    minutes: float
    share_with: float
    uncovers: list[str]


async def free_officers(session: AsyncSession, stale_after: timedelta, area: str = "") -> FreeOfficers:
    """Everybody whom the session sees and who could be sent, drills left out."""
    state = status(stale_after)
    query = (
        select(
            Officer.id, Officer.name, Officer.region, func.ST_X(OfficerPosition.geom), func.ST_Y(OfficerPosition.geom)
        )
        .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .where(in_area(Officer.region, area), ~Officer.drill, state.element == "free")
        .order_by(Officer.id)
    )
    rows = (await session.execute(query)).all()
    return FreeOfficers(
        [row[0] for row in rows],
        [row[1] for row in rows],
        np.array([row[2] for row in rows], object),
        np.array([row[3:] for row in rows], np.float64).reshape(-1, 2),
    )


async def enterprises(session: AsyncSession, area: str = "") -> Places:
    """Those of an area, county by county. A row a county, not an enterprise: 268,071 rows hold up a process's loop."""
    together = func.ST_AsBinary(func.ST_Collect(Enterprise.geom), type_=LargeBinary)
    query = select(Enterprise.region, together).where(in_area(Enterprise.region, area))
    rows = (await session.execute(query.group_by(Enterprise.region).order_by(Enterprise.region))).all()
    places = [shapely.get_coordinates(shapely.from_wkb(bytes(row[1]))) for row in rows]
    regions = [np.full(len(one), row[0], object) for row, one in zip(rows, places, strict=True)]
    nowhere = np.empty((0, 2))
    return Places(np.concatenate([np.empty(0, object), *regions]), np.concatenate([nowhere, *places]))


def minutes_to(network: Network, officers: FreeOfficers, places: Places) -> Floats:
    """When the first of the officers is at each place; infinite when there is none."""
    if not len(officers.id) or not len(places.lonlat):
        return np.full(len(places.lonlat), np.inf)
    first: Floats = network.surface(officers.lonlat).at(places.lonlat).minutes[:, 0]
    return first


def shares(places: Places, minutes: Floats, within: float) -> dict[str, float]:
    """Share of each county's enterprises that are reached in time."""
    counted = Counter(places.region.tolist())
    reached = Counter(places.region[minutes <= within].tolist())
    return {region: reached[region] / count for region, count in counted.items()}


def stand_by(
    network: Network,
    officers: FreeOfficers,
    places: Places,
    stations: Sequence[tuple[str, float, float]],
    region: str,
    *,
    within: float,
    least: float,
) -> StandBy | None:
    """Who could wait at which station of a county, by road: the nearest whose leaving uncovers the fewest counties."""
    if not stations or not len(officers.id):
        return None
    before = shares(places, minutes_to(network, officers, places), within)
    at = np.array([(lon, lat) for _, lon, lat in stations], np.float64)
    ways = [
        (network.surface(officers.lonlat[row : row + 1]).at(at).minutes[:, 0], row) for row in _nearby(officers, at)
    ]
    found: list[tuple[int, float, StandBy]] = []
    for minutes, row in sorted(ways, key=lambda way: float(way[0].min()))[:_ASKED_ABOUT]:
        best = int(np.argmin(minutes))
        if not np.isfinite(minutes[best]):
            continue
        moved = officers.lonlat.copy()
        moved[row] = at[best]
        there = FreeOfficers(officers.id, officers.name, officers.region, moved)
        after = shares(places, minutes_to(network, there, places), within)
        uncovers = sorted(one for one, share in after.items() if share < least <= before[one])
        name, lon, lat = stations[best]
        proposal = StandBy(
            officer_id=officers.id[row], officer_name=officers.name[row], from_region=officers.region[row],
            station=name, lon=lon, lat=lat, minutes=round(float(minutes[best]), 1),
            share_with=after.get(region, 0.0), uncovers=uncovers,
        )  # fmt: skip
        found.append((len(uncovers), proposal.minutes, proposal))
    better = [one for one in found if one[2].share_with > before.get(region, 0.0)]
    return min(better, key=lambda one: one[:2])[2] if better else None


def _nearby(officers: FreeOfficers, at: Floats) -> list[int]:
    """The officers nearest by straight line to any of the places: only these are worth a search by road."""
    scale = np.array([np.cos(np.radians(at[:, 1].mean())), 1.0])
    away = np.linalg.norm((officers.lonlat[:, None] - at[None]) * scale, axis=2).min(axis=1)
    return [int(row) for row in np.argsort(away, kind="stable")[: 4 * _ASKED_ABOUT]]


async def stations_of(session: AsyncSession, region: str) -> list[tuple[str, float, float]]:
    query = select(Station.name, func.ST_X(Station.geom), func.ST_Y(Station.geom)).where(
        in_area(Station.region, region)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query.order_by(Station.id))]


@dataclass
class CoverageWatch:
    """One process of all watches at a time: the one that holds the leader's lock."""

    database: Database
    roads: Roads
    stale_after: timedelta
    minutes: float
    least: float

    async def run(self) -> None:
        """Watch for ever, as the leader or waiting to become it."""
        while True:
            try:
                await self._lead()
            except (SQLAlchemyError, OSError) as error:
                log.warning("coverage is not watched now: %s", error)
            await asyncio.sleep(_TRY_AGAIN_S)

    async def _lead(self) -> None:
        async with self.database.engine.connect() as connection:
            holder = await connection.execution_options(isolation_level="AUTOCOMMIT")
            lead = text("SELECT pg_try_advisory_lock(CAST(:lock AS bigint))")
            if not await holder.scalar(lead, {"lock": LEADER}):
                return
            try:
                while True:
                    await self.look()
                    await asyncio.sleep(_EVERY_S)
                    await holder.execute(text("SELECT 1"))  # the lock goes with the connection
            finally:
                await holder.execute(text("SELECT pg_advisory_unlock(CAST(:lock AS bigint))"), {"lock": LEADER})

    async def look(self) -> list[str]:
        """Look once; returns what was said, e.g. `coverage.lost 370705`."""
        async with self.database.for_system() as session:
            officers = await free_officers(session, self.stale_after)
            places = await enterprises(session)
        try:
            network = await asyncio.to_thread(self.roads.network, None)
        except UnusableScenario:
            return []  # without roads nothing can be said
        now = shares(places, await asyncio.to_thread(minutes_to, network, officers, places), self.minutes)
        said = []
        async with self.database.for_system() as session, session.begin():
            regions = await session.execute(select(RegionRow.adcode, RegionRow.name))
            names = {row.adcode: row.name for row in regions}
            lost = await _lost(session)
            for region, share in sorted(now.items()):
                if (share < self.least) == (region in lost):
                    continue
                kind = "coverage.lost" if share < self.least else "coverage.restored"
                about = {
                    "region": region,
                    "name": names.get(region, region),
                    "minutes": self.minutes,
                    "share": round(share, 4),
                    "least": self.least,
                    "free": int((officers.region == region).sum()),
                }
                record_event(
                    session, kind, subject=f"region:{region}", region=region, data=about, actor="system:coverage"
                )
                said.append(f"{kind} {region}")
        return said


async def _lost(session: AsyncSession) -> set[str]:
    """Counties of which the log says last that they are lost."""
    said = Event.kind.in_(("coverage.lost", "coverage.restored"))
    newest = select(func.max(Event.seq)).where(said).group_by(Event.region)
    rows = await session.execute(select(Event.region, Event.kind).where(Event.seq.in_(newest)))
    return {row.region for row in rows if row.kind == "coverage.lost"}
