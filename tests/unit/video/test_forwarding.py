"""Order, holes, key frames and queues, packet by packet, with a clock of the test's own."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from video import feedback
from video.engine import Kind
from video.forwarding import HOOKS, KEY_FRAME_PAUSE_S, QUEUED_AT_MOST, Frame, Ordered, Sink, Source
from video.keyframes import begins_key_frame

KEY = b"\x10\x00key"  # VP8: a partition begins, and its frame is a key frame
DELTA = b"\x10\x01delta"
REST = b"\x00rest"
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=97)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def packet(number: int, payload: bytes = DELTA, *, timestamp: int | None = None, marker: bool = True) -> RtpPacket:
    made = RtpPacket(
        payload_type=97,
        sequence_number=number & 0xFFFF,
        timestamp=number * 6000 if timestamp is None else timestamp,
        marker=int(marker),
    )
    made.payload = payload
    return made


def numbers(packets: Sequence[RtpPacket | None]) -> list[int | None]:
    return [each and each.sequence_number for each in packets]


def test_aiortc_still_has_the_names_that_are_replaced() -> None:
    async def look() -> None:
        hooks = (*HOOKS, *feedback.HOOKS)
        made = {cls: cls("video", _Transport()) for cls, _ in hooks}
        for cls, name in hooks:
            assert hasattr(made[cls], name), f"aiortc's {cls.__name__} has no {name} any more"

    asyncio.run(look())


class _Transport:
    state = "new"


def test_packets_come_in_order_and_once() -> None:
    ordered = Ordered(hold_s=0.2)
    assert numbers(ordered.take(packet(65534), 0)) == [65534]
    assert numbers(ordered.take(packet(0), 0)) == []
    assert numbers(ordered.take(packet(65535), 0.1)) == [65535, 0]
    assert numbers(ordered.take(packet(65535), 0.1)) == []
    assert numbers(ordered.take(packet(1), 0.1)) == [1]


def test_hole_is_held_for_a_while_and_then_given_up() -> None:
    ordered = Ordered(hold_s=0.2)
    ordered.take(packet(10), 0)
    assert numbers(ordered.take(packet(12), 0.0)) == []
    assert numbers(ordered.take(packet(13), 0.19)) == []
    assert numbers(ordered.take(packet(14), 0.2)) == [None, 12, 13, 14]
    assert numbers(ordered.take(packet(11), 0.2)) == []
    assert numbers(ordered.take(packet(15), 0.2)) == [15]


def test_second_hole_has_its_own_time() -> None:
    ordered = Ordered(hold_s=0.2)
    ordered.take(packet(1), 0)
    ordered.take(packet(3), 0.0)
    ordered.take(packet(5), 0.15)
    assert numbers(ordered.take(packet(2), 0.18)) == [2, 3]
    assert numbers(ordered.take(packet(6), 0.3)) == []
    assert numbers(ordered.take(packet(7), 0.38)) == [None, 5, 6, 7]


def test_publisher_who_counts_anew_is_followed() -> None:
    ordered = Ordered(hold_s=0.2)
    ordered.take(packet(30_000), 0)
    assert numbers(ordered.take(packet(5), 0)) == [None, 5]
    assert numbers(ordered.take(packet(6), 0)) == [6]


def test_waiting_packets_have_an_end() -> None:
    ordered = Ordered(hold_s=1000)
    ordered.take(packet(0), 0)
    given = [numbers(ordered.take(packet(number), 0)) for number in range(2, 700)]
    assert [None, *range(2, 515)] in given


async def test_frame_is_whole_at_its_marker_and_bears_its_level() -> None:
    clock = Clock()
    source, sink = Source(Kind.VIDEO, "VP8", clock=clock), Sink(Kind.VIDEO, clock=clock)
    sink.follow(source)
    source.add(packet(1, KEY, timestamp=6000, marker=False))
    assert sink.waiting() == 0
    source.add(packet(2, REST, timestamp=6000))
    frame = await sink.next(VP8)
    assert (frame.payloads, frame.timestamp) == ([KEY, REST], 6000)


def test_nothing_is_ever_given_to_a_decoder() -> None:
    source = Source(Kind.VIDEO, "VP8", clock=Clock())
    assert {source.add(packet(number, KEY))[1] for number in range(50)} == {None}


def test_key_frames_are_asked_for_no_more_often_than_twice_a_second() -> None:
    clock = Clock()
    source = Source(Kind.VIDEO, "VP8", clock=clock)
    sinks = [Sink(Kind.VIDEO, clock=clock) for _ in range(20)]
    asked = []
    for number in range(100):
        for sink in sinks:
            sink.ask()
        if number < 20:
            sinks[number].follow(source)
        if source.add(packet(number, DELTA))[0]:
            asked.append(clock.now)
        clock.now += 0.05
    assert len(asked) == 10
    assert all(later - earlier >= KEY_FRAME_PAUSE_S - 1e-9 for earlier, later in itertools.pairwise(asked))


def test_viewer_gets_nothing_before_a_key_frame_and_all_after_it() -> None:
    source, sink = Source(Kind.VIDEO, "VP8", clock=Clock()), Sink(Kind.VIDEO)
    sink.follow(source)
    for number in range(3):
        source.add(packet(number, DELTA))
    assert (sink.waiting(), sink.dropped) == (0, 3)
    source.add(packet(3, KEY))
    source.add(packet(4, DELTA))
    assert sink.waiting() == 2


def test_torn_picture_is_not_passed_on_and_a_key_frame_is_asked_for() -> None:
    clock = Clock()
    source, sink = Source(Kind.VIDEO, "VP8", clock=clock), Sink(Kind.VIDEO)
    sink.follow(source)
    source.add(packet(1, KEY))
    clock.now += 1
    source.add(packet(2, DELTA, timestamp=12_000, marker=False))
    source.add(packet(4, REST, timestamp=12_000))  # 3 is lost
    clock.now += 0.3
    wants_key, _ = source.add(packet(5, DELTA))
    assert wants_key
    assert sink.waiting() == 1
    source.add(packet(6, DELTA))
    source.add(packet(7, KEY))
    assert sink.waiting() == 2


def test_slow_viewer_keeps_a_short_queue_and_harms_nobody() -> None:
    clock = Clock()
    source = Source(Kind.VIDEO, "VP8", clock=clock)
    slow, quick = Sink(Kind.VIDEO), Sink(Kind.VIDEO)
    slow.follow(source)
    quick.follow(source)
    taken = 0
    for number in range(500):
        source.add(packet(number, KEY if number % 100 == 0 else DELTA))
        clock.now += 1 / 15
        taken += quick.waiting()
        quick._queue.clear()
        assert slow.waiting() <= QUEUED_AT_MOST[Kind.VIDEO]
    assert taken == 500
    assert slow.dropped >= 400


async def test_reading_viewer_loses_nothing_while_another_never_reads() -> None:
    source = Source(Kind.VIDEO, "VP8", clock=Clock())
    dead, alive = Sink(Kind.VIDEO), Sink(Kind.VIDEO)
    dead.follow(source)
    alive.follow(source)
    got = []
    for number in range(200):
        source.add(packet(number, KEY if number == 0 else DELTA))
        got.append((await alive.next(VP8)).timestamp)
    assert got == [number * 6000 for number in range(200)]


def test_sound_of_a_slow_viewer_is_the_newest() -> None:
    source, sink = Source(Kind.AUDIO, "opus", clock=Clock()), Sink(Kind.AUDIO)
    sink.follow(source)
    for number in range(QUEUED_AT_MOST[Kind.AUDIO] + 1):
        source.add(packet(number, b"sound"))
    assert sink.waiting() == 1


async def test_viewer_led_to_another_source_sees_one_clock() -> None:
    clock = Clock()
    first, second = (Source(Kind.VIDEO, "VP8", clock=clock) for _ in range(2))
    sink = Sink(Kind.VIDEO, clock=clock)
    sink.follow(first)
    first.add(packet(1, KEY, timestamp=90_000))
    assert (await sink.next(VP8)).timestamp == 90_000
    clock.now += 2
    sink.follow(second)
    second.add(packet(1, KEY, timestamp=5))
    assert (await sink.next(VP8)).timestamp == 90_000 + 2 * 90_000
    second.add(packet(2, DELTA, timestamp=6005))
    assert (await sink.next(VP8)).timestamp == 90_000 + 2 * 90_000 + 6000
    first.add(packet(2, KEY))
    assert sink.waiting() == 0


async def test_closed_sink_ends_its_sender() -> None:
    sink = Sink(Kind.AUDIO)
    waiting = asyncio.create_task(sink.next(VP8))
    await asyncio.sleep(0)
    sink.close()
    with pytest.raises(MediaStreamError):
        await waiting


def test_paused_viewer_goes_on_with_a_key_frame() -> None:
    sink = Sink(Kind.VIDEO)
    sink.put(Frame([KEY], 0))
    sink.pause(True)
    assert sink.waiting() == 0
    sink.put(Frame([KEY], 0))
    sink.pause(False)
    sink.put(Frame([DELTA], 0, key=False))
    assert sink.waiting() == 0
    sink.put(Frame([KEY], 0))
    assert sink.waiting() == 1


@pytest.mark.parametrize(
    ("codec", "payload", "key"),
    [
        ("VP8", b"\x10\x00", True),
        ("VP8", b"\x10\x01", False),
        ("VP8", b"\x00\x00", False),  # amidst a frame
        ("VP8", b"\x90\x80\x05\x00", True),  # picture id of 7 bits
        ("VP8", b"\x90\x80\x85\x05\x00", True),  # of 15
        ("VP8", b"\x90\xe0\x85\x05\x01\x20\x00", True),  # with the layers' fields
        ("VP8", b"\x90\xe0\x85\x05\x01\x20\x01", False),
        ("VP8", b"\x90", False),
        ("VP8", b"", False),
        ("H264", b"\x65x", True),
        ("H264", b"\x67x", True),
        ("H264", b"\x41x", False),
        ("H264", b"\x78\x00\x02\x67x\x00\x02\x68x", True),
        ("H264", b"\x78\x00\x02\x06x\x00\x02\x41x", False),
        ("H264", b"\x7c\x85x", True),
        ("H264", b"\x7c\x05x", False),
        ("H264", b"\x7c\x81x", False),
        ("H264", b"", False),
    ],
)
def test_where_a_decoder_can_begin(codec: str, payload: bytes, key: bool) -> None:
    assert begins_key_frame(codec, payload) is key
