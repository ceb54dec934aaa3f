"""The recorder and the media hub as they run in service, each killed in the middle of a call."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from command.settings import MediaSettings
from routing.network import RoadStore
from tests.addresses import has_address
from tests.house import House, house
from tests.postgis.test_recordings import finished_of, until
from tests.unit.video.test_recording_calls import signed, stamps, written_s
from video.client import HubClient
from video.peer import Peer
from video.recording.checking import check
from video.synthetic import MovingPicture, Tone, wall_ms

ROOT = Path(__file__).parents[2]
SEGMENT_S = 5

pytestmark = pytest.mark.skipif(not has_address(), reason="ICE offers no loopback address, and there is no other")


class Processes:
    """`media` and `recorder`, started as `./onemap serve` starts them."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self._environment = os.environ | {
            "ONEMAP_DATABASE_URL": url,
            "ONEMAP_HOME": str(home),
            "ONEMAP_RECORDING_SEGMENT_S": str(SEGMENT_S),
            "ONEMAP_RECORDING_FREE_MB": "1",
            "ONEMAP_MEDIA_MAX_CPU": "1",
            "ONEMAP_MEDIA_MAX_LAG_MS": "60000",
            "PYTHONPATH": str(ROOT),
        }
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, name: str) -> None:
        log = (self.home / f"{name}.log").open("ab")
        with log:
            self._running[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"command.processes.{name}",
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    async def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        process = self._running.pop(name)
        process.send_signal(number)
        return await process.wait()

    async def close(self) -> None:
        for name in list(self._running):
            await self.kill(name)


@asynccontextmanager
async def call(app: House) -> AsyncIterator[tuple[dict[str, Any], "Camera"]]:
    """A recorded conference with a body camera in it, which has a token of its own and no page."""
    duty = app.person("duty")
    room = (await duty.post("/api/rooms", json={"kind": "conference"})).json()
    at = f"/api/rooms/{room['id']}"
    assert (await duty.post(f"{at}/join")).status_code == 200
    assert (await duty.post(f"{at}/recordings", json={"action": "start"})).status_code == 201
    token = (await duty.post(f"{at}/tokens", json={"purpose": "publish", "device": True, "name": "记录仪"})).json()
    camera = Camera(app, f"{at}/whip", token["token"])
    try:
        yield room, camera
    finally:
        await camera.close()


class Camera:
    """Publishes again whenever it is told to, as a gateway does that has lost its connection."""

    def __init__(self, app: House, door: str, token: str) -> None:
        self._client = app.client(token)
        self._door = door
        self._peers: list[Peer] = []

    async def publish(self) -> None:
        async def offer(sdp: str) -> str:
            headers = {"Content-Type": "application/sdp"}
            answer = await until(lambda: self._asked(sdp, headers))
            return str(answer.text)

        self._peers.append(await Peer.publishing([MovingPicture(7, width=320, height=240), Tone()], offer))

    async def _asked(self, sdp: str, headers: dict[str, str]) -> Any:
        answer = await self._client.post(self._door, content=sdp, headers=headers)
        return answer if answer.status_code == 201 else None

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()


async def test_a_call_whose_hub_and_whose_recorder_were_killed_plays_to_within_one_segment_of_the_end(
    house_url: str, town_roads: RoadStore, tmp_path: Path
) -> None:
    processes = Processes(house_url, tmp_path)
    async with house(house_url, town_roads, connect=HubClient) as app:
        app.app.state.recordings_folder = tmp_path / "recordings"
        assert MediaSettings().processes >= 1
        try:
            await processes.start("media")
            await processes.start("recorder")
            async with call(app) as (room, camera):
                await camera.publish()
                folder = tmp_path / "recordings" / "1"
                await until(lambda: _seconds(folder, 4.0))
                hub_killed_ms = wall_ms()
                await processes.kill("media")
                await processes.start("media")
                await camera.publish()
                back_ms = wall_ms()
                await until(lambda: _seen_after(folder, back_ms, 2000))
                recorder_killed_ms = wall_ms()
                await processes.kill("recorder")
                await processes.start("recorder")
                again_ms = wall_ms()
                await until(lambda: _seen_after(folder, again_ms, 2000))
                closed_ms = wall_ms()
                version = (await app.person("duty").get(f"/api/rooms/{room['id']}")).json()["version"]
                answer = await app.person("duty").post(f"/api/rooms/{room['id']}/close", json={"version": version})
                assert answer.status_code == 200, answer.text
                recording = await until(lambda: finished_of(app, room))
            assert await processes.kill("recorder", signal.SIGTERM) == 0
        finally:
            await processes.close()
    made_ms = [stamp.made_ms for path in sorted(folder.glob("*-*.webm")) for stamp in stamps(path)]
    for killed_ms in (hub_killed_ms, recorder_killed_ms, closed_ms):
        before = [killed_ms - ms for ms in made_ms if signed(killed_ms - ms) >= 0]
        assert min(before) < SEGMENT_S * 1000, "what was filmed before it was killed is there"
    report = check(folder)
    assert report.faults == []
    assert [segment["found"] for segment in recording["segments"]].count(True) == 1
    assert [segment["number"] for segment in recording["segments"]] == list(range(1, len(recording["segments"]) + 1))
    began = [datetime.fromisoformat(segment["started_at"]) for segment in recording["segments"]]
    assert began == sorted(began)


async def _seconds(folder: Path, enough: float) -> bool:
    return await asyncio.to_thread(lambda: folder.exists() and written_s(folder) >= enough)


async def _seen_after(folder: Path, at_ms: int, enough_ms: int) -> bool:
    """Whether a picture lies on the disk that was filmed so long after that."""

    def look() -> bool:
        newest = max(folder.glob("*-*.webm"))
        seen = stamps(newest) if newest.stat().st_size > 5000 else []
        return bool(seen) and signed(seen[-1].made_ms - at_ms) >= enough_ms

    return await asyncio.to_thread(look)
