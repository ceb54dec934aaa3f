"""Recording rooms, end to end below the browser: doors, recorder, real media, what is told, kept, deleted."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from command.recorder import Recorder
from command.recordings.keeping import delete_overdue
from command.settings import RecordingSettings
from routing.network import RoadStore
from tests.addresses import has_address
from tests.house import House, house
from tests.media import decoded_pictures, decoded_sound_s
from tests.postgis.test_rooms import dispatched, opened, post
from tests.unit.video.calls import CALM
from video.engine import MediaEngine
from video.guard import Guard
from video.hub import Hub
from video.peer import Peer
from video.recording.checking import check
from video.synthetic import MovingPicture, Tone

PNG = b"\x89PNG\r\n\x1a\n" + b"not a picture, but it begins as one"


pytestmark = pytest.mark.skipif(not has_address(), reason="ICE offers no loopback address, and there is no other")


async def nothing(_: object) -> None:
    """Nobody listens to what a hub tells."""


@dataclass
class Studio:
    """A house with a hub and a folder for recordings; recorders are started as a test likes."""

    app: House
    folder: Path
    hub: Hub
    peers: list[Peer] = field(default_factory=list)
    free_mb: int = 10**6

    async def send(self, room: dict[str, Any], seat_id: int) -> Peer:
        """Have a seat send a moving picture and a tone, with what the doors of WHIP would write down."""
        hub_id = uuid4()
        await self.app.execute(
            "INSERT INTO media_hub (id, url, secret, seen_at) VALUES (:id, 'here', 'x', now() + interval '1 day')",
            id=hub_id,
        )
        await self.app.execute("UPDATE room SET hub_id = :hub WHERE id = :id", hub=hub_id, id=room["id"])

        async def offer(sdp: str) -> str:
            return (await self.hub.publish(str(room["id"]), str(seat_id), sdp)).answer

        peer = await Peer.publishing([MovingPicture(7, width=320, height=240), Tone()], offer)
        self.peers.append(peer)
        await self.app.execute("UPDATE room_seat SET publishing = true WHERE id = :id", id=seat_id)
        return peer

    def recorder(self, **settings: Any) -> Recorder:
        engine: MediaEngine = self.hub
        asked = RecordingSettings(segment_s=5, **settings)
        return Recorder(
            self.app.database, self.folder, asked, lambda _url, _secret: engine,
            free=lambda _: self.free_mb * 1024 * 1024,
        )  # fmt: skip

    @asynccontextmanager
    async def recording(self, **settings: Any) -> AsyncIterator[None]:
        """A recorder at work, ended in an orderly way."""
        working = asyncio.create_task(self.recorder(**settings).run())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def shown(self, room: dict[str, Any], by: str = "duty") -> list[dict[str, Any]]:
        answer = await self.app.person(by).get(f"/api/rooms/{room['id']}/recordings")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def kinds(self) -> list[str]:
        rows = await self.app.rows("SELECT kind FROM event WHERE kind ~ '^recording[.]' ORDER BY seq")
        return [row.kind for row in rows]


@pytest.fixture
async def studio(house_url: str, town_roads: RoadStore, tmp_path: Path) -> AsyncIterator[Studio]:
    hub = Hub(nothing, guard=Guard(CALM))
    async with house(house_url, town_roads, connect=lambda _url, _secret: hub) as app:
        app.app.state.recordings_folder = tmp_path / "recordings"
        made = Studio(app, tmp_path / "recordings", hub)
        await hub.start()
        yield made
        for peer in made.peers:
            await peer.close()
        await hub.stop()


async def until(condition: Callable[[], Awaitable[Any]], within_s: float = 60.0) -> Any:
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.1)
    return found


async def called(studio: Studio) -> tuple[dict[str, Any], int]:
    """A dispatch room with its officer in it; the officer's seat."""
    alert, _ = await dispatched(studio.app)
    room = await opened(studio.app, alert_id=alert["id"])
    await post(studio.app, "duty", room, "join")
    joined = await post(studio.app, "甲", room, "join")
    return room, joined["seat_id"]


async def begun(studio: Studio, room: dict[str, Any]) -> dict[str, Any]:
    """The recording, once something of it lies on the disk."""

    async def there() -> dict[str, Any] | None:
        items = await studio.shown(room)
        return next((one for one in items if one["segments"]), None)

    found: dict[str, Any] = await until(there)
    return found


async def finished(studio: Studio, room: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await until(lambda: finished_of(studio.app, room))
    return found


async def finished_of(app: House, room: dict[str, Any]) -> dict[str, Any] | None:
    """The finished recording of a room, if there is one yet."""
    items = (await app.person("duty").get(f"/api/rooms/{room['id']}/recordings")).json()["items"]
    return next((one for one in items if one["state"] == "finished"), None)


def unpacked(answer: Response, where: Path) -> Path:
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(where)
    (folder,) = where.iterdir()
    return folder


async def test_a_dispatch_room_is_recorded_from_the_start_and_handed_out_as_evidence(
    studio: Studio, tmp_path: Path
) -> None:
    app = studio.app
    room, seat = await called(studio)
    duty = app.person("duty")
    async with studio.recording():
        await studio.send(room, seat)
        await begun(studio, room)
        picture = await duty.post(f"/api/rooms/{room['id']}/snapshots?of={seat}", content=PNG)
        assert picture.status_code == 201, picture.text

        async def sealed() -> bool:
            return any(one["sha256"] for one in (await studio.shown(room))[0]["segments"])

        await until(sealed)
        await post(app, "duty", room, "close", version=1)
        recording = await finished(studio, room)
    assert recording["why"] == "room_closed"
    assert recording["alert_id"] == room["alert_id"]
    assert {one["seat_name"] for one in recording["segments"]} == {"甲"}
    assert all(one["sha256"] and one["codecs"] == ["vp8", "opus"] for one in recording["segments"])
    assert recording["bytes"] == sum(one["bytes"] for one in recording["segments"])
    kinds = await studio.kinds()
    assert kinds == ["recording.started", *["recording.sealed"] * len(recording["segments"]), "recording.finished"]
    timeline = (await duty.get(f"/api/alerts/{room['alert_id']}/timeline")).json()["items"]
    assert [one["kind"] for one in timeline if one["kind"].startswith("recording.")] == [
        "recording.started", "recording.finished",
    ]  # fmt: skip

    folder = unpacked(await duty.get(f"/api/recordings/{recording['id']}/evidence.zip"), tmp_path / "out")
    report = check(folder)
    assert report.faults == []
    assert report.segments == len(recording["segments"])
    first = folder / f"00001-{seat}.webm"
    assert len(list(decoded_pictures(first))) >= 15
    assert decoded_sound_s(first) >= 1
    for name in ("events.jsonl", "manifest.jsonl", "README.txt", "snapshots/1.png", first.name):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
        assert name in {fault.file for fault in check(folder).faults}
        path.write_bytes(whole)
    assert (await studio.kinds())[-1] == "recording.handed_out"
    assert await app.rows("SELECT * FROM event_chain_breaks()") == []


async def test_a_file_changed_on_our_own_disk_is_found_by_whoever_checks(studio: Studio, tmp_path: Path) -> None:
    """Even when the manifest was made to fit: the event log says what was sealed."""
    room, seat = await called(studio)
    async with studio.recording():
        await studio.send(room, seat)
        await begun(studio, room)
        await post(studio.app, "duty", room, "close", version=1)
        recording = await finished(studio, room)
    path = studio.folder / str(recording["id"]) / f"00001-{seat}.webm"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    answer = await studio.app.person("duty").get(f"/api/recordings/{recording['id']}/evidence.zip")
    assert {fault.file for fault in check(unpacked(answer, tmp_path / "out")).faults} == {path.name}


async def test_start_and_stop_are_the_hosts_and_the_desks_to_say_and_everybody_sees_them(studio: Studio) -> None:
    app = studio.app
    room = await opened(app, kind="conference")
    assert not room["recording"]
    at = f"/api/rooms/{room['id']}/recordings"
    duty, expert = app.person("duty"), app.person("expert")
    assert (await duty.post(at, json={"action": "stop"})).status_code == 409
    assert (await expert.post(at, json={"action": "start"})).status_code == 404
    assert (await duty.post(at, json={"action": "pause"})).status_code == 422
    started = await duty.post(at, json={"action": "start"})
    assert started.status_code == 201, started.text
    again = await duty.post(at, json={"action": "start"})
    assert (again.status_code, again.json()["id"]) == (200, started.json()["id"])
    assert (await duty.get(f"/api/rooms/{room['id']}")).json()["recording"]
    async with studio.recording():
        assert (await duty.post(at, json={"action": "stop"})).status_code == 200
        recording = await finished(studio, room)
    assert (recording["why"], recording["started_by"]) == ("stopped", "duty")
    rows = await app.rows("SELECT kind FROM event WHERE kind ~ '^(room|recording)[.]' ORDER BY seq")
    assert [row.kind for row in rows] == [
        "room.opened", "room.recording_started", "recording.started", "room.recording_stopped", "recording.finished",
    ]  # fmt: skip


async def test_a_segment_is_played_in_ranges_while_it_is_written_and_afterwards(studio: Studio) -> None:
    room, seat = await called(studio)
    duty = studio.app.person("duty")
    async with studio.recording():
        await studio.send(room, seat)
        recording = await begun(studio, room)
        url = recording["segments"][0]["url"]

        async def playable() -> Response | None:
            answer = await duty.get(url)
            return answer if answer.status_code == 200 and len(answer.content) > 20_000 else None

        growing = await until(playable)
        assert growing.content.startswith(b"\x1a\x45\xdf\xa3")
        await post(studio.app, "duty", room, "close", version=1)
        await finished(studio, room)
    whole = await duty.get(url)
    assert whole.headers["content-type"] == "video/webm"
    part = await duty.get(url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert part.content == whole.content[100:200]
    assert (await duty.get(url, headers={"Range": "bytes=999999999-"})).status_code == 416
    original = await duty.get(url, params={"original": True})
    file = studio.folder / str(recording["id"]) / f"00001-{seat}.webm"
    assert original.content == file.read_bytes()
    assert whole.content != original.content, "the copy can be sought in"
    assert (await duty.get(url.replace("/1", "/99"))).status_code == 404


async def test_a_recorder_that_was_killed_is_followed_by_one_that_seals_what_it_finds(studio: Studio) -> None:
    room, seat = await called(studio)
    killed = studio.recorder()
    working = asyncio.create_task(killed.run())
    await studio.send(room, seat)
    recording = await begun(studio, room)
    path = studio.folder / str(recording["id"]) / f"00001-{seat}.webm"

    async def some() -> bool:
        return path.stat().st_size > 30_000

    await until(some)
    await _as_if_killed(killed, working)
    before = path.read_bytes()
    async with studio.recording():

        async def gone_on() -> dict[str, Any] | None:
            shown = (await studio.shown(room))[0]
            return shown if len(shown["segments"]) >= 2 else None

        shown = await until(gone_on)
        assert shown["id"] == recording["id"]
        assert shown["segments"][0]["found"]
        assert path.read_bytes() == before
        await post(studio.app, "duty", room, "close", version=1)
        await finished(studio, room)
    assert check(studio.folder / str(recording["id"])).faults == []
    assert (await studio.kinds()).count("recording.sealed") == len((await studio.shown(room))[0]["segments"])


async def _as_if_killed(recorder: Recorder, working: asyncio.Task[None]) -> None:
    """End a recorder without letting it write a last word."""
    for running in recorder._running.values():
        for task in [*running.recording._tasks, running.recording._sealing]:
            task.cancel()
        await asyncio.gather(*running.recording._tasks, running.recording._sealing, return_exceptions=True)
    recorder._running.clear()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_disk_that_is_nearly_full_ends_recording_and_says_so(studio: Studio) -> None:
    room, seat = await called(studio)
    async with studio.recording(free_mb=1000):
        await studio.send(room, seat)
        await begun(studio, room)
        studio.free_mb = 999
        recording = await finished(studio, room)
        assert recording["why"] == "disk_full"
        assert not (await studio.app.person("甲").get(f"/api/rooms/{room['id']}")).json()["recording"]
        rows = await studio.app.rows("SELECT data->>'why' AS why FROM event WHERE kind = 'room.recording_stopped'")
        assert [row.why for row in rows] == ["disk_full"]
        # Whoever starts it again while nothing was freed hears the same again, and no second one grows.
        started = await studio.app.person("duty").post(f"/api/rooms/{room['id']}/recordings", json={"action": "start"})

        async def ended() -> bool:
            items = await studio.shown(room)
            return all(one["state"] == "finished" for one in items)

        await until(ended)
        items = await studio.shown(room)
        assert items[0]["id"] == started.json()["id"]
        assert items[0]["segments"] == []


async def test_files_are_deleted_when_their_time_is_over_unless_they_are_held(studio: Studio) -> None:
    app, duty = studio.app, studio.app.person("duty")
    room, seat = await called(studio)
    async with studio.recording():
        await studio.send(room, seat)
        await begun(studio, room)
        await post(app, "duty", room, "close", version=1)
        recording = await finished(studio, room)
    at = f"/api/recordings/{recording['id']}/hold"
    assert (await duty.post(at, json={"held": True, "version": recording["version"]})).status_code == 422
    held = await duty.post(at, json={"held": True, "reason": "复议", "version": recording["version"]})
    assert (held.status_code, held.json()["hold_by"]) == (200, "duty")
    assert (await duty.post(at, json={"held": False, "version": recording["version"]})).status_code == 409
    assert (await app.person("planner").post(at, json={"held": False, "version": 1})).status_code == 403
    folder = studio.folder / str(recording["id"])
    late = datetime.now(UTC) + timedelta(days=181)
    assert await delete_overdue(app.database, studio.folder, late) == 0
    assert folder.exists()
    await duty.post(at, json={"held": False, "version": held.json()["version"]})
    assert await delete_overdue(app.database, studio.folder, datetime.now(UTC) + timedelta(days=179)) == 0
    assert await delete_overdue(app.database, studio.folder, late) == 1
    assert not folder.exists()
    (shown,) = await studio.shown(room)
    assert shown["deleted_at"]
    assert [one["sha256"] for one in shown["segments"]] == [one["sha256"] for one in recording["segments"]]
    assert (await duty.get(shown["segments"][0]["url"])).status_code == 404
    assert (await duty.get(f"/api/recordings/{recording['id']}/evidence.zip")).status_code == 404
    again = await duty.post(at, json={"held": True, "reason": "复议", "version": shown["version"]})
    assert again.status_code == 409
    assert (await studio.kinds())[-3:] == ["recording.held", "recording.released", "recording.deleted"]


async def test_a_still_picture_is_kept_with_its_hash_by_whoever_sits_in_the_room(studio: Studio) -> None:
    app = studio.app
    room, _ = await called(studio)
    at = f"/api/rooms/{room['id']}/snapshots"
    officer, duty = app.person("甲"), app.person("duty")
    taken = await officer.post(at, content=PNG)
    assert taken.status_code == 201, taken.text
    assert (await officer.get(taken.json()["url"])).content == PNG
    assert (await duty.get(taken.json()["url"])).content == PNG
    assert [one["id"] for one in (await duty.get(at)).json()["items"]] == [taken.json()["id"]]
    assert (await app.person("dispatcher").post(at, content=PNG)).status_code == 403
    assert (await officer.post(at, content=b"<svg/>")).status_code == 422
    assert (await officer.post(at, content=PNG + bytes(8 * 1024 * 1024))).status_code == 422
    assert (await officer.post(f"{at}?of=999", content=PNG)).status_code == 404
    event = await app.scalar("SELECT data->'snapshot'->>'sha256' FROM event WHERE kind = 'room.snapshot_taken'")
    assert event == taken.json()["sha256"]


async def test_an_officer_of_the_room_sees_that_it_is_recorded_but_not_the_recording(studio: Studio) -> None:
    room, _ = await called(studio)
    async with studio.recording():

        async def running() -> list[dict[str, Any]]:
            return await studio.shown(room)

        (recording,) = await until(running)
    officer = studio.app.person("甲")
    assert (await officer.get(f"/api/rooms/{room['id']}")).json()["recording"]
    assert await studio.shown(room, by="甲") == []
    assert (await officer.get(f"/api/recordings/{recording['id']}")).status_code == 404
    timeline = (await officer.get(f"/api/alerts/{room['alert_id']}/timeline")).json()["items"]
    assert not any(one["kind"].startswith("recording.") for one in timeline)


async def test_two_recorders_do_not_record_the_same_room_twice(studio: Studio) -> None:
    room, seat = await called(studio)
    async with studio.recording(), studio.recording():
        await studio.send(room, seat)
        await begun(studio, room)
        await post(studio.app, "duty", room, "close", version=1)
        recording = await finished(studio, room)
    assert len(recording["segments"]) == 1
    assert len(await studio.shown(room)) == 1
