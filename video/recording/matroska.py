"""As much of Matroska (RFC 9559, on EBML, RFC 8794) as a segment is made of, written only ever forwards.

    EBML head | Segment, of unknown size | Info | Tracks | Cluster | Cluster | …

Each cluster is whole in itself and its size is known, so that a file that ends anywhere is read up to its last whole
cluster. VP8 with Opus makes a WebM; H.264 the same as Matroska. Times are milliseconds from the segment's beginning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from video.engine import Kind
from video.recording.errors import BadSegment
from video.recording.frames import Codec, Shape

_EBML, _SEGMENT, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_INFO, _TRACKS = b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b"
_TIMESTAMP, _SIMPLE_BLOCK = b"\xe7", b"\xa3"
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_DATES_FROM = datetime(2001, 1, 1, tzinfo=UTC)
_CODEC_ID: Final = {Codec.VP8: "V_VP8", Codec.H264: "V_MPEG4/ISO/AVC", Codec.OPUS: "A_OPUS"}
_KEY = 0x80
_MAKER = "OneMap"

# A decoder that begins in the middle of a stream is right after 80 ms (RFC 7845, 4.6); nothing is to be skipped.
_OPUS_HEAD = b"OpusHead\x01\x02" + (0).to_bytes(2, "little") + (48_000).to_bytes(4, "little") + b"\x00\x00\x00"
_OPUS_PRE_ROLL_NS = 80_000_000


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a file; `shape` for pictures."""

    codec: Codec
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One frame in its place: the track's number from 1, and its time."""

    track: int
    at_ms: int
    key: bool
    data: bytes


def suffix(tracks: Iterable[Track]) -> str:
    """What a file of these tracks is called at its end."""
    return ".mkv" if any(track.codec is Codec.H264 for track in tracks) else ".webm"


def head(tracks: Sequence[Track], started_at: datetime) -> bytes:
    """Everything before the first cluster; `started_at` is the instant of time 0."""
    document = "matroska" if suffix(tracks) == ".mkv" else "webm"
    nanoseconds = int((started_at - _DATES_FROM).total_seconds() * 1_000_000) * 1000
    return (
        _element(
            _EBML,
            _uint("4286", 1),
            _uint("42f7", 1),
            _uint("42f2", 4),
            _uint("42f3", 8),
            _string("4282", document),
            _uint("4287", 4),
            _uint("4285", 2),
        )
        + _SEGMENT
        + _UNKNOWN_SIZE
        + _element(
            _INFO,
            _uint("2ad7b1", 1_000_000),
            _string("4d80", _MAKER),
            _string("5741", _MAKER),
            _element(bytes.fromhex("4461"), nanoseconds.to_bytes(8, "big", signed=True)),
        )
        + _element(_TRACKS, *(_track(number, track) for number, track in enumerate(tracks, 1)))
    )


def cluster(blocks: Sequence[Block]) -> bytes:
    """One cluster of at least one block; they lie within 32 s of each other."""
    first = min(block.at_ms for block in blocks)
    return _element(_CLUSTER, _element(_TIMESTAMP, _number(first)), *(_simple_block(block, first) for block in blocks))


def _simple_block(block: Block, first_ms: int) -> bytes:
    place = (0x80 | block.track).to_bytes(1, "big") + (block.at_ms - first_ms).to_bytes(2, "big", signed=True)
    return _element(_SIMPLE_BLOCK, place + bytes([_KEY if block.key else 0]) + block.data)


def _track(number: int, track: Track) -> bytes:
    picture = track.codec.kind is Kind.VIDEO
    parts = [
        _uint("d7", number),
        _uint("73c5", number),
        _uint("9c", 0),
        _uint("83", 1 if picture else 2),
        _string("86", _CODEC_ID[track.codec]),
    ]
    if picture:
        if track.shape is None:
            raise ValueError("a picture's track needs its shape")
        if track.shape.configuration:
            parts.append(_element(bytes.fromhex("63a2"), track.shape.configuration))
        size = (_uint("b0", track.shape.width), _uint("ba", track.shape.height))
        parts.append(_element(bytes.fromhex("e0"), *size))
    else:
        rate = _element(bytes.fromhex("b5"), bytes.fromhex("40e7700000000000"))  # 48000.0
        parts += [
            _element(bytes.fromhex("63a2"), _OPUS_HEAD),
            _uint("56aa", 0),
            _uint("56bb", _OPUS_PRE_ROLL_NS),
            _element(bytes.fromhex("e1"), rate, _uint("9f", 2)),
        ]
    return _element(b"\xae", *parts)


def _element(identity: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return identity + _size(len(content)) + content


def _size(length: int) -> bytes:
    """The shortest form of a length; all ones are kept for "unknown"."""
    for width in range(1, 9):
        if length < (1 << 7 * width) - 1:
            return (length | 1 << 7 * width).to_bytes(width, "big")
    raise ValueError("an element of more than 2^56 bytes")


def _number(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def _uint(identity: str, value: int) -> bytes:
    return _element(bytes.fromhex(identity), _number(value))


def _string(identity: str, value: str) -> bytes:
    return _element(bytes.fromhex(identity), value.encode("ascii"))


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a file of ours is whole: its bytes up to there, clusters, and the time of its last block."""

    whole_bytes: int
    clusters: int
    length_ms: int


def extent(path: Path) -> Extent:
    """Look how far a segment is whole, reading no frame.

    Raises:
        BadSegment: the file is not one of ours, or ends before its tracks.
    """
    with path.open("rb") as file:
        end = _pass_head(file)
        clusters = length_ms = 0
        while (body := _cluster_body(file)) is not None:
            length_ms = max([length_ms, *_times(body)])
            end, clusters = file.tell(), clusters + 1
    return Extent(end, clusters, length_ms)


def _pass_head(file: BinaryIO) -> int:
    for identity in (_EBML, _SEGMENT, _INFO, _TRACKS):
        if file.read(4) != identity:
            raise BadSegment("the file does not begin as our segments do")
        if identity == _SEGMENT:
            if file.read(8) != _UNKNOWN_SIZE:
                raise BadSegment("the file does not begin as our segments do")
            continue
        size = _read_size(file)
        if size is None or len(file.read(size)) < size:
            raise BadSegment("the file ends before its tracks")
    return file.tell()


def _cluster_body(file: BinaryIO) -> bytes | None:
    """The next cluster, None where no whole one follows."""
    if file.read(4) != _CLUSTER or (size := _read_size(file)) is None:
        return None
    body = file.read(size)
    return body if len(body) == size else None


def _times(body: bytes) -> Iterator[int]:
    first = at = 0
    while at < len(body):
        identity = body[at : at + 1]
        size, width = _size_in(body, at + 1)
        at += 1 + width
        if identity == _TIMESTAMP:
            first = int.from_bytes(body[at : at + size], "big")
        elif identity == _SIMPLE_BLOCK:
            yield first + int.from_bytes(body[at + 1 : at + 3], "big", signed=True)
        at += size


def _read_size(file: BinaryIO) -> int | None:
    start = file.read(1)
    if not start or not start[0]:
        return None
    rest = file.read(8 - start[0].bit_length())
    if len(rest) < 8 - start[0].bit_length():
        return None
    return _size_in(start + rest, 0)[0]


def _size_in(data: bytes, at: int) -> tuple[int, int]:
    """A length and the bytes it takes."""
    width = 9 - data[at].bit_length()
    return int.from_bytes(data[at : at + width], "big") & (1 << 7 * width) - 1, width
