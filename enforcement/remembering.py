"""Overviews as they were counted, kept until a record changes.

A wall asks for the same figures again and again, and counting a province's year takes a while. The database numbers
every change of a record in the transaction that makes it (`records_version`), so an overview that was counted at the
newest number is still true, whichever process counted it or wrote the record.
"""

from collections import OrderedDict
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from enforcement.overview import overview
from enforcement.periods import PeriodKind
from enforcement.shapes import Overview
from gis.database import Scope

# Desks see all records of their area, whatever their role; what anybody else sees is their own and is not kept.
_DESKS = ("duty", "dispatcher", "planner", "expert", "admin")
_MOST = 500

_Key = tuple[str, PeriodKind, date]


class RememberedOverviews:
    """The overviews of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[int, Overview]] = OrderedDict()

    async def get(self, session: AsyncSession, scope: Scope, *, area: str, kind: PeriodKind, on: date) -> Overview:
        """Return the overview of an area within that of `scope`; raise `NotFound` when there is no such region."""
        if scope.role not in _DESKS:
            return await overview(session, area=area, kind=kind, on=on)
        # Read before counting: a change in between makes the number too old, never the figures.
        version = await session.scalar(select(func.records_version()))
        key = area, kind, on
        known = self._kept.get(key)
        if known is None or known[0] != version:
            known = version or 0, await overview(session, area=area, kind=kind, on=on)
            self._kept[key] = known
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return known[1]
