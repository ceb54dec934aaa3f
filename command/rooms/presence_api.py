"""The presence socket of a room: what it is now, at once and after every change; and that one is still there."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import update

from command.access.middleware import token_in
from command.rooms.carrying import carrier_of
from command.rooms.limits import Reception, Report
from command.rooms.people import Caller, caller_behind
from command.rooms.presence import PresenceKeeper, RoomWatch, arrive, depart
from command.rooms.shapes import RoomFacts
from command.rooms.tables import RoomSeat
from command.rooms.views import own_seat, room_facts, seen_by
from command.together import Together
from gis.database import Database
from gis.http import NotFound, NotSignedIn

router = APIRouter(tags=["rooms"])

NOT_SIGNED_IN, REMOVED, NOT_THERE, SILENT, CLOSED, BAD_WORD, TOO_OFTEN = 4401, 4403, 4404, 4408, 4410, 4422, 4429
_LONGEST_WORD = 4096  # a token is the longest
_WORDS_AT_ONCE, _WORDS_A_SECOND = 10.0, 3.0
_OFFSET_EVERY_S = 60.0


class TokenWord(BaseModel):
    """The first word of whoever has no session."""

    token: str = Field(max_length=2048)


class Quality(BaseModel):
    """How one receives since the last word; `lost` is a share of the packets, 0 to 1."""

    model_config = ConfigDict(extra="ignore")

    fps: float | None = Field(default=None, ge=0, le=1000)
    lost: float | None = Field(default=None, ge=0, le=1)
    rtt_ms: float | None = Field(default=None, ge=0, le=600_000)


class Ping(BaseModel):
    kind: Literal["ping"]
    quality: Quality | None = None
    at: float | None = Field(default=None, description="the device's clock: milliseconds since 1970")


class _End(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@router.websocket("/api/rooms/{room_id}/presence")
async def presence(socket: WebSocket, room_id: int) -> None:
    """Open it before or after joining; while it is open and says a word every 1.5 s, one is there."""
    await socket.accept()
    try:
        caller = await _who(socket)
        seat_id = await _seat(socket.app.state.database, caller, room_id)
        await _Presence(socket, caller, room_id, seat_id).run()
    except _End as ended:
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            await asyncio.wait_for(socket.close(ended.code, ended.reason), timeout=2)
    except WebSocketDisconnect:
        pass


async def _who(socket: WebSocket) -> Caller:
    """By session or bearer, else by the first word; a browser's old cookie keeps no guest out."""
    signed_in = getattr(socket.state, "person", None) is not None
    token = token_in(socket.headers) if signed_in or "authorization" in socket.headers else None
    try:
        if token is None:
            keeper: PresenceKeeper = socket.app.state.presence
            async with asyncio.timeout(keeper.patience.silent_s):
                token = TokenWord.model_validate_json(await _word(socket)).token
        return await caller_behind(socket, token)
    except (NotSignedIn, ValidationError, TimeoutError):
        raise _End(NOT_SIGNED_IN, "sign in, or say the token of your seat first") from None


async def _word(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code") or 1000)
    said = message.get("text")
    if said is None or len(said) > _LONGEST_WORD:
        raise _End(BAD_WORD, "say a short text")
    return str(said)


async def _seat(database: Database, caller: Caller, room_id: int) -> int | None:
    try:
        async with database.for_person(caller.scope) as session:
            await room_facts(session, room_id)
            seat = await own_seat(session, caller, room_id)
    except NotFound:
        raise _End(NOT_THERE, "there is no such room in your area") from None
    return None if seat is None or seat.state == "removed" else seat.id


class _Presence:
    """One socket of one person in one room."""

    def __init__(self, socket: WebSocket, caller: Caller, room_id: int, seat_id: int | None) -> None:
        self._socket, self._caller, self._room_id, self._seat_id = socket, caller, room_id, seat_id
        self._database: Database = socket.app.state.database
        self._keeper: PresenceKeeper = socket.app.state.presence
        self._id = uuid4()
        self._seated = AsyncExitStack()
        self._reception = Reception()
        self._offset_at = -_OFFSET_EVERY_S
        self._says = asyncio.Lock()

    async def run(self) -> None:
        watch: RoomWatch = self._socket.app.state.room_watch
        ended: _End | None = None
        try:
            if self._seat_id is not None:
                await self._sit_down(self._seat_id)
            with watch.watching(self._room_id) as changed:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._tell(changed))
                    tasks.create_task(self._listen())
        except* (_End, WebSocketDisconnect, RuntimeError) as errors:  # the last: writing to one who has gone
            ended = next((one for one in errors.exceptions if isinstance(one, _End)), None)
        finally:
            await self._seated.aclose()
        if ended is not None:
            raise ended

    async def _sit_down(self, seat_id: int) -> None:
        """This socket now speaks for the seat; when it ends, the seat's holder is away."""
        self._seat_id = seat_id
        gone = depart(self._database, carrier_of(self._socket), self._room_id, seat_id, self._id)
        self._seated.push_async_callback(asyncio.shield, gone)
        self._seated.enter_context(self._keeper.alive(seat_id))
        await arrive(self._database, self._room_id, seat_id, self._id)

    async def _tell(self, changed: asyncio.Event) -> None:
        together: Together[int, RoomFacts] = self._socket.app.state.rooms_told
        while True:
            await changed.wait()
            changed.clear()
            facts = await together.ask(self._room_id, self._read)
            if self._seat_id is None and (seat := await _seat(self._database, self._caller, self._room_id)):
                await self._sit_down(seat)
            me = next((one for one in facts.seats if one.id == self._seat_id), None)
            if me is not None and me.state == "removed":
                await self._say({"kind": "removed"})
                raise _End(REMOVED, "you were taken out of this room")
            ice = carrier_of(self._socket).ice(self._caller.scope.actor)
            room = seen_by(facts, self._caller, self._seat_id, ice)
            await self._say({"kind": "room", "data": room.model_dump(mode="json")})
            if facts.state == "closed":
                raise _End(CLOSED, "the room has been closed")

    async def _read(self) -> RoomFacts:
        """For all sockets of the room at once: what somebody may see in it was decided when they came."""
        async with self._database.for_system() as session:
            return await room_facts(session, self._room_id)

    async def _listen(self) -> None:
        allowance, counted_at = _WORDS_AT_ONCE, time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._keeper.patience.silent_s):
                    said = await _word(self._socket)
            except TimeoutError:
                raise _End(SILENT, f"not a word for {self._keeper.patience.silent_s:g} s") from None
            at = time.monotonic()
            allowance = min(_WORDS_AT_ONCE, allowance + (at - counted_at) * _WORDS_A_SECOND) - 1
            counted_at = at
            if allowance < 0:
                raise _End(TOO_OFTEN, "say at most two words a second")
            try:
                await self._take(Ping.model_validate_json(said))
            except ValidationError:
                raise _End(BAD_WORD, 'say {"kind": "ping", "quality": …}') from None

    async def _take(self, ping: Ping) -> None:
        received = datetime.now(UTC)
        await self._say({"kind": "pong", "at": received.isoformat()})
        if self._seat_id is None:
            return
        values: dict[str, object] = {}
        if ping.quality is not None and self._reception.take(Report(**ping.quality.model_dump())):
            values["poor"] = self._reception.poor
        if ping.at is not None and time.monotonic() - self._offset_at >= _OFFSET_EVERY_S:
            self._offset_at = time.monotonic()
            values["clock_offset_ms"] = ping.at - received.timestamp() * 1000
        if values:
            async with self._database.for_system() as session, session.begin():
                await session.execute(update(RoomSeat).where(RoomSeat.id == self._seat_id).values(**values))

    async def _say(self, word: dict[str, object]) -> None:
        async with self._says:
            await self._socket.send_json(word)
