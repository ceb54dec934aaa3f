"""The LiveKit adapter against a server written by hand after the published API (`tests.livekit`)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from tests.livekit import ANSWER, KEY, OFFER, SECRET, URL, Server, signed
from video.engine import Happening, Kind
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, ViewedElsewhere
from video.livekit import LiveKit


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
    await engine.mute("7", "12", {Kind.AUDIO}, number=1)
    assert server.called("MutePublishedTrack") == [
        {"room": "7", "identity": "12", "track_sid": "TR_a", "muted": True},
        {"room": "7", "identity": "12", "track_sid": "TR_v", "muted": False},
    ]
    await engine.mute("7", "12", {Kind.AUDIO}, number=1)
    assert len(server.called("MutePublishedTrack")) == 2
    await engine.mute("7", "12", set(), number=2)
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
