"""Sound alone where the network is poor: when, for how long, and in a real call."""

import random
from collections.abc import Callable

from aiortc import RTCPeerConnection

from tests.unit.video.calls import Call
from video.audio_first import FIRST_WAIT_S, LONGEST_WAIT_S, AudioFirst
from video.engine import Happening, Kind
from video.feedback import Capped
from video.forwarding import ESTIMATE_FRESH_S, LEAST_BITRATE, SOUND_ALONE, Sink, Source
from video.legs import Publication
from video.peer import Peer


def lost(
    network: AudioFirst, pictures: float, sound: float, since: int, seconds: int, *, sound_every: int = 1
) -> list[tuple[int, bool]]:
    """Report 30 packets of pictures and 50 of sound for each of some seconds; when that changed anything, to what."""
    changes = []
    for second in range(since, since + seconds):
        network.pictures_lost(pictures, 30, second)
        if second % sound_every == 0:
            network.sound_lost(sound, 50 * sound_every, second)
        if (change := network.look(second)) is not None:
            changes.append((second, change))
    return changes


def test_pictures_pause_after_three_poor_reports_and_not_for_one() -> None:
    network = AudioFirst()
    assert lost(network, 0.5, 0.1, 0, 2) == []
    assert lost(network, 0.1, 0.1, 2, 1) == []
    assert lost(network, 0.3, 0.3, 3, 5) == [(3, True)]


def test_one_hole_in_a_good_network_pauses_nothing() -> None:
    network = AudioFirst()
    assert lost(network, 0.0, 0.0, 0, 8) == []
    assert lost(network, 1.0, 1.0, 8, 2) == []
    assert lost(network, 0.0, 0.0, 10, 60) == []


def test_a_tenth_lost_by_chance_pauses_nothing_in_an_hour() -> None:
    network, chance = AudioFirst(), random.Random(5)
    for second in range(3600):
        network.sound_lost(0.1, 50, second)
        network.pictures_lost(sum(chance.random() < 0.1 for _ in range(30)) / 30, 30, second)
        assert network.look(second) is None
    for losses in (network._pictures, network._sound):
        assert len(losses._reports) <= 13, "what is older than the last seconds is forgotten, in a long call too"


def test_pictures_come_back_when_sound_passes_well_for_a_while() -> None:
    network = AudioFirst()
    assert lost(network, 0.3, 0.3, 0, 3) == [(2, True)]
    assert lost(network, 0.0, 0.3, 3, 30) == []
    assert lost(network, 0.0, 0.0, 33, 12) == [(40, False)]


def test_pictures_come_back_where_a_tenth_of_the_sound_is_lost_and_a_browser_reports_each_five_seconds() -> None:
    network = AudioFirst()
    lost(network, 0.3, 0.3, 0, 3)
    [(back, paused)] = lost(network, 0.0, 0.1, 3, 20, sound_every=5)
    assert (back, paused) == (10, False)


def test_pictures_do_not_come_back_at_once() -> None:
    network = AudioFirst()
    lost(network, 0.3, 0.3, 0, 3)
    [(back, paused)] = lost(network, 0.0, 0.0, 3, 20)
    assert (back - 2, paused) == (FIRST_WAIT_S, False)


def test_each_relapse_doubles_the_wait() -> None:
    network = AudioFirst()
    now, waits = 0, []
    for _ in range(6):
        [(paused_at, _)] = lost(network, 0.5, 0.5, now, 3)
        [(back_at, _)] = lost(network, 0.0, 0.0, now + 3, 70)[:1]
        waits.append(back_at - paused_at)
        now = back_at + 3
        network = _as_of(network, back_at)
    assert waits == [8, 16, 32, 60, 60, 60]
    assert max(waits) == LONGEST_WAIT_S


def _as_of(network: AudioFirst, back_at: int) -> AudioFirst:
    """Forget the reports that the loop above gave after the pictures were back."""
    network._pictures.clear()
    network._sound.clear()
    assert network._back_at == back_at
    return network


def test_old_reports_and_a_call_without_sound_change_nothing() -> None:
    network = AudioFirst()
    for second in (0, 1, 2):
        network.pictures_lost(0.9, 30, second)
    assert network.look(2) is None, "there is no sound that could go on alone"
    network.sound_lost(0.9, 50, 2)
    assert network.look(60) is None


def test_publisher_is_told_what_the_better_half_of_its_viewers_can_take() -> None:
    now = 100.0
    source = Source(Kind.VIDEO, "VP8", clock=lambda: now)
    assert source.cap() is None
    sinks = [Sink(Kind.VIDEO, clock=lambda: now) for _ in range(3)]
    for sink, bitrate in zip(sinks, [300_000, 700_000, 2_000_000], strict=True):
        sink.follow(source)
        sink.estimated(bitrate)
    assert source.cap() == 700_000
    sinks[0].pause(True)
    assert source.cap() == 2_000_000, "one who sees nothing has no say"
    sinks[1].close()
    sinks[2].estimated(20_000)
    assert source.cap() == LEAST_BITRATE
    source.pause(True)
    assert source.cap() == SOUND_ALONE
    source.pause(False)
    now += ESTIMATE_FRESH_S + 1
    assert source.cap() is None


def test_estimate_is_capped_and_otherwise_aiortcs_own() -> None:
    class Inner:
        def add(self, **packet: int) -> tuple[int, list[int]] | None:
            return (packet["size"], [1]) if packet["size"] else None

    cap: int | None = None
    capped = Capped(Inner(), lambda: cap)
    assert capped.add(size=900) == (900, [1])
    cap = 500
    assert capped.add(size=900) == (500, [1])
    assert capped.add(size=400) == (400, [1])
    assert capped.add(size=0) is None


def lossy(connection: RTCPeerConnection, share: Callable[[], float], seed: int) -> None:
    """Lose that share of what this side sends, at random."""
    ice = connection.getTransceivers()[0].sender.transport.transport
    send, dice = ice._send, random.Random(seed)

    async def maybe(data: bytes) -> None:
        if dice.random() >= share():
            await send(data)

    ice._send = maybe


def everywhere(call: Call, peers: list[Peer], share: Callable[[], float]) -> None:
    connections = [peer.connection for peer in peers] + [leg.peer for leg in call.hub._legs.values()]
    for seed, connection in enumerate(connections):
        lossy(connection, share, seed)


async def test_pictures_go_on_through_ten_percent_loss_on_every_hop(call: Call) -> None:
    publisher = await call.publisher("officer", 4)
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 3)
    everywhere(call, [publisher, viewer], lambda: 0.1)
    seen, heard = viewer.seen[4], viewer.sounds
    await viewer.until(lambda: viewer.seen[4] >= seen + 60 and viewer.sounds >= heard + 200, within_s=60)
    assert not [event for event in call.events if event.what is Happening.VIDEO_PAUSED]


async def test_poor_viewer_keeps_its_sound_and_gets_pictures_back(call: Call) -> None:
    share = 0.0
    await call.publisher("officer", 4)
    viewer = await call.viewer("officer", "poor")
    other = await call.viewer("officer", "well")
    await viewer.until(lambda: viewer.pictures >= 3)
    lossy(call.hub._legs[call.legs[viewer].id].peer, lambda: share, 1)
    share = 0.4
    paused = await call.told(Happening.VIDEO_PAUSED, "poor")
    assert paused.of == "officer"
    seen, heard = other.seen[4], viewer.sounds
    await other.until(lambda: other.seen[4] >= seen + 5)
    await viewer.until(lambda: viewer.sounds >= heard + 10, within_s=60)
    share = 0.0
    await call.told(Happening.VIDEO_BACK, "poor")
    seen = viewer.seen[4]
    await viewer.until(lambda: viewer.seen[4] >= seen + 5)


async def test_poor_publisher_sends_sound_alone_for_a_while(call: Call) -> None:
    share = 0.0
    publisher = await call.publisher("officer", 4)
    viewer = await call.viewer("officer")
    await viewer.until(lambda: viewer.pictures >= 3)
    lossy(publisher.connection, lambda: share, 1)
    share = 0.5
    assert (await call.told(Happening.VIDEO_PAUSED, "officer")).of is None
    heard = viewer.sounds
    await viewer.until(lambda: viewer.sounds >= heard + 10, within_s=60)
    share = 0.0
    await call.told(Happening.VIDEO_BACK, "officer")
    seen = viewer.seen[4]
    await viewer.until(lambda: viewer.seen[4] >= seen + 5)


async def test_viewers_estimate_of_its_network_arrives(call: Call) -> None:
    publisher = await call.publisher("officer", 4)
    viewer = await call.viewer("officer")
    publication = call.hub._legs[call.legs[publisher].id]
    assert isinstance(publication, Publication)
    source = publication.sources[Kind.VIDEO]
    await viewer.until(lambda: source.cap() is not None, within_s=60)
    [sink] = source.sinks
    assert sink.estimate is not None
    assert source.cap() == max(sink.estimate[0], LEAST_BITRATE)
