"""The media process: a hub, its internal door, and a row by which the others find it.

Any number of them may run; a room lives in one. A process that is not seen for five seconds counts as dead, and its
rooms move: `command.rooms.carrying`.
"""

import asyncio
import logging
import secrets
import signal
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
import uvicorn

from command.rooms.happenings import record
from command.rooms.shapes import IceOut, IceServerOut
from command.settings import MediaSettings
from gis.database import Database
from gis.listen import own_connection
from video.door import create_hub_app
from video.engine import MediaEvent
from video.guard import Guard
from video.hub import Hub

log = logging.getLogger(__name__)

SEEN_EVERY_S = 1.0
HOLD_S = 2.5  # for one who does not send yet; well within what the web process grants a hub for an answer
AGAIN_S = 0.5
TRIES = 20

_SEEN = """
    INSERT INTO media_hub (id, url, secret, seen_at) VALUES (%(id)s, %(url)s, %(secret)s, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
"""
_BURY = "DELETE FROM media_hub WHERE seen_at < clock_timestamp() - interval '1 minute'"
_FAREWELL = "DELETE FROM media_hub WHERE id = %(id)s"

Record = Callable[[Database, MediaEvent], Awaitable[None]]


def ice_for(settings: MediaSettings, actor: str) -> IceOut:
    """What the connections of whoever is signed in are built with."""
    servers = [
        IceServerOut(urls=list(server.urls), username=server.username, credential=server.credential)
        for server in settings.turn.for_page(actor)
    ]
    return IceOut(servers=servers, relay_only=settings.relay_only)


async def run_media(database: Database, settings: MediaSettings, record: Record = record) -> None:
    """Carry pictures and sound until told to stop."""
    turn = settings.turn
    hub = Hub(
        Notes(database, record).take,
        ice_servers=turn.for_hub if settings.hub_relay_only else tuple,
        relay_only=settings.hub_relay_only,
        address=str(settings.address) if settings.address else None,
        guard=Guard(settings.limits),
        hold_s=HOLD_S,
    )
    secret = secrets.token_urlsafe(32)
    listening = socket.create_server((settings.door_host, settings.door_port))
    host, port = listening.getsockname()[:2]
    door = uvicorn.Server(uvicorn.Config(create_hub_app(hub, secret), access_log=False, log_config=None))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await hub.start()
    # uvicorn takes the signals for itself while it serves, and hands them on when it has ended.
    serving = asyncio.create_task(door.serve(sockets=[listening]))
    seen = asyncio.create_task(Presence(database.url, f"http://{host}:{port}", secret).run())
    log.info("media hub at %s:%d", host, port)
    try:
        await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        door.should_exit = True
        seen.cancel()
        await asyncio.gather(seen, serving, return_exceptions=True)
        await hub.stop()
        await database.close()


class Notes:
    """Writes what happens to the legs to where the rooms keep it; tries again while the database is away."""

    def __init__(self, database: Database, record: Record, *, again_s: float = AGAIN_S, tries: int = TRIES) -> None:
        self._database = database
        self._record = record
        self._again_s = again_s
        self._tries = tries

    async def take(self, event: MediaEvent) -> None:
        for _ in range(self._tries - 1):
            try:
                return await self._record(self._database, event)
            except Exception as problem:  # noqa: BLE001 - whatever it is, the next try or the last one tells
                log.warning("cannot write down %s %s: %r", event.participant, event.what, problem)
                await asyncio.sleep(self._again_s)
        return await self._record(self._database, event)


class Presence:
    """Says each second that this hub lives and where its door is; takes leave at its orderly end."""

    def __init__(self, database_url: str, url: str, secret: str, *, every_s: float = SEEN_EVERY_S) -> None:
        self._database_url = database_url
        self._values = {"id": uuid.uuid4(), "url": url, "secret": secret}
        self._every_s = every_s

    async def run(self) -> None:
        """For ever, through losses of the database."""
        while True:
            with suppress(psycopg.Error, OSError):
                await self._be_seen()
            await asyncio.sleep(self._every_s)

    async def _be_seen(self) -> None:
        async with await own_connection(self._database_url) as connection:
            await connection.execute(_BURY)
            try:
                while True:
                    await connection.execute(_SEEN, self._values)
                    await asyncio.sleep(self._every_s)
            except asyncio.CancelledError:
                await connection.execute(_FAREWELL, self._values)
                raise
