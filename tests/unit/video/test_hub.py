"""The hub with real peers: what one sends, the others see and hear; and what happens when somebody goes."""

import asyncio

import pytest

from tests.unit.video.calls import ROOM, Call, leave_without_a_word
from video.engine import Happening, Kind
from video.errors import BadOffer, HubBusy, NoSuchLeg, NoSuchPublication
from video.guard import Guard, Limits
from video.hub import Hub
from video.peer import Peer
from video.synthetic import MovingPicture


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_pictures_and_sound_pass_undecoded_to_a_viewer(call: Call, codec: str) -> None:
    await call.publisher("officer", 7, codec=codec)
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.seen[7] >= 10 and viewer.sounds >= 50)
    assert viewer.size == (320, 240)
    assert viewer.loudest > 0.1
    published = await call.told(Happening.PUBLISHED, "officer")
    assert (published.generation, set(published.kinds)) == (1, {Kind.AUDIO, Kind.VIDEO})
    viewed = await call.told(Happening.VIEWED, "desk")
    assert (viewed.of, viewed.leg) == ("officer", call.legs[viewer].id)


async def test_everybody_sees_whom_they_asked_for(call: Call) -> None:
    for number, name in enumerate(["desk", "officer"]):
        await call.publisher(name, number + 1, sound=False)
    at_desk = await call.viewer("officer", "desk")
    on_road = await call.viewer("desk", "officer")
    await at_desk.until(lambda: at_desk.seen.total() >= 5)
    await on_road.until(lambda: on_road.seen.total() >= 5)
    assert set(at_desk.seen) == {2}
    assert set(on_road.seen) == {1}


async def test_late_viewer_begins_with_a_key_frame(call: Call) -> None:
    publisher = await call.publisher("officer", 3, sound=False)
    first = await call.viewer("officer", "first")
    await first.until(lambda: first.pictures >= 20)
    late = await call.viewer("officer", "late")
    await late.until(lambda: late.pictures >= 5)
    assert len(late.ages_ms) == late.pictures, "each picture's stamp can be read from the first on"
    figures = (await call.hub.stats(ROOM))[call.legs[publisher].id]
    assert figures["key_frames_asked"] >= 2


async def test_publisher_who_comes_anew_goes_on_at_the_same_viewers(call: Call) -> None:
    old = await call.publisher("officer", 1)
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.seen[1] >= 5)
    await call.publisher("officer", 2)
    await viewer.until(lambda: viewer.seen[2] >= 5)
    again = await call.told(Happening.PUBLISHED, "officer", generation=2)
    left = await call.told(Happening.LEFT, "officer")
    assert again.leg != left.leg == call.legs[old].id
    assert left.why == "replaced"
    assert not [event for event in call.events if event.what is Happening.UNPUBLISHED]
    assert viewer.state == "connected"


async def test_publisher_with_another_codec_ends_the_legs_that_cannot_show_it(call: Call) -> None:
    await call.publisher("officer", 1, codec="VP8")
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 1)
    await call.publisher("officer", 2, codec="H264")
    left = await call.told(Happening.LEFT, "desk")
    assert "codec" in left.why
    again = await call.viewer("officer")
    await again.until(lambda: again.seen[2] >= 1)


async def test_silent_publisher_is_stalled_and_back_again(call: Call) -> None:
    publisher = await call.publisher("officer")
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 3)
    ice = publisher.connection.getTransceivers()[0].sender.transport.transport
    speaks = ice._send
    await leave_without_a_word(publisher)
    await call.told(Happening.STALLED, "officer")
    assert viewer.state == "connected", "the viewer's own leg has nothing to do with it"
    ice._send = speaks
    await call.told(Happening.RESUMED, "officer")
    seen = viewer.pictures
    await viewer.until(lambda: viewer.pictures >= seen + 5)


async def test_muted_pictures_stop_while_sound_goes_on_and_come_back(call: Call) -> None:
    await call.publisher("officer")
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 3)
    await call.hub.mute(ROOM, "officer", {Kind.VIDEO}, number=1)
    heard = viewer.sounds
    await viewer.until(lambda: viewer.sounds >= heard + 25)  # what was under way has arrived by now
    seen, heard = viewer.pictures, viewer.sounds
    await viewer.until(lambda: viewer.sounds >= heard + 25)
    assert viewer.pictures == seen
    await call.hub.mute(ROOM, "officer", (), number=2)
    await viewer.until(lambda: viewer.pictures >= seen + 5)


async def test_mute_holds_for_one_who_comes_anew(call: Call) -> None:
    await call.hub.mute(ROOM, "officer", {Kind.AUDIO}, number=1)
    await call.publisher("officer")
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 10)
    assert viewer.sounds == 0


async def test_word_that_was_overtaken_on_its_way_mutes_nobody(call: Call) -> None:
    await call.publisher("officer")
    viewer = await call.viewer("officer")
    await call.hub.mute(ROOM, "officer", (), number=8)
    await call.hub.mute(ROOM, "officer", {Kind.AUDIO}, number=7)
    heard = viewer.sounds
    await viewer.until(lambda: viewer.sounds >= heard + 50)  # more than was under way


async def test_closed_room_ends_every_leg_in_it_and_no_other(call: Call) -> None:
    publisher = await call.publisher("officer")
    viewer = await call.viewer("officer")
    await call.publisher("other", room="2")
    elsewhere = await call.viewer("other", room="2")
    await viewer.until(lambda: viewer.pictures >= 1)
    await call.hub.close_room(ROOM)
    await viewer.until(lambda: viewer.state == "closed")
    await publisher.until(lambda: publisher.state == "closed")
    assert await call.hub.stats(ROOM) == {}
    with pytest.raises(NoSuchPublication):
        await call.viewer("officer")
    seen = elsewhere.pictures
    await elsewhere.until(lambda: elsewhere.pictures >= seen + 3)


async def test_removed_participant_is_gone_with_those_who_viewed(call: Call) -> None:
    await call.publisher("officer")
    await call.viewer("officer", "desk")
    await call.hub.remove(ROOM, "officer")
    assert (await call.told(Happening.UNPUBLISHED, "officer")).why == "removed"
    assert (await call.told(Happening.LEFT, "desk")).why == "the publisher has left"
    await call.hub.remove(ROOM, "officer")
    assert call.hub.load()["publications"] == call.hub.load()["viewings"] == 0


async def test_viewer_who_closes_has_left(call: Call) -> None:
    publisher = await call.publisher("officer")
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 1)
    await viewer.close()
    assert (await call.told(Happening.LEFT, "desk")).why == "closed by the other side"
    await call.hub.close(call.legs[publisher].id)
    with pytest.raises(NoSuchLeg):
        await call.hub.close(call.legs[publisher].id)


async def test_page_that_comes_again_and_again_leaves_no_heap_of_legs(call: Call) -> None:
    await call.publisher("officer")
    for _ in range(5):
        await call.viewer("officer", "desk")
    assert call.hub.load()["viewings"] == 3


async def test_leg_that_never_connects_is_ended() -> None:
    now = 0.0
    told = []

    async def note(event: object) -> None:
        told.append(event)

    hub = Hub(note, clock=lambda: now)
    offers: list[str] = []

    async def keep(offer: str) -> str:
        offers.append(offer)
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await Peer.publishing([MovingPicture()], keep)
    leg = await hub.publish("1", "officer", offers[0])
    now = 14.0
    hub.look()
    assert hub.load()["publications"] == 1
    now = 16.0
    hub.look()
    assert hub.load()["publications"] == 0
    with pytest.raises(NoSuchLeg):
        await hub.close(leg.id)
    await hub.stop()


async def test_nobody_views_one_who_does_not_send(call: Call) -> None:
    with pytest.raises(NoSuchPublication):
        await call.viewer("nobody")


async def test_one_who_is_about_to_send_is_waited_for() -> None:
    async with Call(hold_s=60) as call:
        asking = asyncio.create_task(call.viewer("officer"))
        await call.publisher("other")
        assert not asking.done()
        await call.publisher("officer")
        viewer = await asking
        await viewer.until(lambda: viewer.pictures >= 3)


async def test_one_who_does_not_come_is_not_waited_for_for_ever() -> None:
    async with Call(hold_s=0.01) as call:
        with pytest.raises(NoSuchPublication):
            await call.viewer("officer")


async def test_offers_that_cannot_be_answered_are_refused(call: Call) -> None:
    async def first_offer(peer_offer: list[str], offer: str) -> str:
        peer_offer.append(offer)
        raise ConnectionAbortedError

    sending: list[str] = []
    with pytest.raises(ConnectionAbortedError):
        await Peer.publishing([MovingPicture()], lambda offer: first_offer(sending, offer))
    [good] = sending
    for bad in [
        "",
        "no SDP at all",
        good[: len(good) // 3],
        good.replace("a=sendonly", "a=recvonly"),
        good.replace("VP8", "AV1").replace("H264", "VP9"),
        good + good[good.index("m=video") :],
        good.replace("a=ice-pwd", "a=ice-nothing"),
        good + "a=x\r\n" * 20_000,
    ]:
        with pytest.raises(BadOffer):
            await call.hub.publish(ROOM, "officer", bad)
    with pytest.raises(NoSuchPublication):
        await call.viewer("officer")
    assert call.hub.load()["publications"] == 0


async def test_busy_hub_says_when_to_come_again() -> None:
    async def ignore(_event: object) -> None:
        return

    guard = Guard(Limits(lag_s=0.1, cpu=60))
    hub = Hub(ignore, guard=guard)
    for _ in range(5):
        guard.look(0.3)
    with pytest.raises(HubBusy, match="300 ms late") as refusal:
        await Peer.publishing([MovingPicture()], lambda offer: _answer(hub, offer))
    assert refusal.value.retry_after_s > 0
    await hub.stop()


async def _answer(hub: Hub, offer: str) -> str:
    return (await hub.publish(ROOM, "officer", offer)).answer


async def test_events_of_one_who_cannot_take_them_do_not_stop_the_call(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_event: object) -> None:
        raise RuntimeError("the database is away")

    hub = Hub(fail, guard=Guard(Limits(lag_s=60, cpu=60)))
    await hub.start()
    publisher = await Peer.publishing([MovingPicture(9, width=320, height=240)], lambda offer: _answer(hub, offer))

    async def view(offer: str) -> str:
        return (await hub.view(ROOM, "officer", "desk", offer)).answer

    viewer = await Peer.viewing(view)
    await viewer.until(lambda: viewer.seen[9] >= 3)
    await asyncio.gather(publisher.close(), viewer.close(), hub.stop())
    assert "the database is away" in caplog.text
