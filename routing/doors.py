"""What the HTTP doors of the roads share.

The app provides `app.state.roads` (`Roads`), `app.state.record_event` (writes the event log in the same transaction)
and `app.state.locate_region` (the county of a place).
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from routing.roads import Roads


class RecordEvent(Protocol):
    """How the event log is written: inside the caller's transaction."""

    def __call__(
        self, session: AsyncSession, kind: str, subject: str, region: str, data: dict[str, Any]
    ) -> Awaitable[object]: ...


class LocateRegion(Protocol):
    """The county (adcode) of a place."""

    def __call__(self, lon: float, lat: float) -> str: ...


def roads_of(request: Request) -> Roads:
    roads: Roads = request.app.state.roads
    return roads


def record_event_of(request: Request) -> RecordEvent:
    record: RecordEvent = request.app.state.record_event
    return record


def locate_region_of(request: Request) -> LocateRegion:
    locate: LocateRegion = request.app.state.locate_region
    return locate


RoadsDep = Annotated[Roads, Depends(roads_of)]
RecordEventDep = Annotated[RecordEvent, Depends(record_event_of)]
LocateRegionDep = Annotated[LocateRegion, Depends(locate_region_of)]
