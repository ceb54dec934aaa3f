"""A call over the real media process, through the product's own doors: seen, heard, muted, and back after its death."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from command.drill.call import Phone
from routing.network import RoadStore
from tests.house import House, house, listening
from tests.postgis.test_rooms import dispatched, opened, post
from video.client import HubClient
from video.peer import Peer
from video.synthetic import MovingPicture, Tone

PATIENCE_S = 120  # a machine that is busy with other tests starts a process slowly


async def never(*_: Any) -> tuple[float, dict[str, Any]]:
    raise AssertionError("nobody listens to the feed here")


@asynccontextmanager
async def media_process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = os.environ | {"ONEMAP_DATABASE_URL": url, "ONEMAP_MEDIA_MAX_LAG_MS": "10000"}
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", "command.processes.media", env=environment)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


class Scene:
    """The desk and an officer in a dispatch room of a served application."""

    def __init__(self, app: House, room: dict[str, Any], client: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self.app, self.room, self._client, self._stack = app, room, client, stack
        self.door = f"/api/rooms/{room['id']}"
        self.seats = {one["name"]: one["id"] for one in room["seats"]}

    def phone(self, who: str) -> Phone:
        return Phone(self._client, self.app.tokens[who], never)

    async def films(self, who: str, stamp: int) -> Peer:
        tracks = [MovingPicture(stamp, width=320, height=240), Tone()]
        peer = await Peer.publishing(tracks, lambda offer: self.phone(who).offer(f"{self.door}/whip", offer))
        self._stack.push_async_callback(peer.close)
        return peer

    async def watches(self, who: str, whom: str) -> Peer:
        door = f"{self.door}/whep?participant={self.seats[whom]}"
        peer = await Peer.viewing(lambda offer: self.phone(who).offer(door, offer))
        self._stack.push_async_callback(peer.close)
        return peer

    async def shown(self, who: str, publication: dict[str, Any]) -> None:
        """Wait until the room says this of what somebody sends."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                room = (await self.app.person("duty").get(self.door)).json()
                if next(one for one in room["seats"] if one["name"] == who)["publication"] == publication:
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
async def scene(house_url: str, town_roads: RoadStore) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(house(house_url, town_roads, connect=HubClient))
        address = await stack.enter_async_context(listening(app.app))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://{address}", timeout=30, trust_env=False)
        )
        alert, _ = await dispatched(app)
        room = await opened(app, alert_id=alert["id"])
        made = Scene(app, room, client, stack)
        for who in ("duty", "甲"):
            await post(app, who, room, "join")
            await stack.enter_async_context(made.phone(who).present(room["id"]))
        yield made


async def hubs(app: House) -> int:
    return int(await app.scalar("SELECT count(*) FROM media_hub WHERE seen_at > started_at"))


async def up(app: House, number: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await hubs(app) < number:
            await asyncio.sleep(0.05)


async def only_heard(screen: Peer) -> None:
    """Wait until a second of sound goes by without a picture; what was on the way when it was muted still arrives."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            pictures, sounds = screen.pictures, screen.sounds
            await screen.until(lambda sounds=sounds: screen.sounds >= sounds + 50, PATIENCE_S)  # type: ignore[misc]
            if screen.pictures == pictures:
                return


async def test_the_desk_sees_and_hears_the_officer_and_a_mute_is_silence(scene: Scene, house_url: str) -> None:
    async with media_process(house_url):
        await up(scene.app, 1)
        await scene.films("甲", 5)
        screen = await scene.watches("duty", "甲")
        await screen.until(lambda: screen.seen[5] >= 10 and screen.loudest > 0.05, PATIENCE_S)
        assert screen.size == (320, 240)
        await scene.shown("甲", {"generation": 1, "stalled": False, "video_paused": False})

        await post(scene.app, "duty", scene.room, f"seats/{scene.seats['甲']}/mute", kinds=["video"])
        await only_heard(screen)
        await post(scene.app, "duty", scene.room, f"seats/{scene.seats['甲']}/unmute", kinds=["video"])
        muted_at = screen.pictures
        await screen.until(lambda: screen.pictures >= muted_at + 5, PATIENCE_S)

        await post(scene.app, "duty", scene.room, f"seats/{scene.seats['甲']}/remove")
        await screen.until(lambda: screen.state in ("closed", "failed", "disconnected"), PATIENCE_S)


async def test_a_call_whose_hub_was_killed_goes_on_at_another(scene: Scene, house_url: str) -> None:
    async with media_process(house_url) as first:
        await up(scene.app, 1)
        await scene.films("甲", 5)
        screen = await scene.watches("duty", "甲")
        await screen.until(lambda: screen.seen[5] >= 5, PATIENCE_S)
        async with media_process(house_url):
            await up(scene.app, 2)
            first.kill()
            await first.wait()
            # As the pages do once nothing comes any more: the same requests again.
            await scene.films("甲", 6)
            again = await scene.watches("duty", "甲")
            await again.until(lambda: again.seen[6] >= 5, PATIENCE_S)
            await scene.shown("甲", {"generation": 2, "stalled": False, "video_paused": False})
    legs = await scene.app.rows("SELECT why FROM room_leg ORDER BY opened_at")
    assert [row.why for row in legs][:2] == ["its hub died", "its hub died"]
