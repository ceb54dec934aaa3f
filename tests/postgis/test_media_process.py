"""The media process: found by its row, spoken to by its door, gone when it is gone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from command.media import Notes
from gis.database import Database
from tests.unit.video.calls import WIDTH
from video.client import HubClient
from video.engine import Happening, Kind, MediaEvent
from video.errors import HubLost
from video.peer import Peer
from video.synthetic import MovingPicture, Tone

EVENT = MediaEvent(Happening.PUBLISHED, "1", "2", "leg")


@pytest.fixture
async def process(postgis_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = os.environ | {"ONEMAP_DATABASE_URL": postgis_url, "ONEMAP_MEDIA_MAX_LAG_MS": "10000"}
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", "command.processes.media", env=environment)
    yield started
    if started.returncode is None:
        started.kill()
        await started.wait()


async def hubs(database: Database) -> list[tuple[str, str, bool]]:
    async with database.for_system() as session:
        rows = await session.execute(text("SELECT url, secret, seen_at > started_at FROM media_hub"))
        return [(url, secret, seen_again) for url, secret, seen_again in rows]


async def found(database: Database) -> tuple[str, str]:
    async with asyncio.timeout(60):
        while not (there := [hub for hub in await hubs(database) if hub[2]]):
            await asyncio.sleep(0.05)
    return there[0][:2]


async def test_process_is_found_and_carries_a_call(process: asyncio.subprocess.Process, database: Database) -> None:
    url, secret = await found(database)
    async with HubClient(url, secret) as hub:

        async def publish(offer: str) -> str:
            return (await hub.publish("1", "officer", offer)).answer

        async def view(offer: str) -> str:
            return (await hub.view("1", "officer", "desk", offer)).answer

        publisher = await Peer.publishing([MovingPicture(6, width=WIDTH, height=240), Tone()], publish)
        viewer = await Peer.viewing(view)
        await viewer.until(lambda: viewer.seen[6] >= 5 and viewer.sounds >= 20)
        assert (await hub.load())["viewings"] == 1
        async with HubClient(url, "guessed") as stranger:
            with pytest.raises(HubLost, match="secret"):
                await stranger.close_room("1")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        await asyncio.gather(publisher.close(), viewer.close())
        assert await hubs(database) == [], "it has taken leave"
        with pytest.raises(HubLost, match="does not answer"):
            await hub.mute("1", "officer", {Kind.AUDIO}, number=1)


async def test_process_that_was_killed_leaves_a_row_that_grows_old(
    process: asyncio.subprocess.Process, database: Database
) -> None:
    await found(database)
    process.kill()
    await process.wait()
    async with database.for_system() as session:
        seen = text("SELECT seen_at FROM media_hub")
        before = await session.scalar(seen)
        await session.execute(text("SELECT pg_sleep(1.2)"))
        assert await session.scalar(seen) == before


async def test_event_is_written_down_once_the_database_is_back(database: Database) -> None:
    tried = 0
    written = []

    async def record(_database: Database, event: MediaEvent) -> None:
        nonlocal tried
        tried += 1
        if tried < 3:
            raise ConnectionError("the database is away")
        written.append(event)

    await Notes(database, record, again_s=0).take(EVENT)
    assert (tried, written) == (3, [EVENT])


async def test_event_that_cannot_be_written_down_is_given_up_with_its_error(database: Database) -> None:
    async def record(_database: Database, _event: MediaEvent) -> None:
        raise ConnectionError("the database is away")

    with pytest.raises(ConnectionError):
        await Notes(database, record, again_s=0, tries=4).take(EVENT)
