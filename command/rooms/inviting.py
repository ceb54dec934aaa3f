"""Seats for people without an account."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.problems import Conflict
from command.rooms.coming import MOST_SEATS
from command.rooms.keeping import hold_room, told
from command.rooms.people import Caller
from command.rooms.tables import RoomSeat
from command.rooms.views import decides, own_seat
from gis.http import Forbidden


async def invite(
    session: AsyncSession, caller: Caller, room_id: int, name: str, organisation: str, field: str
) -> RoomSeat:
    """A seat for a guest (with a `field`: an expert), whom the link lets in even when the room is locked."""
    room = await hold_room(session, room_id)
    own = await own_seat(session, caller, room_id)
    if not decides(room.region, caller, own.role if own else None):
        raise Forbidden("the host and the desk of the area invite")
    seats = await session.scalar(select(func.count()).select_from(RoomSeat).where(RoomSeat.room_id == room.id))
    if (seats or 0) >= MOST_SEATS:
        raise Conflict("the room is full", zh="房间已满")
    seat = RoomSeat(
        room_id=room.id,
        name=name,
        organisation=organisation,
        field=field,
        role="expert" if field else "guest",
        region=room.region,
    )
    session.add(seat)
    await told(session, room, "invited", seat)
    return seat
