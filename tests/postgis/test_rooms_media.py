"""WHIP and WHEP by RFC 9725, tokens, and what becomes of a room when its hub dies. The engine is written by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio

from command.rooms import happenings
from command.rooms.media_api import MAX_SDP_BYTES
from command.rooms.shapes import IceOut, IceServerOut
from command.rooms.tokens import RoomTokens
from routing.network import RoadStore
from tests.fake_engine import FakeEngine, Hubs
from tests.house import House, house
from tests.livekit import KEY, SECRET, URL, Server, signed
from tests.postgis.test_rooms import dispatched, opened, post, states
from video.engine import Happening, Kind, MediaEvent
from video.errors import HubBusy
from video.livekit import LiveKit

SDP = {"Content-Type": "application/sdp"}
OFFER = "v=0\r\ns=offer\r\n"


@dataclass
class Call:
    """A dispatch room with the desk and an officer in it."""

    app: House
    hubs: Hubs
    room: dict[str, Any]
    seats: dict[str, int]
    extra: dict[str, str] = field(default_factory=dict)

    def door(self, name: str) -> str:
        return f"/api/rooms/{self.room['id']}/{name}"

    @property
    def engine(self) -> FakeEngine:
        """The only hub there is."""
        (engine,) = self.hubs.engines.values()
        return engine

    async def send(self, who: str, offer: str = OFFER) -> httpx.Response:
        return await self.app.person(who).post(self.door("whip"), content=offer, headers=SDP)

    async def watch(self, who: str, whom: str) -> httpx.Response:
        return await self.app.person(who).post(
            self.door("whep"), params={"participant": self.seats[whom]}, content=OFFER, headers=SDP
        )

    async def token(self, who: str, expected: int = 201, **asked: Any) -> str:
        return str((await post(self.app, who, self.room, "tokens", expected, **asked)).get("token"))

    async def bring(self, token: str, door: str = "whip", **more: Any) -> httpx.Response:
        """Offer with a room token, as a device does."""
        return await self.app.client(token).post(self.door(door), content=OFFER, headers=SDP, **more)

    async def happens(self, what: Happening, who: str, **more: Any) -> None:
        seat = self.seats[who]
        event = MediaEvent(what, str(self.room["id"]), str(seat), more.pop("leg", "leg?"), **more)
        await happenings.record(self.app.database, event)

    async def seat(self, who: str) -> dict[str, Any]:
        room = (await self.app.person("duty").get(f"/api/rooms/{self.room['id']}")).json()
        return next(one for one in room["seats"] if one["name"] == who)


async def add_hub(app: House, url: str) -> str:
    """A media process that says that it lives, for long enough."""
    hub_id = str(uuid4())
    await app.execute(
        "INSERT INTO media_hub (id, url, secret, started_at, seen_at)"
        " VALUES (:id, :url, 'secret', now(), now() + interval '1 hour')",
        id=hub_id,
        url=url,
    )
    return hub_id


def turn(who: str) -> IceOut:
    return IceOut(servers=[IceServerOut(urls=["turn:192.0.2.9"], username=f"9:{who}", credential="c")], relay_only=True)


@pytest_asyncio.fixture
async def call(house_url: str, town_roads: RoadStore) -> AsyncIterator[Call]:
    hubs = Hubs()
    async with house(house_url, town_roads, connect=hubs.connect, ice=turn) as app:
        await add_hub(app, "http://hub-1")
        alert, _ = await dispatched(app)
        room = await opened(app, alert_id=alert["id"])
        await post(app, "duty", room, "join")
        await post(app, "甲", room, "join")
        yield Call(app, hubs, room, {one["name"]: one["id"] for one in room["seats"]})


async def test_an_offer_is_answered_with_the_address_of_its_connection(call: Call) -> None:
    answer = await call.send("甲")
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.text.startswith("v=0")
    location = answer.headers["location"]
    assert location == call.door(f"legs/{answer.headers['etag'].strip(chr(34))}")
    assert answer.headers["link"] == (
        '<turn:192.0.2.9>; rel="ice-server"; '
        f'username="9:seat:{call.seats["甲"]}"; credential="c"; credential-type="password"'
    )
    seen = await call.watch("duty", "甲")
    assert seen.status_code == 201
    officer = call.seats["甲"]
    assert call.engine.told == [f"mute {officer}", f"publish {officer}", f"view {officer} by {call.seats['duty']}"]

    ended = await call.app.person("甲").delete(location, headers={"If-Match": '"another"'})
    assert ended.status_code == 200
    assert (await call.app.person("甲").delete(location)).status_code == 404
    assert location.rpartition("/")[2] not in call.engine.legs


async def test_another_origin_may_ask_and_read_and_only_with_a_token(call: Call) -> None:
    client = call.app.client()
    for door in ("whip", "whep"):
        asked = await client.options(call.door(door), headers={"Origin": "https://obs.example"})
        assert asked.status_code == 200
        assert asked.headers["accept-post"] == "application/sdp"
        assert asked.headers["access-control-allow-origin"] == "*"
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert "Authorization" in asked.headers["access-control-allow-headers"]
        refused = await client.post(call.door(door), content=OFFER, headers=SDP)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["access-control-allow-origin"] == "*"
    location = (await call.send("甲")).headers["location"]
    asked = await client.options(location)
    assert (asked.status_code, asked.headers["allow"]) == (200, "DELETE, PATCH, OPTIONS")
    assert "access-control-allow-origin" not in (await client.options("/api/rooms")).headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("door", ["whip", "whep"])
async def test_other_methods_are_kept_for_later_versions(call: Call, method: str, door: str) -> None:
    assert (await call.app.person("甲").request(method, call.door(door))).status_code == 405


async def test_a_connection_is_neither_read_nor_changed(call: Call) -> None:
    location = (await call.send("甲")).headers["location"]
    person = call.app.person("甲")
    for method in ("GET", "HEAD", "PUT", "POST"):
        assert (await person.request(method, location)).status_code == 405, method
    fragment = {"Content-Type": "application/trickle-ice-sdpfrag"}
    answer = await person.patch(location, content="a=end-of-candidates\r\n", headers=fragment)
    assert answer.status_code == 501  # section 4.3.1: neither trickle nor restart
    assert (await person.patch(location, content="x", headers=SDP)).status_code == 415
    assert (await person.patch(call.door("legs/none"), headers=fragment)).status_code == 404
    assert (await call.app.person("duty").delete(location)).status_code == 200  # the desk leads the room


async def test_what_is_no_offer_is_refused_as_what_it_is(call: Call) -> None:
    person, door = call.app.person("甲"), call.door("whip")
    assert (await person.post(door, json={"sdp": OFFER})).status_code == 415
    assert (await person.post(door, content=OFFER)).status_code == 415
    assert (await call.send("甲", "hello")).status_code == 400
    assert (await call.send("甲", "v=0" + "x" * MAX_SDP_BYTES)).status_code == 413
    assert (await person.post(door, content=b"\xff\xfe\x00", headers=SDP)).status_code == 400
    mixed = {"Content-Type": "Application/SDP; charset=utf-8"}
    assert (await person.post(door, content=OFFER, headers=mixed)).status_code == 201


async def test_who_sends_nothing_yet_is_asked_for_again_and_a_stranger_is_not_there(call: Call) -> None:
    early = await call.watch("duty", "甲")
    assert (early.status_code, early.headers["retry-after"]) == (409, "1")
    person, door = call.app.person("duty"), call.door("whep")
    assert (await person.post(door, params={"participant": 999}, content=OFFER, headers=SDP)).status_code == 404
    assert (await person.post(door, content=OFFER, headers=SDP)).status_code == 422


async def test_a_busy_hub_says_when_to_come_back_and_costs_no_token(call: Call) -> None:
    token = await call.token("甲", purpose="publish")
    await call.send("甲")
    call.engine.refuses = HubBusy("enough for now", 2.4)
    answer = await call.bring(token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    call.engine.refuses = None
    assert (await call.bring(token)).status_code == 201


async def test_a_token_opens_one_connection_of_its_kind_in_its_room_once(call: Call) -> None:
    token = await call.token("甲", purpose="publish")
    assert (await call.bring(token, "whep", params={"participant": call.seats["duty"]})).status_code == 403
    answer = await call.bring(token)
    assert answer.status_code == 201
    assert (await call.bring(token)).status_code == 409
    other = await opened(call.app, kind="conference")
    address = f"/api/rooms/{other['id']}/whip"
    assert (await call.app.client(token).post(address, content=OFFER, headers=SDP)).status_code == 403
    # It still ends what it opened, and nothing else.
    desk = await call.send("duty")
    assert (await call.app.client(token).delete(desk.headers["location"])).status_code == 403
    assert (await call.app.client(token).delete(answer.headers["location"])).status_code == 200


async def test_a_token_used_twice_at_once_opens_one_connection(call: Call) -> None:
    for _ in range(10):
        token = await call.token("甲", purpose="publish")
        answers = await asyncio.gather(*(call.bring(token) for _ in range(3)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409]


async def test_a_view_token_shows_its_seat_and_no_other(call: Call) -> None:
    await call.send("甲")
    token = await call.token("duty", purpose="view", of=call.seats["甲"])
    assert (await call.bring(token, "whep", params={"participant": call.seats["duty"]})).status_code == 403
    assert (await call.bring(token, "whep")).status_code == 201
    await call.token("duty", 422, purpose="view")


async def test_tokens_that_are_over_foreign_or_forged_open_nothing(call: Call) -> None:
    tokens: RoomTokens = call.app.app.state.room_tokens
    seat, room = call.seats["甲"], call.room["id"]
    over, _ = await tokens.make(seat, room, "publish", timedelta(seconds=-5))
    key = await call.app.scalar("SELECT value FROM house_secret WHERE name = 'room-tokens'")
    claims = jwt.decode(over, key, ["HS256"], options={"verify_exp": False})
    forged = jwt.encode(claims | {"exp": 2**33}, "another key that is long enough for it", "HS256")
    unsigned = jwt.encode(claims | {"exp": 2**33}, None, "none")
    lacking = jwt.encode({"sub": str(seat), "exp": 2**33}, key, "HS256")
    for token in (over, forged, unsigned, lacking, "nonsense", ""):
        assert (await call.bring(token)).status_code == 401, token
    assert not call.hubs.engines  # nobody even asked


async def test_a_devices_token_works_again_once_its_connection_is_gone(call: Call) -> None:
    answer = await post(call.app, "甲", call.room, "tokens", 201, purpose="publish", device=True, name="记录仪")
    call.seats["记录仪"] = answer["seat_id"]
    first = await call.bring(answer["token"])
    assert first.status_code == 201
    assert (await call.bring(answer["token"])).status_code == 409
    leg = first.headers["etag"].strip('"')
    await call.happens(Happening.PUBLISHED, "记录仪", leg=leg, generation=1, kinds=[Kind.VIDEO])
    shown = await call.seat("记录仪")
    assert (shown["role"], shown["state"], shown["organisation"]) == ("device", "present", "大队")
    await call.happens(Happening.LEFT, "记录仪", leg=leg, why="its network is gone")
    await call.happens(Happening.UNPUBLISHED, "记录仪", leg=leg)
    assert (await call.seat("记录仪"))["state"] == "left"
    assert (await call.bring(answer["token"])).status_code == 201
    await call.app.execute("UPDATE media_hub SET seen_at = now() - interval '1 minute'")
    await add_hub(call.app, "http://hub-2")
    assert (await call.bring(answer["token"])).status_code == 201, "its hub has died, and the connection with it"


async def test_only_who_has_come_in_sends_and_nobody_after_being_taken_out(call: Call) -> None:
    await call.app.officer("乙", (119.1, 36.7))
    assert (await call.send("乙")).status_code == 404
    assert (await call.send("dispatcher")).status_code == 403
    assert (await call.send("fangzi-duty")).status_code == 404
    await call.send("甲")
    await post(call.app, "duty", call.room, f"seats/{call.seats['甲']}/remove")
    assert call.engine.told[-1] == f"remove {call.seats['甲']}"
    assert (await call.send("甲")).status_code in (403, 404)
    await post(call.app, "甲", call.room, "join", 404)
    await post(call.app, "duty", call.room, "close", version=1)
    assert (await call.send("duty")).status_code == 409


async def test_what_the_hub_tells_is_shown_and_written_down(call: Call) -> None:
    leg = (await call.send("甲")).headers["etag"].strip('"')
    await call.happens(Happening.PUBLISHED, "甲", leg=leg, generation=1, kinds=[Kind.AUDIO, Kind.VIDEO])
    assert (await call.seat("甲"))["publication"] == {"generation": 1, "stalled": False, "video_paused": False}
    await call.happens(Happening.STALLED, "甲", leg=leg)
    await call.happens(Happening.STALLED, "甲", leg=leg)
    assert (await call.seat("甲"))["publication"]["stalled"]
    await call.happens(Happening.VIDEO_PAUSED, "duty", of=str(call.seats["甲"]))
    assert (await call.seat("duty"))["video_paused"]
    assert not (await call.seat("甲"))["publication"]["video_paused"]  # others still see it
    await call.happens(Happening.VIDEO_PAUSED, "甲", leg=leg)
    assert (await call.seat("甲"))["publication"]["video_paused"]
    assert not (await call.seat("甲"))["video_paused"]
    newer = (await call.send("甲")).headers["etag"].strip('"')
    await call.happens(Happening.PUBLISHED, "甲", leg=newer, generation=1)
    await call.happens(Happening.UNPUBLISHED, "甲", leg=leg)  # the one before
    assert (await call.seat("甲"))["publication"] == {"generation": 2, "stalled": False, "video_paused": False}
    await call.happens(Happening.LEFT, "甲", leg=newer)
    await call.happens(Happening.UNPUBLISHED, "甲", leg=newer)
    assert (await call.seat("甲"))["publication"] is None
    rows = await call.app.rows("SELECT kind FROM event WHERE actor = 'system:rooms' ORDER BY seq")
    assert [row.kind for row in rows] == [
        "room.published", "room.stalled", "room.video_paused", "room.video_paused",
        "room.published", "room.unpublished",
    ]  # fmt: skip


async def test_the_recorder_and_rooms_that_are_gone_are_no_error(call: Call) -> None:
    before = await call.app.scalar("SELECT count(*) FROM event")
    for room, participant in ((str(call.room["id"]), "recorder"), ("999999", "1"), ("x", "y")):
        event = MediaEvent(Happening.VIEWED, room, participant, "leg")
        await happenings.record(call.app.database, event)
    assert await call.app.scalar("SELECT count(*) FROM event") == before


async def test_a_room_moves_to_another_hub_when_its_own_has_died(call: Call) -> None:
    leg = (await call.send("甲")).headers["etag"].strip('"')
    await call.happens(Happening.PUBLISHED, "甲", leg=leg)
    call.hubs.kill("http://hub-1")
    gone = await call.send("甲")
    assert (gone.status_code, gone.headers["retry-after"]) == (503, "1")
    await add_hub(call.app, "http://hub-2")  # while the first still seems to live: it was seen a moment ago
    assert (await call.send("甲")).status_code == 201
    assert list(call.hubs.engines) == ["http://hub-1", "http://hub-2"]
    assert call.hubs.engines["http://hub-2"].told == [f"mute {call.seats['甲']}", f"publish {call.seats['甲']}"]
    assert (await call.seat("甲"))["publication"] is None  # until its packets are through
    assert await call.app.scalar("SELECT why FROM room_leg WHERE id = :leg", leg=leg) == "its hub died"
    await call.app.execute("UPDATE media_hub SET seen_at = now() - interval '6 seconds'")
    alone = await call.send("甲")
    assert alone.status_code == 503
    assert "no media process is running" in alone.json()["detail"]


async def test_rooms_are_spread_over_the_hubs(call: Call) -> None:
    await add_hub(call.app, "http://hub-2")
    for _ in range(3):
        room = await opened(call.app, kind="conference")
        await post(call.app, "duty", room, "join")
        address = f"/api/rooms/{room['id']}/whip"
        assert (await call.app.person("duty").post(address, content=OFFER, headers=SDP)).status_code == 201
    rows = await call.app.rows("SELECT count(*) AS rooms FROM room WHERE hub_id IS NOT NULL GROUP BY hub_id ORDER BY 1")
    assert [row.rooms for row in rows] == [1, 2]


async def test_sixteen_send_and_no_more(call: Call) -> None:
    await call.app.execute(
        "INSERT INTO room_seat (room_id, name, role, state, publishing, region) SELECT :room, 'n' || n, 'device',"
        " 'present', true, '370705' FROM generate_series(1, 16) n",
        room=call.room["id"],
    )
    assert (await call.send("甲")).status_code == 409


async def test_leaving_ends_ones_connections_and_closing_ends_all(call: Call) -> None:
    await call.send("甲")
    await post(call.app, "甲", call.room, "leave")
    assert call.engine.told[-1] == f"remove {call.seats['甲']}"
    closed = await post(call.app, "duty", call.room, "close", version=1)
    assert call.engine.told[-1] == f"close room {call.room['id']}"
    assert set(states(closed).values()) == {"left"}


async def test_livekit_carries_all_rooms_when_it_is_set(house_url: str, town_roads: RoadStore) -> None:
    server = Server()
    livekit = LiveKit(URL, KEY, SECRET, transport=httpx.MockTransport(server))
    async with house(house_url, town_roads, livekit=livekit) as app:
        alert, _ = await dispatched(app)
        room = await opened(app, alert_id=alert["id"])
        await post(app, "duty", room, "join")
        await post(app, "甲", room, "join")
        call = Call(app, Hubs(), room, {one["name"]: one["id"] for one in room["seats"]})
        answer = await call.send("甲", OFFER)
        assert (answer.status_code, answer.text) == (201, "v=0\r\ns=answer\r\n"), answer.text
        (ingress,) = server.ingresses.values()
        assert (ingress["room_name"], ingress["participant_identity"]) == (str(room["id"]), str(call.seats["甲"]))
        assert (await call.watch("duty", "甲")).status_code == 501  # its own client joins instead
        token = await post(app, "duty", room, "tokens", 201, purpose="view", of=call.seats["甲"])
        assert token["livekit"]["url"] == URL
        claims = jwt.decode(token["livekit"]["token"], SECRET, ["HS256"], issuer=KEY)
        assert (claims["sub"], claims["video"]["room"]) == (str(call.seats["duty"]), str(room["id"]))

        told = {
            "event": "track_published",
            "room": {"name": str(room["id"])},
            "participant": {"identity": str(call.seats["甲"])},
            "track": {"sid": "TR_v", "type": "VIDEO"},
        }
        body = json.dumps(told).encode()
        door = "/api/livekit/webhook"
        assert (await app.client().post(door, content=body, headers={"Authorization": "x"})).status_code == 401
        signed_by_it = {"Authorization": signed(body)}
        assert (await app.client().post(door, content=body, headers=signed_by_it)).status_code == 204
        assert (await call.seat("甲"))["publication"]["generation"] == 1
        assert (await app.person("甲").delete(answer.headers["location"])).status_code == 200
        assert not server.ingresses
        await post(app, "duty", room, "close", version=1)
        assert server.called("DeleteRoom") == [{"room": str(room["id"])}]
