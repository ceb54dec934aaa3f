"""HTTP doors of rooms: open, list, see, ring, join, leave, decline, close, and tokens for what is no page."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import Id
from command.problems import Refused
from command.rooms import coming, opening
from command.rooms.carrying import carrier_of
from command.rooms.devices import device_seat
from command.rooms.keeping import hold_room
from command.rooms.people import Caller, CallerDep, RoomSession
from command.rooms.shapes import (
    MOST_CALLED,
    Called,
    CloseIn,
    JoinedOut,
    LiveKitOut,
    NewRoom,
    NewToken,
    RoomId,
    RoomOut,
    TokenOut,
)
from command.rooms.tables import Room, RoomSeat
from command.rooms.tokens import DEVICE_TOKEN_FOR, LEG_TOKEN_FOR, RoomTokens
from command.rooms.views import decides, own_seat, own_seats, room_facts, rooms_facts, seen_by
from gis.http import DatabaseDep, Forbidden, Listing, NotFound, PageDep
from video.livekit import LiveKit

router = APIRouter(prefix="/api/rooms", tags=["rooms"])


@router.post("", status_code=201)
async def open_room(
    new: NewRoom, request: Request, response: Response, session: RoomSession, caller: CallerDep, database: DatabaseDep
) -> RoomOut:
    """Open a room and ring people. An alert's open dispatch room is answered (200) instead of a second one."""
    opening.may_open(caller, new.kind)
    if new.kind in ("consultation", "conference") and new.assignment_id is not None:
        raise Refused("an assignment takes a room of kind dispatch", zh="派遣通话请用 dispatch 类型")
    users = await opening.people(database, caller, new.usernames)
    async with session.begin():
        asked = opening.Opening(
            new.kind,
            _place(request, caller, new),
            new.alert_id,
            new.assignment_id,
            new.title,
            new.audio_group,
        )
        callees = [*users, *await _officers(request, session, new, drill=await _is_drill(session, new))]
        room_id, is_new = await opening.open_room(session, caller, asked, callees)
        response.status_code = 201 if is_new else 200
        return await as_seen(request, session, caller, room_id)


@router.get("")
async def list_rooms(
    request: Request,
    session: RoomSession,
    caller: CallerDep,
    page: PageDep,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    alert_id: Id | None = None,
) -> Listing[RoomOut]:
    """Rooms of one's area and those in which one has a seat, newest first."""
    query = select(Room).order_by(Room.id.desc()).limit(page.limit)
    if page.cursor is not None:
        query = query.where(Room.id < page.after())
    if state is not None:
        query = query.where(Room.state == state)
    if alert_id is not None:
        query = query.where(Room.alert_id == alert_id)
    ice = carrier_of(request).ice(caller.scope.actor)
    found = await rooms_facts(session, query)
    seats = await own_seats(session, caller, [facts.id for facts in found])
    items = [seen_by(facts, caller, seats[facts.id].id if facts.id in seats else None, ice) for facts in found]
    return Listing[RoomOut](items=items, next=page.cut(items))


@router.get("/{room_id}")
async def show_room(room_id: RoomId, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """One room, as one sees it; a closed one too."""
    return await as_seen(request, session, caller, room_id)


@router.post("/{room_id}/ring")
async def ring(
    room_id: RoomId, called: Called, request: Request, session: RoomSession, caller: CallerDep, database: DatabaseDep
) -> RoomOut:
    """Ring more people, or again those who did not answer."""
    users = await opening.people(database, caller, called.usernames)
    async with session.begin():
        room = await hold_room(session, room_id)
        seat = await own_seat(session, caller, room_id)
        if not decides(room.region, caller, seat.role if seat else None):
            raise Forbidden("the host and the desk of the area call people in")
        await opening.ring(session, room, [*users, *await _officers(request, session, called, drill=room.drill)])
        return await as_seen(request, session, caller, room_id)


@router.post("/{room_id}/join")
async def join(room_id: RoomId, request: Request, session: RoomSession, caller: CallerDep) -> JoinedOut:
    """Come in, which answers a ring."""
    async with session.begin():
        seat = await coming.join(session, caller, room_id)
        room = await as_seen(request, session, caller, room_id)
    return JoinedOut(**dict(room), seat_id=seat.id)


@router.post("/{room_id}/leave")
async def leave(room_id: RoomId, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """Go out; one's connections are ended."""
    async with session.begin():
        seat = await coming.leave(session, caller, room_id)
        room = await as_seen(request, session, caller, room_id)
    await carrier_of(request).remove(room_id, seat.id)
    return room


@router.post("/{room_id}/decline")
async def decline(room_id: RoomId, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """Say no to a ring."""
    async with session.begin():
        await coming.decline(session, caller, room_id)
        return await as_seen(request, session, caller, room_id)


@router.post("/{room_id}/close")
async def close(
    room_id: RoomId, closing: CloseIn, request: Request, session: RoomSession, caller: CallerDep
) -> RoomOut:
    """End the call for all."""
    async with session.begin():
        await coming.close(session, caller, room_id, closing.version)
        room = await as_seen(request, session, caller, room_id)
    await carrier_of(request).close_room(room_id)
    return room


@router.post("/{room_id}/tokens", status_code=201)
async def make_token(
    room_id: RoomId, new: NewToken, request: Request, session: RoomSession, caller: CallerDep
) -> TokenOut:
    """A token for one WHIP or WHEP connection from one's own seat, or (`device`) from a seat made for a device."""
    if (new.purpose == "view") != (new.of is not None):
        raise Refused("`of` names the seat to view, and belongs to purpose view")
    async with session.begin():
        room = await hold_room(session, room_id)
        seat = await _seated(session, caller, room)
        if new.device:
            seat = await device_seat(session, room, seat, new.name)
    tokens: RoomTokens = request.app.state.room_tokens
    lasting = DEVICE_TOKEN_FOR if new.device else LEG_TOKEN_FOR
    token, said = await tokens.make(seat.id, room_id, new.purpose, lasting, of=new.of, device=new.device)
    return TokenOut(
        token=token, expires_at=said.expires_at, seat_id=seat.id, livekit=_livekit(request, room_id, seat.id, new)
    )


def _livekit(request: Request, room_id: int, seat_id: int, new: NewToken) -> LiveKitOut | None:
    livekit: LiveKit | None = request.app.state.livekit
    if livekit is None:
        return None
    token = livekit.join_token(str(room_id), str(seat_id), publish=new.purpose == "publish")
    return LiveKitOut(url=livekit.url, token=token)


async def _seated(session: AsyncSession, caller: Caller, room: Room) -> RoomSeat:
    """One's own seat, when one has come in."""
    seat = await own_seat(session, caller, room.id)
    if seat is None or seat.state not in ("present", "away"):
        raise Forbidden("join the room first")
    return seat


async def as_seen(request: Request, session: AsyncSession, caller: Caller, room_id: int) -> RoomOut:
    """A room as whoever asks sees it now."""
    await session.flush()
    facts = await room_facts(session, room_id)
    ice = carrier_of(request).ice(caller.scope.actor)
    seat = await own_seat(session, caller, room_id)
    return seen_by(facts, caller, seat.id if seat else None, ice)


def _place(request: Request, caller: Caller, new: NewRoom) -> str:
    """Where a room without an alert belongs: to the county of its circle, or to the opener's area."""
    area = caller.scope.region
    if new.circle is None:
        return area.ljust(6, "0")
    found: str = request.app.state.places.county_or(new.circle.lon, new.circle.lat, area=area)
    return found if found.startswith(area) else area.ljust(6, "0")


async def _is_drill(session: AsyncSession, new: NewRoom) -> bool:
    return new.kind == "drill" or await opening.alert_is_drill(session, new.alert_id)


async def _officers(request: Request, session: AsyncSession, called: Called, *, drill: bool) -> list[opening.Callee]:
    """The officers who are named, and those on duty in the circle."""
    named = await opening.officers(session, called.officer_ids, drill=drill) if called.officer_ids else []
    if called.circle is None:
        return named
    index, circle = request.app.state.officers.index, called.circle
    found = await asyncio.to_thread(index.within, circle.lon, circle.lat, circle.radius_m)
    known = {one.officer_id for one in named}
    near = await opening.officers_found(session, {key for key, _ in found} - known, drill=drill)
    if len(near) > MOST_CALLED:
        raise Refused(
            f"{len(near)} officers are in the circle; at most {MOST_CALLED} are called at once, draw a smaller one",
            zh=f"圈内有 {len(near)} 名执法人员，一次最多呼叫 {MOST_CALLED} 人，请缩小范围",
        )
    if not near and not named:
        raise NotFound("no officer on duty is in the circle")
    return [*named, *near]
