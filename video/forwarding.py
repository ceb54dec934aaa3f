"""Passing encoded pictures and sound on as they come, without decoding them.

aiortc decodes whatever it receives and offers no way around; this module takes the payloads out before that, and puts
them into other connections' senders. ICE, DTLS, SRTP, reports, lost-packet requests and retransmission stay aiortc's.
It reaches into aiortc 1.16 by three names (`HOOKS`):

- a `Source` in the place of a receiver's jitter buffer: it sees every packet after retransmissions were unwrapped, says
  when to ask the publisher for a key frame, and never hands out a frame, so that nothing is decoded;
- a `Sink`'s `next` in the place of a sender's encoder;
- a `Sink`'s `ask` in the place of a sender's note that the other side wants a key frame.

What is reported back from the viewers is read in `video.feedback`.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import RtpPacket

from video.engine import Kind
from video.keyframes import begins_key_frame

JITTER_BUFFER: Final = "_RTCRtpReceiver__jitter_buffer"
NEXT_FRAME: Final = "_next_encoded_frame"
SEND_KEY_FRAME: Final = "_send_keyframe"
HOOKS: Final = ((RTCRtpReceiver, JITTER_BUFFER), (RTCRtpSender, NEXT_FRAME), (RTCRtpSender, SEND_KEY_FRAME))

HOLD_S: Final = {Kind.VIDEO: 0.2, Kind.AUDIO: 0.06}  # so long a missing packet is waited for; sound is not resent
QUEUED_AT_MOST: Final = {Kind.VIDEO: 30, Kind.AUDIO: 100}  # 2 s of pictures at 15 a second, 2 s of sound at 50
KEY_FRAME_PAUSE_S: Final = 0.5  # a publisher is asked for key frames no more often than that
ESTIMATE_FRESH_S: Final = 5.0
LEAST_BITRATE: Final = 150_000  # bit/s; nobody is asked to send less, unless sound goes on alone
SOUND_ALONE: Final = 50_000
CLOCK_RATE: Final = {Kind.VIDEO: 90_000, Kind.AUDIO: 48_000}  # RTP ticks a second: RFC 7741, RFC 6184, RFC 7587

_AHEAD_HALF: Final = 0x8000
_RESTARTED: Final = 3000  # numbers this far back are a new sequence, not late packets
_WAITING_AT_MOST: Final = 512

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture, or one packet of sound, as its publisher sent it."""

    payloads: list[bytes]
    timestamp: int  # the publisher's RTP clock
    key: bool = True
    audio_level: int | None = None  # dBov, 0 is loudest


class Ordered:
    """Packets in the order of their numbers. A missing one is waited for, then given up: `None` in its place."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}
        self._hole_since: float | None = None
        self.passed = 0
        self.missing = 0  # numbers given up

    def take(self, packet: RtpPacket, now: float) -> list[RtpPacket | None]:
        number = packet.sequence_number
        if self._next is None:
            self._next = number
        ready: list[RtpPacket | None] = []
        ahead = (number - self._next) & 0xFFFF
        if ahead >= _AHEAD_HALF:
            if 0x10000 - ahead < _RESTARTED:
                return ready  # too late, or here twice
            self._waiting.clear()
            self._next = number
            ready.append(None)
        self._waiting[number] = packet
        if self._in_row(ready):
            self._hole_since = now if self._waiting else None
        elif self._hole_since is None:
            self._hole_since = now
        elif now - self._hole_since >= self._hold_s or len(self._waiting) > _WAITING_AT_MOST:
            expected = self._next
            self._next = min(self._waiting, key=lambda other: (other - expected) & 0xFFFF)
            self.missing += (self._next - expected) & 0xFFFF
            ready.append(None)
            self._in_row(ready)
            self._hole_since = now if self._waiting else None
        return ready

    def _in_row(self, ready: list[RtpPacket | None]) -> bool:
        before = len(ready)
        while self._next is not None and (packet := self._waiting.pop(self._next, None)) is not None:
            ready.append(packet)
            self.passed += 1
            self._next = (self._next + 1) & 0xFFFF
        return len(ready) > before


class Source:
    """One published track: gathers packets into frames and gives them to its sinks.

    Stands in the place of the receiver's jitter buffer, which is why `add` looks as it does.
    """

    def __init__(self, kind: Kind, codec: str, *, clock: Clock = time.monotonic) -> None:
        self.kind = kind
        self.codec = codec  # VP8, H264, opus
        self.muted = False
        self.paused = False  # its publisher's network is too poor for pictures
        self.sinks: set[Sink] = set()
        self.frames = 0
        self.packets = 0
        self.octets = 0
        self.lost = 0  # holes given up
        self.asked = 0  # key frames asked of the publisher
        self.last_packet_at: float | None = None
        self._clock = clock
        self._order = Ordered(HOLD_S[kind])
        self._parts: list[bytes] = []
        self._parts_of: int | None = None
        self._torn = False  # the rest of a torn picture is on its way
        self._torn_of: int | None = None
        self._key_wanted = False
        self._asked_at = float("-inf")

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet; whether to ask the publisher for a key frame now, and never anything to decode."""
        now = self._clock()
        self.last_packet_at = now
        self.packets += 1
        self.octets += len(packet.payload)
        for ready in self._order.take(packet, now):
            if ready is None:
                self._tear()
            elif ready.payload:  # without one it is padding, to probe the network
                self._gather(ready)
        return self._asks_now(now), None

    def ask(self) -> None:
        """Somebody needs a key frame: ask with the next packet that comes, unless one was asked for just now."""
        self._key_wanted = self.kind is Kind.VIDEO

    def mute(self, muted: bool) -> None:
        """Forward nothing, or go on with the next key frame."""
        if self.muted and not muted:
            self._all_need_key_frame()
        self.muted = muted

    def pause(self, paused: bool) -> None:
        """Forward nothing until told otherwise, and have the publisher send next to nothing."""
        if self.paused and not paused:
            self._all_need_key_frame()
        self.paused = paused

    def arrivals(self) -> tuple[int, int]:
        """Packets that came in time, and packets that never did, since the beginning."""
        return self._order.passed, self._order.missing

    def cap(self) -> int | None:
        """What the publisher shall send at most (bit/s): what the better half of its viewers can take."""
        if self.paused:
            return SOUND_ALONE
        since = self._clock() - ESTIMATE_FRESH_S
        estimates = sorted(
            sink.estimate[0] for sink in self.sinks if sink.estimate and sink.estimate[1] >= since and not sink.paused
        )
        return max(estimates[len(estimates) // 2], LEAST_BITRATE) if estimates else None

    def _asks_now(self, now: float) -> bool:
        if not self._key_wanted or now - self._asked_at < KEY_FRAME_PAUSE_S:
            return False
        self._key_wanted = False
        self._asked_at = now
        self.asked += 1
        return True

    def _tear(self) -> None:
        self.lost += 1
        self._parts = []
        if self.kind is Kind.VIDEO:
            self._torn, self._torn_of = True, None
            self._all_need_key_frame()

    def _all_need_key_frame(self) -> None:
        for sink in self.sinks:
            sink.need_key_frame()
        self.ask()

    def _gather(self, packet: RtpPacket) -> None:
        if self._torn and not self._mended(packet):
            return
        if self._parts and packet.timestamp != self._parts_of:
            self._emit(None)  # its last packet was not marked
        self._parts.append(packet.payload)
        self._parts_of = packet.timestamp
        if packet.marker or self.kind is Kind.AUDIO:
            self._emit(packet)

    def _mended(self, packet: RtpPacket) -> bool:
        """Whether a new picture begins here after a hole; the first number after it may be amidst one."""
        if self._torn_of is None:
            self._torn_of = packet.timestamp
        if packet.timestamp == self._torn_of and not begins_key_frame(self.codec, packet.payload):
            return False
        self._torn = False
        return True

    def _emit(self, last: RtpPacket | None) -> None:
        parts, self._parts = self._parts, []
        self.frames += 1
        if self.muted or self.paused or self._parts_of is None:
            return
        key = self.kind is Kind.AUDIO or any(begins_key_frame(self.codec, part) for part in parts)
        level = last.extensions.audio_level if last is not None else None
        frame = Frame(parts, self._parts_of, key, None if level is None else -level[1])
        for sink in self.sinks:
            sink.put(frame)


class Sink:
    """One track of one viewer: a queue with an end, emptied by aiortc's sender.

    It follows one source at a time, and may be led to another one of the same codec: the viewer sees one stream.
    """

    def __init__(self, kind: Kind, *, clock: Clock = time.monotonic) -> None:
        self.kind = kind
        self.source: Source | None = None
        self.paused = False
        self.dropped = 0
        self.frames = 0
        self.octets = 0
        self.estimate: tuple[int, float] | None = None  # bit/s its viewer can take, and when it said so
        self._clock = clock
        self._queue: deque[Frame] = deque()
        self._filled = asyncio.Event()
        self._closed = False
        self._needs_key = kind is Kind.VIDEO
        self._shift: int | None = None  # from the source's RTP clock to ours; None until its first frame
        self._last: tuple[int, float] | None = None  # our clock at the last frame, and when that was

    def follow(self, source: Source | None) -> None:
        """Show this source from its next key frame on; None shows nothing."""
        if self.source is not None:
            self.source.sinks.discard(self)
        self.source = source
        self._queue.clear()
        self._shift = None
        self.need_key_frame()
        if source is not None:
            source.sinks.add(self)
            source.ask()

    def pause(self, paused: bool) -> None:
        """Drop what comes until told otherwise."""
        self.paused = paused
        self._queue.clear()
        self.need_key_frame()
        if not paused:
            self.ask()

    def put(self, frame: Frame) -> None:
        if self.paused:
            return
        if self._needs_key and not frame.key:
            self.dropped += 1
            self.ask()  # again, should the first request have been lost
            return
        if len(self._queue) >= QUEUED_AT_MOST[self.kind]:
            self.dropped += len(self._queue)
            self._queue.clear()
            if self.kind is Kind.VIDEO and not frame.key:
                self.need_key_frame()
                self.ask()
                return
        self._needs_key = False
        self._queue.append(frame)
        self._filled.set()

    def need_key_frame(self) -> None:
        """Go on with a key frame only: something between is missing."""
        self._needs_key = self.kind is Kind.VIDEO

    def ask(self) -> None:
        if self.source is not None:
            self.source.ask()

    def close(self) -> None:
        self.follow(None)
        self._closed = True
        self._filled.set()

    def estimated(self, bitrate: int) -> None:
        """Its viewer can take so much (bit/s)."""
        self.estimate = (bitrate, self._clock())

    def waiting(self) -> int:
        """Frames in the queue."""
        return len(self._queue)

    async def next(self, _codec: RTCRtpCodecParameters) -> RTCEncodedFrame:
        """The next frame, when there is one."""
        while not self._queue:
            if self._closed:
                raise MediaStreamError
            self._filled.clear()
            await self._filled.wait()
        frame = self._queue.popleft()
        self.frames += 1
        self.octets += sum(map(len, frame.payloads))
        # aiortc says int here, and takes None for a sound whose level is not known
        return RTCEncodedFrame(frame.payloads, self._our_clock(frame), frame.audio_level)  # type: ignore[arg-type]

    def _our_clock(self, frame: Frame) -> int:
        now = self._clock()
        if self._shift is None:
            if self._last is None:
                self._shift = 0
            else:
                at, when = self._last
                self._shift = at + max(1, round((now - when) * CLOCK_RATE[self.kind])) - frame.timestamp
        timestamp = (frame.timestamp + self._shift) & 0xFFFFFFFF
        self._last = (timestamp, now)
        return timestamp


class StandIn(MediaStreamTrack):
    """A track for the sender to have; nobody asks it for frames."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.kind = kind.value

    async def recv(self) -> None:  # type: ignore[override]
        raise MediaStreamError


def take_from(receiver: RTCRtpReceiver, source: Source) -> None:
    """Let the source have what the receiver receives. Before the first packet comes."""
    setattr(receiver, JITTER_BUFFER, source)


def give_to(sender: RTCRtpSender, sink: Sink) -> None:
    """Let the sender send what the sink has. Before the sender starts."""
    setattr(sender, NEXT_FRAME, sink.next)
    setattr(sender, SEND_KEY_FRAME, sink.ask)
