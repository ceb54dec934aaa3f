"""The live feed's door (WebSocket) and the timeline's."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel
from sqlalchemy import select

from command.alerts.tables import Alert
from command.events.feed import Listener, LiveFeed, event_json
from command.events.log import TOPIC_OF
from command.events.tables import Event
from gis.http import NotFound, SessionDep

router = APIRouter(tags=["live"])

TOO_SLOW, NOT_SIGNED_IN, BAD_REQUEST = 4001, 4401, 4422


class EventOut(BaseModel):
    seq: int
    at: datetime
    kind: str
    subject: str
    region: str
    actor: str
    data: dict[str, Any]


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
    """News as they are committed; `since` repeats what came after that number, `topics` chooses."""
    await socket.accept()
    scope = getattr(socket.state, "scope", None)
    if scope is None:
        await socket.close(NOT_SIGNED_IN, "sign in first")
        return
    wanted = set(topics.split(",")) if topics else set(TOPIC_OF.values())
    unknown = wanted - set(TOPIC_OF.values()) - {"stats"}
    if unknown or (since is not None and not (since.isascii() and since.isdigit() and len(since) < 19)):
        known = ", ".join(sorted({*TOPIC_OF.values(), "stats"}))
        await socket.close(BAD_REQUEST, f"since is a number; topics are {known}")
        return
    feed: LiveFeed = socket.app.state.feed
    listener = feed.join(scope, wanted)
    try:
        await _talk(socket, feed, listener, None if since is None else int(since))
    finally:
        feed.leave(listener)


async def _talk(socket: WebSocket, feed: LiveFeed, listener: Listener, since: int | None) -> None:
    """Write until the client has gone or was cut off; what a client says is not listened to."""
    tasks = {
        asyncio.create_task(_write(socket, feed, listener, since)),
        asyncio.create_task(_drain(socket)),
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
        if error is not None and not isinstance(error, WebSocketDisconnect | RuntimeError):
            raise error  # anything but a client that left while we wrote
    if listener.cut_off.is_set():
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            await asyncio.wait_for(socket.close(TOO_SLOW, "too slow; come back with since"), timeout=2)


async def _write(socket: WebSocket, feed: LiveFeed, listener: Listener, since: int | None) -> None:
    await socket.send_text(orjson.dumps({"kind": "hello", "data": {"seq": listener.start_seq}}).decode())
    while since is not None and since < listener.start_seq:
        since, frames = await feed.backlog(listener, since)
        for frame in frames:
            await socket.send_text(frame.decode())
    while True:
        await socket.send_text((await listener.queue.get()).decode())


async def _drain(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
