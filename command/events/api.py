"""The live feed's door (WebSocket) and the timeline's."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select

from command.alerts.tables import Alert
from command.events.feed import Listener, LiveFeed, event_json
from command.events.layer_changes import TOPIC as LAYERS
from command.events.log import TOPIC_OF
from command.events.tables import Event
from command.officers.moved import frame_in_view
from gis.http import NotFound, SessionDep

router = APIRouter(tags=["live"])

_NOT_EVENTS = {"stats", LAYERS}  # topics whose frames have no number
TOO_SLOW, NOT_SIGNED_IN, BAD_REQUEST, TOO_OFTEN = 4001, 4401, 4422, 4429
# A view is 80 characters; a hand that drags the map makes three of them a second.
_LONGEST_WORD = 512
_WORDS_AT_ONCE, _WORDS_A_SECOND = 20.0, 5.0


class EventOut(BaseModel):
    seq: int
    at: datetime
    kind: str
    subject: str
    region: str
    actor: str
    data: dict[str, Any]


Degrees = Annotated[float, Field(allow_inf_nan=False, ge=-180, le=180)]


class ViewIn(BaseModel):
    """What a client may say: the part of the map that it shows (west, south, east, north), or null for everything."""

    model_config = ConfigDict(extra="forbid", strict=True)

    view: tuple[Degrees, Degrees, Degrees, Degrees] | None

    @model_validator(mode="after")
    def _is_a_box(self) -> "ViewIn":
        if self.view is not None and not (self.view[0] <= self.view[2] and self.view[1] <= self.view[3]):
            raise ValueError("a view is [west, south, east, north]")
        return self


class TimelineOut(BaseModel):
    items: list[EventOut]


@router.get("/api/alerts/{alert_id}/timeline")
async def timeline(alert_id: int, session: SessionDep) -> TimelineOut:
    """Everything that happened to one alert, in order."""
    if await session.get(Alert, alert_id) is None:
        raise NotFound(f"there is no alert {alert_id} in your area")
    rows = await session.scalars(select(Event).where(Event.alert_id == alert_id).order_by(Event.seq))
    return TimelineOut(items=[EventOut(**event_json(row)) for row in rows])


@router.websocket("/api/live")
async def live(socket: WebSocket, since: str | None = None, topics: str | None = None) -> None:
    """News as they are committed; `since` repeats what came after that number, `topics` chooses.

    A client may say `{"view": [west, south, east, north]}`: `officers.moved` then carries only who is or was in it.
    """
    await socket.accept()
    scope = getattr(socket.state, "scope", None)
    if scope is None:
        await socket.close(NOT_SIGNED_IN, "sign in first")
        return
    wanted = set(topics.split(",")) if topics else set(TOPIC_OF.values())
    unknown = wanted - set(TOPIC_OF.values()) - _NOT_EVENTS
    if unknown or (since is not None and not (since.isascii() and since.isdigit() and len(since) < 19)):
        known = ", ".join(sorted({*TOPIC_OF.values(), *_NOT_EVENTS}))
        await socket.close(BAD_REQUEST, f"since is a number; topics are {known}")
        return
    feed: LiveFeed = socket.app.state.feed
    listener = feed.join(scope, wanted)
    try:
        await _talk(socket, feed, listener, None if since is None else int(since))
    finally:
        feed.leave(listener)


async def _talk(socket: WebSocket, feed: LiveFeed, listener: Listener, since: int | None) -> None:
    """Write until the client has gone or was cut off."""
    tasks = {
        asyncio.create_task(_write(socket, feed, listener, since)),
        asyncio.create_task(_listen(socket, listener)),
        asyncio.create_task(listener.cut_off.wait()),
    }
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = task.exception()
        if isinstance(error, _Refused):
            await _close(socket, error.code, error.reason)
            return
        if error is not None and not isinstance(error, WebSocketDisconnect | RuntimeError):
            raise error  # anything but a client that left while we wrote
    if listener.cut_off.is_set():
        await _close(socket, TOO_SLOW, "too slow; come back with since")


async def _write(socket: WebSocket, feed: LiveFeed, listener: Listener, since: int | None) -> None:
    await socket.send_text(orjson.dumps({"kind": "hello", "data": {"seq": listener.start_seq}}).decode())
    while since is not None and since < listener.start_seq:
        since, frames = await feed.backlog(listener, since)
        for frame in frames:
            await socket.send_text(frame.decode())
    while True:
        await socket.send_text((await listener.take()).decode())


class _Refused(Exception):
    """The client said something that no client should; the connection ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def _listen(socket: WebSocket, listener: Listener) -> None:
    """Take what the client says it shows, until it has gone; raises `_Refused`."""
    allowance, counted_at = _WORDS_AT_ONCE, time.monotonic()
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        now = time.monotonic()
        allowance = min(_WORDS_AT_ONCE, allowance + (now - counted_at) * _WORDS_A_SECOND) - 1
        counted_at = now
        if allowance < 0:
            raise _Refused(TOO_OFTEN, "say at most a few views a second")
        said = message.get("text")
        if said is None or len(said) > _LONGEST_WORD:
            raise _Refused(BAD_REQUEST, "say a short text")
        try:
            listener.view = ViewIn.model_validate_json(said).view
        except ValidationError:
            raise _Refused(BAD_REQUEST, 'say {"view": [west, south, east, north]}') from None
        if listener.view is not None and "officers" in listener.topics:
            stale_after = socket.app.state.dispatch.stale_after
            listener.offer(
                await frame_in_view(socket.app.state.database, listener.scope, listener.view, stale_after=stale_after)
            )


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Say why it ends; a client that reads nothing does not hear it, and is not waited for."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        await asyncio.wait_for(socket.close(code, reason), timeout=2)
