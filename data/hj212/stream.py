"""Frames out of a TCP byte stream, which knows no frames: glued, in pieces, with noise between.

Trust, in this order: the declared length when a line end or a right checksum stands where it leads; else the next line
end; else the next `##` with a digit. A damaged frame is handed on as it came, for `Frame.parse` to refuse with a
reason, and never takes the frame after it along.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.hj212.crc import crc16

LONGEST_FRAME = 8192
"""Bytes after which an unfinished frame is given up: eight times what the standard allows, and our bound on memory."""

_START = re.compile(rb"##\d")
_DIGITS = re.compile(rb"\d{1,4}")
_HEX4 = re.compile(rb"[0-9A-Fa-f]{4}")
_SEAL_SIZE = 4


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that belong to no frame."""

    data: bytes
    reason: str


class FrameScanner:
    """Cuts one connection's bytes into frames; holds at most one unfinished frame or `LONGEST_FRAME` bytes of noise."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._consumed = 0
        self.at = 0
        """Offset, in bytes since the first `feed`, of the item that was yielded last."""

    @property
    def held(self) -> int:
        """Bytes waiting for more."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes | Garbage]:
        """Yield what is complete now: frames with the line end they came with, and noise. Consume it to the end."""
        self._buffer += data
        yield from self._cut(final=False)

    def flush(self) -> Iterator[bytes | Garbage]:
        """Yield what is left when nothing more will come; a last frame may lack its line end."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[bytes | Garbage]:
        buffer, place = self._buffer, 0
        try:
            while place < len(buffer):
                start = self._next_start(place)
                if start > place:
                    end = start if start < len(buffer) or final else self._noise_end(place)
                    if end == place:
                        break
                    noise = bytes(buffer[place:end])
                    begin, place = place, end
                    if noise.strip(b"\r\n \t\0"):
                        self.at = self._consumed + begin
                        yield Garbage(noise, "bytes before a frame start (## and a length)")
                    continue
                frame_end = self._frame_end(start, final=final)
                if frame_end is None:
                    break
                piece = bytes(buffer[start:frame_end])
                place = frame_end
                self.at = self._consumed + start
                if len(piece) >= LONGEST_FRAME:
                    yield Garbage(piece, f"no line end within {LONGEST_FRAME} bytes of a frame start")
                else:
                    yield piece
        finally:
            del buffer[:place]
            self._consumed += place

    def _next_start(self, place: int) -> int:
        found = _START.search(self._buffer, place)
        return found.start() if found else len(self._buffer)

    def _noise_end(self, place: int) -> int:
        """Return how far noise may be let go. It is gathered first, so that it is reported in bulk."""
        buffer = self._buffer
        end = len(buffer)
        while end > place and end > len(buffer) - 2 and buffer[end - 1] == ord("#"):
            end -= 1  # may be the first half of a start
        if end - place >= LONGEST_FRAME or not bytes(buffer[place:end]).strip(b"\r\n \t\0"):
            return end
        return place

    def _frame_end(self, start: int, *, final: bool) -> int | None:
        """Return the end of the frame that begins at `start`, or None when that cannot be known yet."""
        buffer = self._buffer
        by_length = self._end_by_length(start)
        if by_length is not None:
            return by_length
        limit = start + LONGEST_FRAME
        line_end = buffer.find(b"\n", start, limit)
        # Two bytes past the limit, so that a start on the limit itself is not cut in half.
        other = _START.search(buffer, start + 2, line_end if line_end >= 0 else limit + 2)
        if line_end >= 0:
            return other.start() if other else line_end + 1
        if other and (final or self._length_is_reached(start)):
            return other.start()
        if len(buffer) > limit:
            return other.start() if other else limit
        return len(buffer) if final else None

    def _end_by_length(self, start: int) -> int | None:
        buffer = self._buffer
        begin, end = self._declared(start)
        if len(buffer) < end or end - start > LONGEST_FRAME:
            return None
        has_line_end = buffer[end : end + 2] == b"\r\n"
        # A start inside means a wrong length that swallows the next frame, unless the checksum says otherwise;
        # a start after a line end inside means it in any case.
        inner = _START.search(buffer, start + 2, end)
        if inner and buffer[inner.start() - 1] == ord("\n"):
            return None
        if has_line_end and not inner and buffer.find(b"\n", start, end) < 0:
            return end + 2
        seal = bytes(buffer[end - _SEAL_SIZE : end])
        if _HEX4.fullmatch(seal) and int(seal, 16) == crc16(bytes(buffer[begin : end - _SEAL_SIZE])):
            return end + 2 if has_line_end else end
        return None

    def _declared(self, start: int) -> tuple[int, int]:
        """Return where the segment begins and where the checksum ends, if the length is right."""
        digits = _DIGITS.match(self._buffer, start + 2)
        assert digits is not None  # noqa: S101 - _START has seen one
        return digits.end(), digits.end() + int(digits[0]) + _SEAL_SIZE

    def _length_is_reached(self, start: int) -> bool:
        return len(self._buffer) >= self._declared(start)[1]
