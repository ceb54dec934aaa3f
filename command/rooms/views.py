"""Rooms as they are told: to all, and to one."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.rooms.limits import limit_for
from command.rooms.people import Caller
from command.rooms.shapes import IceOut, LimitOut, May, MeOut, PublicationOut, RoomFacts, RoomOut, SeatOut
from command.rooms.tables import Room, RoomSeat
from gis.http import NotFound

_IN = ("present", "away")


async def room_facts(session: AsyncSession, room_id: int) -> RoomFacts:
    """One room with its seats; raises `NotFound`."""
    found = await rooms_facts(session, select(Room).where(Room.id == room_id))
    if not found:
        raise NotFound(f"there is no room {room_id} in your area")
    return found[0]


async def rooms_facts(session: AsyncSession, query: Select[Room]) -> list[RoomFacts]:
    """Rooms with their seats, in the order of the query."""
    again = {"populate_existing": True}
    rooms = (await session.scalars(query, execution_options=again)).all()
    seats: dict[int, list[RoomSeat]] = defaultdict(list)
    chosen = select(RoomSeat).where(RoomSeat.room_id.in_([one.id for one in rooms])).order_by(RoomSeat.id)
    for seat in (await session.scalars(chosen, execution_options=again)).all() if rooms else ():
        seats[seat.room_id].append(seat)
    return [_facts(room, seats[room.id]) for room in rooms]


def _facts(room: Room, seats: Sequence[RoomSeat]) -> RoomFacts:
    own = {name: getattr(room, name) for name in RoomFacts.model_fields if name != "seats"}
    return RoomFacts(**own, seats=[_seat(one) for one in seats])


def _seat(row: RoomSeat) -> SeatOut:
    own = {name: getattr(row, name) for name in SeatOut.model_fields if name != "publication"}
    sent = PublicationOut(generation=row.generation, stalled=row.stalled, video_paused=row.sound_only)
    return SeatOut(**own, publication=sent if row.publishing else None)


async def own_seat(session: AsyncSession, caller: Caller, room_id: int) -> RoomSeat | None:
    """The seat of whoever asks."""
    return (await own_seats(session, caller, [room_id])).get(room_id)


async def own_seats(session: AsyncSession, caller: Caller, room_ids: Collection[int]) -> dict[int, RoomSeat]:
    """The seats of whoever asks, by room."""
    query = select(RoomSeat).where(RoomSeat.room_id.in_(room_ids))
    if caller.seat_id is not None:
        query = query.where(RoomSeat.id == caller.seat_id)
    elif caller.scope.officer_id is not None:
        query = query.where(RoomSeat.officer_id == caller.scope.officer_id)
    else:
        query = query.where(RoomSeat.user_name == caller.scope.actor)
    return {row.room_id: row for row in await session.scalars(query)}


def seen_by(facts: RoomFacts, caller: Caller, seat_id: int | None, ice: IceOut) -> RoomOut:
    """A room as the holder of that seat sees it, or somebody without one."""
    seat = next((one for one in facts.seats if one.id == seat_id and one.state != "removed"), None)
    me = None if seat is None else MeOut(seat_id=seat.id, role=seat.role, may=may(facts, caller, seat))
    people = [one for one in facts.seats if one.state in _IN]
    others = [one for one in people if one.id != seat_id]
    limit = limit_for(len(others) + 1, [one.poor for one in others])
    return RoomOut(**dict(facts), me=me, ice=ice, limit=LimitOut.model_validate(limit, from_attributes=True))


def may(room: RoomFacts, caller: Caller, seat: SeatOut) -> list[May]:
    """What somebody may do from a seat, by the doors' names."""
    if room.state == "closed":
        return []
    allowed: list[May] = ["publish", "view", "hand", "snapshot"]
    if room.audio_group:
        allowed.append("talk")
    if decides(room.region, caller, seat.role):
        allowed += ["close", "lock", "mute", "remove", "insert", "invite", "ring", "record"]
    return allowed


def decides(region: str, caller: Caller, role: str | None) -> bool:
    """Whether somebody has the floor's control: the room's host, or a duty officer or dispatcher of its area."""
    return role == "host" or caller.decides_in(region)
