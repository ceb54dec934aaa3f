"""HTTP doors of the floor: hand, mute, remove, insert, lock, talk; and inviting experts by link."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import MAX_ID
from command.rooms import floor, inviting, opening
from command.rooms.api import as_seen
from command.rooms.carrying import carrier_of
from command.rooms.people import Caller, CallerDep, RoomSession
from command.rooms.shapes import Name, RoomId, RoomOut, TrackKind
from command.rooms.tables import Expert, Room, RoomSeat
from command.rooms.tokens import RoomTokens
from gis.http import DatabaseDep, Forbidden, NotFound, ScopeDep, SessionDep, require
from gis.parameters import parse_text

router = APIRouter(tags=["rooms"])

SeatId = Annotated[int, Path(ge=1, le=MAX_ID)]
_LONGEST_INVITATION_MIN = 24 * 60


class HandIn(BaseModel):
    raised: bool


class KindsIn(BaseModel):
    kinds: list[TrackKind] = Field(default=["audio"], min_length=1, max_length=2)


class LockIn(BaseModel):
    locked: bool


class TalkIn(BaseModel):
    on: bool


class InvitationIn(BaseModel):
    name: Name
    organisation: str = Field(default="", max_length=100)
    field: str = Field(default="", max_length=60)
    minutes: int = Field(default=120, ge=5, le=_LONGEST_INVITATION_MIN, description="for how long the link is good")


class InvitationOut(BaseModel):
    """A link that opens one seat; whoever has it is that guest."""

    seat_id: int
    url: str
    token: str


class ExpertIn(BaseModel):
    name: Name
    organisation: str = Field(min_length=1, max_length=100, pattern=r"\S")
    field: Name
    phone: str | None = Field(default=None, max_length=40)


class ExpertOut(BaseModel):
    id: int
    name: str
    organisation: str
    field: str
    phone: str | None
    region: str


class ExpertsOut(BaseModel):
    items: list[ExpertOut]


class CallableOut(BaseModel):
    username: str
    name: str
    role: str
    region: str


class CallablesOut(BaseModel):
    items: list[CallableOut]


@router.post("/api/rooms/{room_id}/hand")
async def hand(room_id: RoomId, said: HandIn, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """Ask for the word, or not any more."""
    async with session.begin():
        await floor.raise_hand(session, caller, room_id, raised=said.raised)
        return await as_seen(request, session, caller, room_id)


@router.post("/api/rooms/{room_id}/seats/{seat_id}/mute")
async def mute(
    room_id: RoomId, seat_id: SeatId, said: KindsIn, request: Request, session: RoomSession, caller: CallerDep
) -> RoomOut:
    """Let nobody hear or see a seat; the host's and the desk's to do."""
    change = floor.mute(session, caller, room_id, seat_id, set(said.kinds), on=True)
    return await _heard_anew(request, session, caller, room_id, change)


@router.post("/api/rooms/{room_id}/seats/{seat_id}/unmute")
async def unmute(
    room_id: RoomId, seat_id: SeatId, said: KindsIn, request: Request, session: RoomSession, caller: CallerDep
) -> RoomOut:
    """Let a seat be heard or seen again."""
    change = floor.mute(session, caller, room_id, seat_id, set(said.kinds), on=False)
    return await _heard_anew(request, session, caller, room_id, change)


@router.post("/api/rooms/{room_id}/seats/{seat_id}/remove")
async def remove(
    room_id: RoomId, seat_id: SeatId, request: Request, session: RoomSession, caller: CallerDep
) -> RoomOut:
    """Take somebody out."""
    async with session.begin():
        await floor.remove(session, caller, room_id, seat_id)
        seen = await as_seen(request, session, caller, room_id)
    await carrier_of(request).remove(room_id, seat_id)
    return seen


@router.post("/api/rooms/{room_id}/seats/{seat_id}/insert")
async def insert(
    room_id: RoomId, seat_id: SeatId, request: Request, session: RoomSession, caller: CallerDep
) -> RoomOut:
    """Give a seat the word at once, whoever speaks."""
    return await _heard_anew(request, session, caller, room_id, floor.insert(session, caller, room_id, seat_id))


@router.post("/api/rooms/{room_id}/lock")
async def lock(room_id: RoomId, said: LockIn, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """Let nobody in who has no seat yet."""
    async with session.begin():
        await floor.lock(session, caller, room_id, locked=said.locked)
        return await as_seen(request, session, caller, room_id)


@router.post("/api/rooms/{room_id}/talk")
async def talk(room_id: RoomId, said: TalkIn, request: Request, session: RoomSession, caller: CallerDep) -> RoomOut:
    """Press or let go of the button of a push-to-talk group. 409 says who is speaking."""
    return await _heard_anew(request, session, caller, room_id, floor.talk(session, caller, room_id, on=said.on))


@router.post("/api/rooms/{room_id}/invitations", status_code=201)
async def invite(
    room_id: RoomId, new: InvitationIn, request: Request, session: RoomSession, caller: CallerDep
) -> InvitationOut:
    """A seat and a link for somebody without an account; the link is good for that seat and nothing else."""
    async with session.begin():
        seat = await inviting.invite(session, caller, room_id, new.name.strip(), new.organisation, new.field)
    tokens: RoomTokens = request.app.state.room_tokens
    token, _ = await tokens.make(seat.id, room_id, "seat", timedelta(minutes=new.minutes))
    # Behind the hash, where no server and no log on the way reads it.
    return InvitationOut(seat_id=seat.id, url=f"/room/{room_id}#{token}", token=token)


@router.get("/api/experts")
async def list_experts(session: SessionDep, scope: ScopeDep, field: str | None = None) -> ExpertsOut:
    """The roster of experts who serve one's area, by field."""
    require(scope, "duty", "dispatcher", "admin")
    query = select(Expert).where(Expert.active).order_by(Expert.field, Expert.id)
    if (wanted := parse_text(field, "field")) is not None:
        query = query.where(Expert.field == wanted)
    rows = await session.scalars(query)
    return ExpertsOut(items=[ExpertOut.model_validate(row, from_attributes=True) for row in rows])


@router.post("/api/experts", status_code=201)
async def add_expert(new: ExpertIn, session: SessionDep, scope: ScopeDep) -> ExpertOut:
    """Put an expert on the roster of one's own area; the administrator's to do."""
    require(scope, "admin")
    async with session.begin():
        row = Expert(**new.model_dump(), region=scope.region.ljust(6, "0"))
        session.add(row)
        await session.flush()
        return ExpertOut.model_validate(row, from_attributes=True)


@router.delete("/api/experts/{expert_id}", status_code=204)
async def remove_expert(expert_id: SeatId, session: SessionDep, scope: ScopeDep) -> None:
    """Take an expert off the roster."""
    require(scope, "admin")
    async with session.begin():
        row = await session.get(Expert, expert_id)
        if row is None or not row.region.startswith(scope.region):
            raise NotFound(f"there is no expert {expert_id} in your area")
        row.active = False


@router.get("/api/callable-people")
async def list_callable(scope: ScopeDep, database: DatabaseDep) -> CallablesOut:
    """People with an account whom one may call: desks and experts above, beside and below one's own."""
    require(scope, "duty", "dispatcher")
    async with database.for_system() as session:
        rows = await session.scalars(opening.callable_people(Caller(scope, "")))
    return CallablesOut(
        items=[
            CallableOut(username=row.username, name=row.display_name, role=row.role, region=row.region)
            for row in rows
            if row.username != scope.actor
        ]
    )


async def _heard_anew(
    request: Request, session: AsyncSession, caller: Caller, room_id: int, change: Awaitable[list[RoomSeat]]
) -> RoomOut:
    """Make a change of who is heard or seen; once it is committed, have the hub forward accordingly."""
    async with session.begin():
        changed = await change
        seen = await as_seen(request, session, caller, room_id)
        room = await session.get(Room, room_id)
        if room is None:
            raise Forbidden("the room is not yours to see any more")
        mutings = await floor.mutings(session, room, changed)
    await carrier_of(request).mute(room_id, mutings)
    return seen
