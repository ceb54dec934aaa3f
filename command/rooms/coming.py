"""Coming and going: join, leave, decline, close. One function a use case, one transaction each."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.problems import Conflict
from command.rooms.floor import take_word_from
from command.rooms.keeping import hold_room, now, told
from command.rooms.people import Caller
from command.rooms.tables import Room, RoomSeat
from command.rooms.views import decides, own_seat
from gis.http import Forbidden, NotFound

MOST_SEATS = 200
_WAITING = ("invited", "ringing")


async def join(session: AsyncSession, caller: Caller, room_id: int) -> RoomSeat:
    """Take one's seat, which answers a ring; a desk of the area may come in unasked while the room is not locked."""
    room = await hold_room(session, room_id)
    seat = await own_seat(session, caller, room_id)
    if seat is None:
        seat = await _come_unasked(session, caller, room)
    if seat.state == "removed":
        raise Forbidden("you were taken out of this room")
    came = seat.state != "present"
    at = await now(session)
    seat.state, seat.seen_at, seat.left_at = "present", at, None
    if came:
        seat.joined_at = at
        await told(session, room, "joined", seat)
    return seat


async def _come_unasked(session: AsyncSession, caller: Caller, room: Room) -> RoomSeat:
    if not caller.sees(room.region):
        raise NotFound(f"you have no seat in room {room.id}")
    if room.locked:
        raise Conflict("the room is locked; ask its host to let you in", zh="房间已锁定，请联系主持人")
    seats = await session.scalar(select(func.count()).select_from(RoomSeat).where(RoomSeat.room_id == room.id))
    if (seats or 0) >= MOST_SEATS:
        raise Conflict("the room is full", zh="房间已满")
    seat = RoomSeat(
        room_id=room.id,
        user_name=caller.scope.actor,
        name=caller.name,
        organisation=caller.organisation,
        role="dispatcher",
        region=room.region,
    )
    session.add(seat)
    await session.flush()
    return seat


async def leave(session: AsyncSession, caller: Caller, room_id: int) -> RoomSeat:
    """Get up; the seat is kept. Repeating it is harmless."""
    room = await hold_room(session, room_id, open_only=False)
    seat = await _must_sit(session, caller, room_id)
    if seat.state in ("present", "away"):
        await _get_up(session, room, seat)
        await told(session, room, "left", seat, why="said so")
    return seat


async def decline(session: AsyncSession, caller: Caller, room_id: int) -> RoomSeat:
    """Say no to a ring."""
    room = await hold_room(session, room_id)
    seat = await _must_sit(session, caller, room_id)
    if seat.state in _WAITING:
        seat.state = "declined"
        await told(session, room, "declined", seat)
    elif seat.state != "declined":
        raise Conflict("nobody is calling you here any more", zh="呼叫已结束")
    return seat


async def close(session: AsyncSession, caller: Caller, room_id: int, version: int) -> None:
    """End the call for all."""
    room = await hold_room(session, room_id, open_only=False)
    seat = await own_seat(session, caller, room_id)
    if not decides(room.region, caller, seat.role if seat else None):
        raise Forbidden("the host and the desk of the area end a call; you can leave it")
    if room.state == "closed":
        if room.version == version + 1:
            return  # a client on a poor network sends twice
        raise Conflict(f"{room.closed_by} has ended this call", zh=f"{room.closed_by} 已结束此通话")
    if room.version != version:
        raise Conflict("the room has changed since you saw it; look at it again", zh="房间状态已变化，请查看后重试")
    await end(session, room, caller.scope.actor)


async def end(session: AsyncSession, room: Room, by: str, *, by_system: bool = False) -> None:
    """Close a room that is held, and everybody's seat in it."""
    at = await now(session)  # before anything is changed: the question would write half of it
    room.state, room.closed_at, room.closed_by = "closed", at, by
    room.speaker_id, room.version = None, room.version + 1
    await session.flush()
    mine = RoomSeat.room_id == room.id
    await session.execute(
        update(RoomSeat).where(mine, RoomSeat.state.in_(_WAITING)).values(state="missed"),
        execution_options={"synchronize_session": False},
    )
    await session.execute(
        update(RoomSeat)
        .where(mine, RoomSeat.state.in_(("present", "away")))
        .values(state="left", left_at=room.closed_at, publishing=False, hand_raised_at=None),
        execution_options={"synchronize_session": False},
    )
    await told(session, room, "closed", by_system=by_system)


async def _must_sit(session: AsyncSession, caller: Caller, room_id: int) -> RoomSeat:
    seat = await own_seat(session, caller, room_id)
    if seat is None:
        raise NotFound(f"you have no seat in room {room_id}")
    return seat


async def _get_up(session: AsyncSession, room: Room, seat: RoomSeat) -> None:
    at = await now(session)
    seat.state, seat.left_at, seat.hand_raised_at, seat.publishing = "left", at, None, False
    take_word_from(room, seat)
