"""What every change of a room begins and ends with: hold the room, and write down what happened.

All changes of one room take turns by a lock of its own, so that of two who lock and join at once one is first. It is
an advisory lock: holding the row would take the right to change it, which an officer who joins has not.
"""

from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.log import record_event
from command.problems import Conflict
from command.rooms.shapes import RoomFacts
from command.rooms.tables import Room, RoomSeat
from command.rooms.views import room_facts
from gis.http import NotFound

_LOCKS = 213
SYSTEM = "system:rooms"


async def hold_room(session: AsyncSession, room_id: int, *, open_only: bool = True) -> Room:
    """Take the room's turn until the transaction ends. Raises `NotFound`, or `Conflict` when it is closed."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:kind, (:room % 2147483647)::int)"), {"kind": _LOCKS, "room": room_id}
    )
    room = await session.scalar(select(Room).where(Room.id == room_id), execution_options={"populate_existing": True})
    if room is None:
        raise NotFound(f"there is no room {room_id} in your area")
    if open_only and room.state == "closed":
        raise Conflict("the room has been closed", zh="通话已结束")
    return room


async def seat_of(session: AsyncSession, room_id: int, seat_id: int) -> RoomSeat:
    """One seat as it is now; raises `NotFound`."""
    seat = await session.scalar(
        select(RoomSeat).where(RoomSeat.room_id == room_id, RoomSeat.id == seat_id),
        execution_options={"populate_existing": True},
    )
    if seat is None:
        raise NotFound(f"there is no seat {seat_id} in this room")
    return seat


async def told(
    session: AsyncSession, room: Room, kind: str, seat: RoomSeat | None = None, *, by_system: bool = False, **more: Any
) -> RoomFacts:
    """Write down that something happened, with the room as it is now; call it last in a transaction."""
    await session.flush()
    facts = await room_facts(session, room.id)
    tell(session, facts, kind, seat, by_system=by_system, **more)
    return facts


def tell(
    session: AsyncSession,
    facts: RoomFacts,
    kind: str,
    seat: RoomSeat | None = None,
    *,
    by_system: bool = False,
    **more: Any,
) -> None:
    """The same for a room that was read already: several things of one transaction."""
    data = facts.model_dump(mode="json") | more
    if seat is not None:
        data |= {"seat_id": seat.id, "seat_name": seat.name}
    record_event(
        session,
        f"room.{kind}",
        subject=f"room:{facts.id}",
        region=facts.region,
        data=data,
        alert_id=facts.alert_id,
        officer_id=seat.officer_id if seat else None,
        actor=SYSTEM if by_system else None,
    )


async def now(session: AsyncSession) -> Any:
    """The database's clock, at the beginning of the transaction."""
    return (await session.execute(select(func.now()))).scalar_one()
