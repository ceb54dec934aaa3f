"""The presence socket: the room at once and after every change, and what becomes of who is not heard of."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.house import House, listening
from tests.postgis.test_rooms import dispatched, kinds, opened, post, states
from tests.postgis.test_rooms_media import Call, call

__all__ = ["call"]


class Socket:
    """A page's presence socket; `room` is the newest that it was told."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.room: dict[str, Any] = {}
        self.pongs = 0
        self.kinds: list[str] = []

    async def say(self, **word: Any) -> None:
        await self._connection.send(json.dumps(word))

    async def hear(self) -> str:
        word = json.loads(await self._connection.recv())
        self.kinds.append(word["kind"])
        if word["kind"] == "room":
            self.room = word["data"]
        self.pongs += word["kind"] == "pong"
        return str(word["kind"])

    async def until_state(self, name: str, state: str) -> None:
        """Hear until somebody is in that state; a word now and then keeps this socket alive."""
        async with asyncio.timeout(60):
            while states(self.room).get(name) != state if self.room else True:
                await self.ping()

    async def ping(self, **more: Any) -> None:
        await self.say(kind="ping", **more)
        while await self.hear() != "pong":
            pass
        await asyncio.sleep(0.35)

    async def ended(self) -> int:
        """The code with which the server closes it."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.hear()
                except websockets.ConnectionClosed as closed:
                    assert closed.rcvd is not None
                    return closed.rcvd.code


class Rooms:
    """A dispatch room of a served application."""

    def __init__(self, app: House, address: str, room: dict[str, Any]) -> None:
        self.app, self._address, self.room = app, address, room

    @asynccontextmanager
    async def socket(
        self, token: str | None = None, room_id: int | None = None, cookie: str | None = None
    ) -> AsyncIterator[Socket]:
        url = f"ws://{self._address}/api/rooms/{room_id or self.room['id']}/presence"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= {} if cookie is None else {"Cookie": cookie}
        async with websockets.connect(url, additional_headers=headers, proxy=None) as connection:
            yield Socket(connection)

    async def until_state(self, name: str, state: str) -> None:
        """Wait until the desk is shown somebody in that state."""
        async with asyncio.timeout(30):
            while True:
                room = (await self.app.person("duty").get(f"/api/rooms/{self.room['id']}")).json()
                if states(room)[name] == state:
                    return
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[Socket]:
        async with self.socket(self.app.tokens[who]) as socket:
            assert await socket.hear() == "room"
            yield socket


@pytest.fixture
async def rooms(app: House) -> AsyncIterator[Rooms]:
    alert, _ = await dispatched(app)
    room = await opened(app, alert_id=alert["id"])
    await post(app, "duty", room, "join")
    async with listening(app.app) as address:
        yield Rooms(app, address, room)


async def test_a_change_is_told_to_all_and_to_each_as_theirs(rooms: Rooms) -> None:
    async with rooms.of("duty") as desk, rooms.of("甲") as phone:
        assert states(desk.room) == {"duty": "present", "甲": "ringing"}
        assert desk.room["me"]["role"] == "host"
        assert phone.room["me"]["role"] == "officer"
        await post(rooms.app, "甲", rooms.room, "join")
        await desk.until_state("甲", "present")
        await phone.until_state("甲", "present")
        assert phone.room["me"]["may"] == ["publish", "view", "hand", "snapshot"]


async def test_who_closes_the_page_is_away_at_once_and_back_when_the_page_is(rooms: Rooms) -> None:
    await post(rooms.app, "甲", rooms.room, "join")
    async with rooms.of("duty") as desk:
        async with rooms.of("甲") as phone:
            await phone.ping()
        await desk.until_state("甲", "away")
        async with rooms.of("甲"):
            await desk.until_state("甲", "present")
    told = await kinds(rooms.app)
    assert [one for one in told if one in ("room.went_away", "room.returned")][:2] == [
        "room.went_away",
        "room.returned",
    ]


@pytest.mark.parametrize("the_socket_ends", [True, False], ids=["its socket ends", "its worker has died"])
async def test_the_voice_of_who_went_away_with_the_word_is_not_forwarded(call: Call, *, the_socket_ends: bool) -> None:
    """The connection may still be there: nobody is to be heard beside the one who takes the word next."""
    await call.app.execute("UPDATE room SET audio_group = true")
    seat = (str(call.room["id"]), str(call.seats["甲"]))
    await call.send("甲")
    async with listening(call.app.app) as address:
        rooms = Rooms(call.app, address, call.room)
        async with rooms.of("甲"):
            await post(call.app, "甲", call.room, "talk", on=True)
            assert call.engine.muted[seat] == {"video"}
            if not the_socket_ends:
                call.app.app.state.presence.live.clear()
                await call.app.execute("UPDATE room_seat SET seen_at = now() - interval '2 hours' WHERE name = '甲'")
                await rooms.until_state("甲", "away")
        await rooms.until_state("甲", "away")
        async with asyncio.timeout(30):
            while call.engine.muted[seat] != {"audio", "video"}:
                await asyncio.sleep(0.05)
    assert await call.app.scalar("SELECT speaker_id FROM room WHERE id = :id", id=call.room["id"]) is None


async def test_an_older_socket_that_ends_says_nothing_of_the_newer(rooms: Rooms) -> None:
    await post(rooms.app, "甲", rooms.room, "join")
    async with rooms.of("duty") as desk, rooms.socket(rooms.app.tokens["甲"]) as older:
        await older.hear()
        async with rooms.of("甲") as newer:
            await older._connection.close()
            for _ in range(4):
                await newer.ping()
                await desk.ping()
            assert states(desk.room)["甲"] == "present"
    assert "room.went_away" not in (await kinds(rooms.app))[:-2]


async def test_a_silent_page_is_cut_off_and_long_away_is_left(rooms: Rooms) -> None:
    await post(rooms.app, "甲", rooms.room, "join")
    keeper = rooms.app.app.state.presence
    keeper.patience = replace(keeper.patience, silent_s=0.2)
    async with rooms.of("甲") as phone:
        assert await phone.ended() == 4408
    await rooms.until_state("甲", "away")
    await rooms.app.execute("UPDATE room_seat SET left_at = now() - interval '2 hours' WHERE name = '甲'")
    await rooms.until_state("甲", "left")
    why = await rooms.app.scalar("SELECT data->>'why' FROM event WHERE kind = 'room.left'")
    assert why == "lost"


async def test_a_ring_that_nobody_answers_is_missed_and_a_worker_that_died_leaves_nobody_present(rooms: Rooms) -> None:
    async with rooms.of("duty") as desk:
        await rooms.app.execute("UPDATE room_seat SET rang_at = now() - interval '2 hours'")
        await desk.until_state("甲", "missed")
        await post(rooms.app, "甲", rooms.room, "join")
        await rooms.app.execute("UPDATE room_seat SET seen_at = now() - interval '2 hours' WHERE name = '甲'")
        await desk.until_state("甲", "away")
        assert states(desk.room)["duty"] == "present"


async def test_who_is_taken_out_hears_so_and_a_closed_room_ends_all_sockets(rooms: Rooms) -> None:
    await post(rooms.app, "甲", rooms.room, "join")
    async with rooms.of("duty") as desk, rooms.of("甲") as phone:
        seat = phone.room["me"]["seat_id"]
        await post(rooms.app, "duty", rooms.room, f"seats/{seat}/remove")
        assert await phone.ended() == 4403
        assert phone.kinds[-1] == "removed"
        await post(rooms.app, "duty", rooms.room, "close", version=1)
        assert await desk.ended() == 4410
        assert desk.room["state"] == "closed"


async def test_a_guest_says_the_token_first_and_strangers_are_shown_out(rooms: Rooms) -> None:
    invitation = await post(rooms.app, "duty", rooms.room, "invitations", 201, name="专家", field="大气")
    async with rooms.socket(cookie="onemap_session=of-last-week") as guest:
        await guest.say(token=invitation["token"])
        await guest.hear()
        assert guest.room["me"]["seat_id"] == invitation["seat_id"]
    leg = await post(rooms.app, "duty", rooms.room, "tokens", 201, purpose="publish")
    for first in ({"token": "nonsense"}, {"token": leg["token"]}, {"kind": "ping"}):
        async with rooms.socket() as stranger:
            await stranger.say(**first)
            assert await stranger.ended() == 4401, first
    for who, room_id in (("fangzi-duty", None), ("duty", 999_999)):
        async with rooms.socket(rooms.app.tokens[who], room_id) as elsewhere:
            assert await elsewhere.ended() == 4404, who


async def test_a_socket_that_babbles_or_says_nonsense_is_closed(rooms: Rooms) -> None:
    async with rooms.of("duty") as desk:
        for _ in range(30):
            await desk.say(kind="ping")
        assert await desk.ended() == 4429
    async with rooms.of("duty") as desk:
        await desk.say(kind="dance")
        assert await desk.ended() == 4422


async def test_poor_reception_lowers_what_the_other_may_send_and_the_clock_is_compared(rooms: Rooms) -> None:
    await post(rooms.app, "甲", rooms.room, "join")
    async with rooms.of("duty") as desk, rooms.of("甲") as phone:
        assert phone.room["limit"]["bitrate"] == 600_000
        for _ in range(3):
            await desk.ping(quality={"fps": 3, "lost": 0.3, "rtt_ms": 900}, at=0)
        async with asyncio.timeout(60):
            while phone.room["limit"]["bitrate"] == 600_000:
                await phone.ping()
        assert phone.room["limit"] == {"width": 480, "height": 360, "fps": 15, "bitrate": 350_000}
        assert desk.room["limit"]["bitrate"] == 600_000
        offset = await rooms.app.scalar("SELECT clock_offset_ms FROM room_seat WHERE name = 'duty'")
        assert offset < -50 * 365 * 86_400_000  # that device thinks that it is 1970


async def test_a_room_in_which_nobody_has_been_for_long_is_closed(app: House) -> None:
    room = await opened(app, kind="conference")
    await app.execute("UPDATE room SET opened_at = now() - interval '2 hours'")
    async with asyncio.timeout(60):
        while (await app.scalar("SELECT state FROM room WHERE id = :id", id=room["id"])) != "closed":
            await asyncio.sleep(0.05)
    assert await app.scalar("SELECT actor FROM event WHERE kind = 'room.closed'") == "system:rooms"
