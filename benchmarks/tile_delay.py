"""From the commit of a row to its new tile: the feed says that the layer changed, the tile is asked again."""

import asyncio
import json
import time
from dataclasses import dataclass

import httpx
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.tile_grid import tile_at
from gis.database import Database

LAYER, ZOOM = "enterprises", 14  # from zoom 11 on single rows, with their names
WITHIN_S = 10.0
_ONE = """
    SELECT id, name, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM enterprise
    WHERE region LIKE '3707%' ORDER BY id LIMIT 1
"""
_RENAME = "UPDATE enterprise SET name = :name WHERE id = :id"


class NoChange(Exception):
    """The change of a row did not arrive; the message says what was missing."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds after the commit, and how many tiles were still the old ones when the feed had spoken."""

    told_ms: float
    shown_ms: float
    stale: int


async def delays(database: Database, server: str, token: str, count: int) -> list[Delay]:
    """Rename an enterprise of Weifang `count` times and give it back its name.

    Raises `NoChange` when there is none, or when feed or tile do not follow within ten seconds.
    """
    async with database.for_system() as session:
        row = (await session.execute(text(_ONE))).one_or_none()
    if row is None:
        raise NoChange("there is no enterprise in Weifang to rename")
    x, y = tile_at(row.lon, row.lat, ZOOM)
    path = f"/tiles/{LAYER}/{ZOOM}/{x}/{y}.mvt"
    who = {"Authorization": f"Bearer {token}"}
    feed = f"{server.replace('http', 'ws', 1)}/api/live?topics=layers"
    found = []
    async with (
        connect(feed, additional_headers=who, proxy=None) as socket,
        httpx.AsyncClient(base_url=server, headers=who, trust_env=False) as door,
    ):
        await _told(socket, "hello")
        try:
            for number in range(count):
                name = f"{row.name}·{time.time_ns()}·{number}"
                committed = await _rename(database, row.id, name)
                await _told(socket, "layers.changed")
                told = time.perf_counter()
                stale = 0
                while name.encode() not in (await door.get(path)).raise_for_status().content:
                    stale += 1
                    if time.perf_counter() - told > WITHIN_S:
                        raise NoChange(f"{path} does not show the change")
                shown = time.perf_counter()
                found.append(Delay((told - committed) * 1000, (shown - committed) * 1000, stale))
        finally:
            await _rename(database, row.id, row.name)
    return found


async def _rename(database: Database, row: int, name: str) -> float:
    """Return the moment at which the commit was asked for: what the commit itself takes counts."""
    async with database.for_system() as session:
        await session.execute(text(_RENAME), {"name": name, "id": row})
        began = time.perf_counter()
        await session.commit()
    return began


async def _told(socket: ClientConnection, kind: str) -> None:
    """Wait for a frame of this kind; one about layers must be about ours."""
    try:
        async with asyncio.timeout(WITHIN_S):
            async for text_frame in socket:
                frame = json.loads(text_frame)
                if frame["kind"] == kind and frame["data"].get("layer", LAYER) in (LAYER, "*"):
                    return
    except TimeoutError:
        pass
    raise NoChange(f"the feed says nothing of the change ({kind})")
