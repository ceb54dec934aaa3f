"""Encoded frames as they are stored: out of RTP payloads, with what a file's header must know of them.

Nothing is decoded. VP8: RFC 7741 for the payload, RFC 6386 section 9.1 for the key frame's header. H.264: RFC 6184 for
the payload. Opus: RFC 7587, one payload is one frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiortc.codecs.h264 import h264_depayload
from aiortc.codecs.vpx import vp8_depayload

from video.engine import Kind
from video.recording import h264
from video.recording.errors import BadPicture

_VP8_START_CODE = b"\x9d\x01\x2a"


class Codec(StrEnum):
    """What is recorded; everything else is refused at the offer."""

    VP8 = "vp8"
    H264 = "h264"
    OPUS = "opus"

    @property
    def kind(self) -> Kind:
        return Kind.AUDIO if self is Codec.OPUS else Kind.VIDEO

    @property
    def clock_rate(self) -> int:
        """RTP ticks a second."""
        return 48_000 if self is Codec.OPUS else 90_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands in a file's header for a picture: pixels, and for H.264 the decoder's configuration (avcC)."""

    width: int
    height: int
    configuration: bytes = b""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One frame: `timestamp` in RTP ticks of its codec, `shape` of a key frame."""

    codec: Codec
    data: bytes
    timestamp: int
    key: bool
    shape: Shape | None = None


def read_frame(codec: Codec, payloads: Sequence[bytes], timestamp: int) -> EncodedFrame:
    """Put the payloads of one frame together.

    Raises:
        BadPicture: they are no frame of this codec.
    """
    try:
        match codec:
            case Codec.OPUS:
                return EncodedFrame(codec, b"".join(payloads), timestamp, key=True)
            case Codec.VP8:
                return _vp8(b"".join(map(vp8_depayload, payloads)), timestamp)
            case Codec.H264:
                return _h264(b"".join(map(h264_depayload, payloads)), timestamp)
    except ValueError as problem:  # aiortc's word for a payload that it cannot read
        raise BadPicture(f"no {codec} payload: {problem}") from None


def _vp8(data: bytes, timestamp: int) -> EncodedFrame:
    if not data:
        raise BadPicture("an empty VP8 frame")
    if data[0] & 1:  # the bit is 0 in a key frame
        return EncodedFrame(Codec.VP8, data, timestamp, key=False)
    if len(data) < 10 or data[3:6] != _VP8_START_CODE:
        raise BadPicture("a VP8 key frame without its start code")
    # 14 bits of size, two of scaling, which is a hint to the player only
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    if not (width and height):
        raise BadPicture("a VP8 key frame without a size")
    return EncodedFrame(Codec.VP8, data, timestamp, key=True, shape=Shape(width, height))


def _h264(annex_b: bytes, timestamp: int) -> EncodedFrame:
    """The frame as Matroska wants it: each unit behind its length. A key frame here carries its own parameter sets."""
    units = h264.units_of(annex_b)
    if not units:
        raise BadPicture("an H.264 frame without a unit")
    data = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    if not any(h264.kind_of(unit) == h264.IDR for unit in units):
        return EncodedFrame(Codec.H264, data, timestamp, key=False)
    sets = {kind: [u for u in units if h264.kind_of(u) == kind] for kind in (h264.SPS, h264.PPS)}
    if not (sets[h264.SPS] and sets[h264.PPS]):
        # Usual senders repeat the sets before each IDR; one that does not can only be joined where they are.
        return EncodedFrame(Codec.H264, data, timestamp, key=False)
    width, height = h264.size_in(sets[h264.SPS][0])
    shape = Shape(width, height, h264.configuration(sets[h264.SPS], sets[h264.PPS]))
    return EncodedFrame(Codec.H264, data, timestamp, key=True, shape=shape)
