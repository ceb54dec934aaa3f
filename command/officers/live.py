"""Where every officer on duty is, in the memory of this web worker; the table is the truth, this is its index."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from command.officers.moved import Moved, encoded, select_moved
from data.tables import OfficerPosition
from gis.database import Database
from gis.live_index import LiveIndex


class LiveOfficers:
    """Follows `officer_position` by its batch number, and keeps what moved until it is taken to be told."""

    def __init__(self, database: Database, stale_after: timedelta) -> None:
        self._database = database
        self._query = select_moved(stale_after)
        self._lock = asyncio.Lock()
        self._news: dict[int, Moved] = {}
        self._begun = False
        self.index = LiveIndex()
        self.last_moved = -1

    async def catch_up(self) -> None:
        """Take over what moved since the last time; what left the table is taken out by `forget`."""
        async with self._lock, self._database.for_system() as session:
            await self._take_over(session, self.index, self.last_moved)

    async def reload(self) -> None:
        """Begin anew: after start, or when notifications may have been missed. What moved meanwhile is news."""
        async with self._lock, self._database.for_system() as session:
            await self._take_over(session, LiveIndex(), -1)

    def forget(self, officer_id: int) -> None:
        """The officer went off duty."""
        self.index.remove(officer_id)
        self._news.pop(officer_id, None)

    def take_news(self) -> list[Moved]:
        """What moved since this was asked last: each officer once, with his newest position."""
        news, self._news = self._news, {}
        return list(news.values())

    async def _take_over(self, session: AsyncSession, index: LiveIndex, after: int) -> None:
        rows = (await session.execute(self._query.where(OfficerPosition.moved > after))).all()
        for row in rows if self._begun else ():  # what was there before us is nobody's news
            if row.moved > self.last_moved and not row.drill and row.status != "off_duty":
                earlier = self._news.get(row.id)
                before = earlier.before if earlier else self.index.get(row.id)
                self._news[row.id] = Moved(row.id, row.region, row.lon, row.lat, before, encoded(row))
        index.put_many((row.id, row.lon, row.lat) for row in rows)
        self.index, self._begun = index, True
        self.last_moved = max([self.last_moved, *(row.moved for row in rows)])
