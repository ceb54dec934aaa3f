"""The LiveKit adapter against a server written by hand after the published API: paths, fields, grants, webhooks.

Fields and methods are those of livekit/protocol: livekit_room.proto, livekit_ingress.proto, livekit_webhook.proto.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from video.engine import Happening, Kind
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, ViewedElsewhere
from video.livekit import LiveKit

URL, KEY, SECRET = "https://livekit.test", "APIkey", "a secret of at least thirty-two characters"
OFFER, ANSWER = "v=0\r\ns=offer\r\n", "v=0\r\ns=answer\r\n"

# method -> the grant that it takes, and the fields that its request knows
METHODS = {
    "RoomService/GetParticipant": ("roomAdmin", {"room", "identity"}),
    "RoomService/RemoveParticipant": ("roomAdmin", {"room", "identity"}),
    "RoomService/MutePublishedTrack": ("roomAdmin", {"room", "identity", "track_sid", "muted"}),
    "RoomService/DeleteRoom": ("roomCreate", {"room"}),
    "Ingress/CreateIngress": (
        "ingressAdmin",
        {"input_type", "name", "room_name", "participant_identity", "enable_transcoding"},
    ),
    "Ingress/ListIngress": ("ingressAdmin", {"room_name", "ingress_id"}),
    "Ingress/DeleteIngress": ("ingressAdmin", {"ingress_id"}),
}


class Server:
    """LiveKit as its API describes it, with one participant's tracks and its ingresses in memory."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.ingresses: dict[str, dict[str, Any]] = {}
        self.tracks = [{"sid": "TR_a", "type": "AUDIO"}, {"sid": "TR_v", "type": "VIDEO", "muted": True}]
        self.offer_status = 201
        self.error: tuple[int, str] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "ingress.test":
            return self._whip(request)
        method = request.url.path.removeprefix("/twirp/livekit.")
        grant, fields = METHODS[method]
        asked = json.loads(request.content)
        assert set(asked) <= fields, method
        self._check_token(request, grant, asked)
        self.calls.append((method.partition("/")[2], asked))
        if self.error is not None:
            status, code = self.error
            return httpx.Response(status, json={"code": code, "msg": "as the test wants it"})
        answer: httpx.Response = getattr(self, f"_{method.partition('/')[2]}")(asked)
        return answer

    def _check_token(self, request: httpx.Request, grant: str, asked: dict[str, Any]) -> None:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, ["HS256"], issuer=KEY, options={"require": ["exp", "nbf", "iss"]})
        assert claims["video"][grant] is True
        if grant == "roomAdmin":
            assert claims["video"]["room"] == asked["room"]

    def _whip(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/sdp"
        assert request.headers["authorization"] in {f"Bearer key-{one}" for one in self.ingresses}
        assert request.content.decode() == OFFER
        headers = {"Location": "/w/resource", "Retry-After": "7"}
        return httpx.Response(self.offer_status, text=ANSWER, headers=headers)

    def _CreateIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802 - their name
        assert asked["input_type"] == "WHIP_INPUT"
        number = f"IN_{len(self.calls)}"
        made = {"ingress_id": number, "url": "https://ingress.test/w", "stream_key": f"key-{number}"}
        self.ingresses[number] = made | {name: asked[name] for name in ("room_name", "participant_identity")}
        return httpx.Response(200, json=self.ingresses[number])

    def _ListIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        state = {"video": {"framerate": 14.8, "average_bitrate": 580_000}, "audio": {"average_bitrate": 32_000}}
        found = [one | {"state": state} for one in self.ingresses.values() if one["room_name"] == asked["room_name"]]
        return httpx.Response(200, json={"items": found})

    def _DeleteIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        gone = self.ingresses.pop(asked["ingress_id"], None)
        if gone is None:
            return httpx.Response(404, json={"code": "not_found", "msg": "no such ingress"})
        return httpx.Response(200, json=gone)

    def _GetParticipant(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"identity": asked["identity"], "tracks": self.tracks})

    def _RemoveParticipant(self, _asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(404, json={"code": "not_found", "msg": "participant does not exist"})

    def _MutePublishedTrack(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        track = next(one for one in self.tracks if one["sid"] == asked["track_sid"])
        track["muted"] = asked["muted"]
        return httpx.Response(200, json={"track": track})

    def _DeleteRoom(self, _asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={})

    def called(self, method: str) -> list[dict[str, Any]]:
        return [asked for name, asked in self.calls if name == method]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[LiveKit]:
    made = LiveKit(URL + "/", KEY, SECRET, transport=httpx.MockTransport(server))
    yield made
    await made.aclose()


async def test_publishing_makes_a_whip_ingress_and_gives_it_the_offer(engine: LiveKit, server: Server) -> None:
    leg = await engine.publish("7", "12", OFFER)
    assert leg.answer == ANSWER
    assert leg.id in server.ingresses
    (asked,) = server.called("CreateIngress")
    assert (asked["room_name"], asked["participant_identity"], asked["enable_transcoding"]) == ("7", "12", False)
    again = await engine.publish("7", "12", OFFER)
    assert set(server.ingresses) == {again.id}, "the earlier publication of the same participant is ended"
    await engine.publish("7", "13", OFFER)
    assert len(server.ingresses) == 2


@pytest.mark.parametrize(("status", "error"), [(400, BadOffer), (503, HubBusy), (500, HubLost)])
async def test_an_offer_that_is_refused_leaves_no_ingress_behind(
    engine: LiveKit, server: Server, status: int, error: type[Exception]
) -> None:
    server.offer_status = status
    with pytest.raises(error):
        await engine.publish("7", "12", OFFER)
    assert not server.ingresses


async def test_viewing_is_for_livekits_own_clients_who_join_with_a_token(engine: LiveKit) -> None:
    with pytest.raises(ViewedElsewhere):
        await engine.view("7", "12", "13", OFFER)
    token = engine.join_token("7", "13", publish=False)
    claims = jwt.decode(token, SECRET, ["HS256"], issuer=KEY)
    assert claims["sub"] == "13"
    assert claims["video"] == {
        "room": "7", "roomJoin": True, "canPublish": False, "canSubscribe": True, "canPublishData": False,
    }  # fmt: skip
    assert timedelta(0) < datetime.fromtimestamp(claims["exp"], UTC) - datetime.now(UTC) <= timedelta(minutes=10)


async def test_closing_a_leg_ends_it_once(engine: LiveKit) -> None:
    leg = await engine.publish("7", "12", OFFER)
    await engine.close(leg.id)
    with pytest.raises(NoSuchLeg):
        await engine.close(leg.id)


async def test_muting_tells_only_of_tracks_that_change(engine: LiveKit, server: Server) -> None:
    await engine.mute("7", "12", {Kind.AUDIO})
    assert server.called("MutePublishedTrack") == [
        {"room": "7", "identity": "12", "track_sid": "TR_a", "muted": True},
        {"room": "7", "identity": "12", "track_sid": "TR_v", "muted": False},
    ]
    await engine.mute("7", "12", {Kind.AUDIO})
    assert len(server.called("MutePublishedTrack")) == 2
    await engine.mute("7", "12", set())
    assert not any(track["muted"] for track in server.tracks)


async def test_removing_ends_the_ingress_and_one_who_is_not_there_is_no_error(engine: LiveKit, server: Server) -> None:
    await engine.publish("7", "12", OFFER)
    await engine.remove("7", "12")
    assert not server.ingresses
    assert server.called("RemoveParticipant") == [{"room": "7", "identity": "12"}]
    await engine.close_room("7")
    assert server.called("DeleteRoom") == [{"room": "7"}]


async def test_figures_are_those_of_the_ingress(engine: LiveKit) -> None:
    leg = await engine.publish("7", "12", OFFER)
    assert await engine.stats("7") == {leg.id: {"fps": 14.8, "bitrate": 612_000}}
    assert await engine.stats("8") == {}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "resource_exhausted", HubBusy),
        (503, "unavailable", HubBusy),
        (401, "unauthenticated", HubLost),
        (500, "internal", HubLost),
    ],
)
async def test_what_a_refusal_of_the_server_means(
    engine: LiveKit, server: Server, status: int, code: str, error: type[Exception]
) -> None:
    server.error = (status, code)
    with pytest.raises(error, match="as the test wants it"):
        await engine.publish("7", "12", OFFER)


async def test_a_server_that_does_not_answer_is_lost() -> None:
    def dead(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    engine = LiveKit(URL, KEY, SECRET, transport=httpx.MockTransport(dead))
    with pytest.raises(HubLost):
        await engine.stats("7")
    await engine.aclose()


def signed(body: bytes, *, secret: str = SECRET, of: bytes | None = None) -> str:
    digest = b64encode(hashlib.sha256(body if of is None else of).digest()).decode()
    claims = {"iss": KEY, "exp": datetime.now(UTC) + timedelta(minutes=5), "sha256": digest}
    return jwt.encode(claims, secret, "HS256")


def test_a_webhook_becomes_an_event_when_the_server_signed_it() -> None:
    engine = LiveKit(URL, KEY, SECRET)
    told = {
        "event": "track_published",
        "room": {"sid": "RM_1", "name": "7"},
        "participant": {"sid": "PA_1", "identity": "12"},
        "track": {"sid": "TR_v", "type": "VIDEO"},
    }
    body = json.dumps(told).encode()
    event = engine.read_webhook(body, signed(body))
    assert event is not None
    assert (event.what, event.room, event.participant) == (Happening.PUBLISHED, "7", "12")
    assert list(event.kinds) == [Kind.VIDEO]
    started = json.dumps({"event": "room_started", "room": {"name": "7"}}).encode()
    assert engine.read_webhook(started, signed(started)) is None
    for token in (signed(body, secret="another secret of at least 32 characters"), signed(body, of=b"{}"), "x"):
        with pytest.raises(HubLost):
            engine.read_webhook(body, token)
