"""The hub over its HTTP door: the same calls and the same errors as at hand."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.video.calls import ROOM, Call
from video.client import HubClient
from video.door import create_hub_app
from video.engine import Kind
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, NoSuchPublication
from video.hub import Hub


@pytest.fixture
async def far(call: Call) -> AsyncIterator[HubClient]:
    """A client of the call's hub; the peers of the call come through it."""
    async with HubClient(
        "http://hub", "s3cret", transport=httpx.ASGITransport(create_hub_app(call.hub, "s3cret"))
    ) as it:
        call.engine = it
        yield it


async def test_call_goes_through_the_door_as_at_hand(call: Call, far: HubClient) -> None:
    publisher = await call.publisher("officer", 4)
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.seen[4] >= 20 and viewer.sounds >= 20)
    figures = await far.stats(ROOM)
    assert set(figures) == {leg.id for leg in call.legs.values()}
    assert figures[call.legs[publisher].id]["key_frames_asked"] >= 1
    assert (await far.load())["viewings"] == 1
    await far.mute(ROOM, "officer", {Kind.VIDEO, Kind.AUDIO}, number=1)
    await far.mute(ROOM, "officer", set(), number=2)
    await far.close(call.legs[viewer].id)
    with pytest.raises(NoSuchLeg):
        await far.close(call.legs[viewer].id)
    await far.remove(ROOM, "officer")
    await far.close_room(ROOM)
    assert await far.stats(ROOM) == {}


async def test_errors_are_the_same_as_at_hand(call: Call, far: HubClient) -> None:
    with pytest.raises(NoSuchPublication, match="nobody sends"):
        await far.view(ROOM, "nobody", "desk", _VIEW)
    with pytest.raises(BadOffer):
        await far.publish(ROOM, "officer", "no SDP")
    with pytest.raises(BadOffer, match="does not take"):
        await far.publish(ROOM, "officer", "x" * 100_000)


async def test_hub_that_is_busy_away_or_not_ours_is_told_apart() -> None:
    class Busy(Hub):
        async def close_room(self, room: str) -> None:
            raise HubBusy(f"no more for {room}", 7.0)

    async def ignore(_event: object) -> None:
        return

    door = httpx.ASGITransport(create_hub_app(Busy(ignore), "s3cret"))
    async with HubClient("http://hub", "s3cret", transport=door) as client:
        with pytest.raises(HubBusy, match="no more for 1") as refusal:
            await client.close_room("1")
        assert refusal.value.retry_after_s == 7.0
    async with HubClient("http://hub", "wrong", transport=door) as client:
        with pytest.raises(HubLost, match="secret"):
            await client.close_room("1")

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    async with HubClient("http://hub", "s3cret", transport=httpx.MockTransport(away)) as client:
        with pytest.raises(HubLost, match="does not answer"):
            await client.stats("1")


_VIEW = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\nc=IN IP4 0.0.0.0\r\n"
    "a=recvonly\r\na=mid:0\r\na=rtpmap:97 VP8/90000\r\na=ice-ufrag:aaaa\r\na=ice-pwd:bbbbbbbbbbbbbbbbbbbbbb\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\n"
)
