"""WHIP and WHEP: RFC 9725, and its counterpart for viewing (draft-ietf-wish-whep).

The offer comes in, the answer goes out, and that is all there is: no trickle, no restart, so a PATCH of a leg is
answered as the RFC says for a server with neither (501), and a lost connection is built anew by another POST.
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import func, select, update

from command.access.middleware import token_in
from command.access.sessions import SignedIn
from command.alerts.api import Id
from command.problems import problem
from command.rooms import happenings, legs
from command.rooms.carrying import carrier_of
from command.rooms.people import Caller
from command.rooms.shapes import IceOut, RoomId
from command.rooms.tables import RoomLeg, RoomTokenUse
from command.rooms.tokens import RoomToken, RoomTokens
from command.rooms.views import decides, own_seat, room_facts
from gis.database import Database
from gis.http import BadQuery, DatabaseDep, Forbidden, NotFound, NotSignedIn
from video.engine import Leg
from video.errors import HubBusy, HubLost, NoSuchPublication
from video.livekit import LiveKit

router = APIRouter(prefix="/api/rooms/{room_id}", tags=["rooms"])
hooks = APIRouter(tags=["rooms"])

SDP = "application/sdp"
SDP_FRAGMENT = "application/trickle-ice-sdpfrag"
MAX_SDP_BYTES = 64 * 1024
_NOT_YET_S = 1

LegId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
_ANSWER: dict[int | str, dict[str, Any]] = {
    201: {"description": "The answer", "content": {SDP: {"schema": {"type": "string"}}}}
}
_OFFER = {"requestBody": {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}}


@router.post("/whip", status_code=201, response_class=Response, responses=_ANSWER, openapi_extra=_OFFER)
async def publish(room_id: RoomId, request: Request, database: DatabaseDep) -> Response:
    """Send pictures and sound: an SDP offer, with a room token or as somebody who has joined."""
    wanted = await _wanted(request, database, room_id, "publish", None)
    return await _build(request, database, wanted)


@router.post("/whep", status_code=201, response_class=Response, responses=_ANSWER, openapi_extra=_OFFER)
async def view(
    room_id: RoomId, request: Request, database: DatabaseDep, participant: Annotated[Id | None, Query()] = None
) -> Response:
    """Receive what the seat `participant` sends. While it sends nothing: 409, to be asked again."""
    wanted = await _wanted(request, database, room_id, "view", participant)
    return await _build(request, database, wanted)


@router.options("/whip", include_in_schema=False)
@router.options("/whep", include_in_schema=False)
async def endpoint_options() -> Response:
    """What may be sent here; browsers of other origins ask first."""
    return Response(headers={"Accept-Post": SDP, "Allow": "POST, OPTIONS"})


@router.options("/legs/{leg_id}", include_in_schema=False)
async def leg_options() -> Response:
    return Response(headers={"Allow": "DELETE, PATCH, OPTIONS"})


@router.delete("/legs/{leg_id}", response_class=Response)
async def end_leg(room_id: RoomId, leg_id: LegId, request: Request, database: DatabaseDep) -> Response:
    """End one's connection. The token that opened it still ends it, even when it has expired."""
    async with database.for_system() as session:
        leg = await session.scalar(select(RoomLeg).where(RoomLeg.id == leg_id, RoomLeg.room_id == room_id))
    if leg is None:
        raise NotFound("there is no such connection in this room")
    await _may_end(request, database, leg)
    if leg.ended_at is not None:
        raise NotFound("this connection has ended")
    await carrier_of(request).close_leg(leg)
    async with database.for_system() as session, session.begin():
        await session.execute(
            update(RoomLeg)
            .where(RoomLeg.id == leg_id, RoomLeg.ended_at.is_(None))
            .values(ended_at=func.now(), why="said so")
        )
    return Response()


@router.patch("/legs/{leg_id}", include_in_schema=False)
async def patch_leg(room_id: RoomId, leg_id: LegId, request: Request, database: DatabaseDep) -> Response:
    """Neither trickle nor restart: a new POST is quicker than a restart would be."""
    async with database.for_system() as session:
        leg = await session.scalar(select(RoomLeg).where(RoomLeg.id == leg_id, RoomLeg.room_id == room_id))
    if leg is None or leg.ended_at is not None:
        raise NotFound("there is no such connection in this room")
    await _may_end(request, database, leg)
    if _media_type(request) != SDP_FRAGMENT:
        return problem(415, f"a change of a connection is {SDP_FRAGMENT}; there is no other")
    return problem(501, "neither trickle ICE nor ICE restarts: offer all candidates at once, and POST anew when lost")


@hooks.post("/api/livekit/webhook", status_code=204, response_class=Response)
async def livekit_tells(request: Request, database: DatabaseDep) -> Response:
    """What a LiveKit server tells of, when one carries the rooms; it signs what it says."""
    livekit: LiveKit | None = request.app.state.livekit
    if livekit is None:
        raise NotFound("no LiveKit server carries the rooms here")
    try:
        event = livekit.read_webhook(await request.body(), request.headers.get("authorization", ""))
    except HubLost as error:
        raise NotSignedIn(str(error)) from None
    if event is not None:
        await happenings.record(database, event)
    return Response(status_code=204)


async def _build(request: Request, database: Database, wanted: legs.Wanted) -> Response:
    if _media_type(request) != SDP:
        return problem(415, f"an offer is {SDP}")
    offer = await _offer(request)
    if offer is None:
        return problem(413, f"an offer is at most {MAX_SDP_BYTES // 1024} KB")
    carrier = carrier_of(request)
    try:
        leg = await legs.build(database, carrier, wanted, offer)
    except HubBusy as error:
        return problem(503, str(error), headers={"Retry-After": f"{max(1.0, error.retry_after_s):.0f}"})
    except HubLost as error:
        return problem(503, str(error), headers={"Retry-After": str(_NOT_YET_S)})
    except NoSuchPublication:
        return problem(409, "this seat sends nothing yet; ask again", headers={"Retry-After": str(_NOT_YET_S)})
    return _created(wanted, leg, carrier.ice(f"seat:{wanted.seat_id}"))


def _created(wanted: legs.Wanted, leg: Leg, ice: IceOut) -> Response:
    response = Response(leg.answer, 201, {"Location": f"/api/rooms/{wanted.room_id}/legs/{leg.id}"}, SDP)
    response.headers["ETag"] = f'"{leg.id}"'
    for server in ice.servers:
        for url in server.urls:
            response.headers.append("Link", _link(url, server.username, server.credential))
    return response


def _link(url: str, username: str | None, credential: str | None) -> str:
    link = f'<{url}>; rel="ice-server"'
    if username is not None and credential is not None:
        link += f'; username="{username}"; credential="{credential}"; credential-type="password"'
    return link


async def _offer(request: Request) -> str | None:
    """The body; None when it is larger than any offer. Bytes that are no text are a bad offer, said by the hub."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_SDP_BYTES:
            return None
    return body.decode(errors="replace")


async def _wanted(
    request: Request, database: Database, room_id: int, purpose: legs.Purpose, participant: int | None
) -> legs.Wanted:
    """Who asks for what: by room token, by the token of a seat, or by session. Raises `NotSignedIn` or `Forbidden`."""
    token = await _room_token(request)
    if token is not None and token.room_id != room_id:
        raise Forbidden("this token belongs to another room")
    if token is not None and token.use != "seat":
        if token.use != purpose:
            raise Forbidden(f"this token is to {token.use} only")
        if participant not in (None, token.of):
            raise Forbidden("this token is to view another seat")
        wanted = legs.Wanted(room_id, token.seat_id, purpose, token.of, token)
    else:
        seat_id = token.seat_id if token is not None else await _seat_by_session(request, database, room_id)
        wanted = legs.Wanted(room_id, seat_id, purpose, participant)
    if purpose == "view" and wanted.of is None:
        raise BadQuery("participant: the seat to view")
    return replace(wanted, of=wanted.of if purpose == "view" else None)


async def _room_token(request: Request) -> RoomToken | None:
    """The room token that a request brings; None for somebody with a session."""
    if getattr(request.state, "person", None) is not None:
        return None
    token = token_in(request.headers)
    if token is None:
        raise NotSignedIn("send a room token: Authorization: Bearer …")
    return await _tokens(request).read(token)


async def _seat_by_session(request: Request, database: Database, room_id: int) -> int:
    person: SignedIn = request.state.person
    caller = Caller(person.scope, person.display_name)
    async with database.for_person(caller.scope) as session:
        await room_facts(session, room_id)  # raises when it is not theirs to see
        seat = await own_seat(session, caller, room_id)
    if seat is None:
        raise Forbidden("join the room first")
    return seat.id


async def _may_end(request: Request, database: Database, leg: RoomLeg) -> None:
    """Whose connection it is: the seat's own, by session or token, or the token's that opened it."""
    person: SignedIn | None = getattr(request.state, "person", None)
    if person is None:
        await _may_end_by_token(request, database, leg)
        return
    caller = Caller(person.scope, person.display_name)
    async with database.for_person(caller.scope) as session:
        room = await room_facts(session, leg.room_id)
        seat = await own_seat(session, caller, leg.room_id)
        own = seat is not None and seat.id == leg.seat_id
        if not own and not decides(room.region, caller, seat.role if seat else None):
            raise Forbidden("this is another's connection")


async def _may_end_by_token(request: Request, database: Database, leg: RoomLeg) -> None:
    token = token_in(request.headers)
    if token is None:
        raise NotSignedIn("send the token that opened this connection")
    said = await _tokens(request).read(token, even_if_over=True)
    if said.use == "seat":
        said = await _tokens(request).read(token)
        opened = said.seat_id == leg.seat_id
    else:
        async with database.for_system() as session:
            use = await session.get(RoomTokenUse, said.id)
        opened = use is not None and use.leg_id == leg.id
    if not opened:
        raise Forbidden("this is another's connection")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _tokens(request: Request) -> RoomTokens:
    tokens: RoomTokens = request.app.state.room_tokens
    return tokens
