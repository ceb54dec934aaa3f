"""Where every officer on duty is, in the memory of this web worker; the table is the truth, this is its index."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from data.tables import OfficerPosition
from gis.database import Database
from gis.live_index import LiveIndex


class LiveOfficers:
    """Follows `officer_position` by its batch number."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self.index = LiveIndex()
        self.last_moved = -1

    async def catch_up(self) -> None:
        """Take over what moved since the last time; what left the table is taken out by `forget`."""
        async with self._lock, self._database.for_system() as session:
            await self._take_over(session)

    async def reload(self) -> None:
        """Begin anew: after start, or when notifications may have been missed."""
        async with self._lock, self._database.for_system() as session:
            self.index, self.last_moved = LiveIndex(), -1
            await self._take_over(session)

    def forget(self, officer_id: int) -> None:
        """The officer went off duty."""
        self.index.remove(officer_id)

    async def _take_over(self, session: AsyncSession) -> None:
        rows = await session.execute(
            select(
                OfficerPosition.officer_id,
                func.ST_X(OfficerPosition.geom),
                func.ST_Y(OfficerPosition.geom),
                OfficerPosition.moved,
            ).where(OfficerPosition.moved > self.last_moved)
        )
        for officer_id, lon, lat, moved in rows:
            self.index.put(officer_id, lon, lat)
            self.last_moved = max(self.last_moved, moved)
