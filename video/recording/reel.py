"""One participant's sound and pictures, cut into segments.

    reel = Reel(begin, closed, ask_key)
    reel.take(frame, arrived_s)      each frame, as it comes
    reel.tick(now_s)                 a few times a second, also when nothing comes
    reel.interrupt()                 what comes now is numbered anew: another connection
    reel.close()

A segment begins at a key frame; its tracks never change. So a new one begins when the old is long enough, when the
picture gets another size or codec, when a track is added, and when a sender's numbering begins anew. While no picture
comes at all the sound is written alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from video.engine import Kind
from video.recording.clock import TrackClock
from video.recording.frames import Codec, EncodedFrame
from video.recording.matroska import Track
from video.recording.segment import FLUSH_S, Begin, Segment

_ASK_EVERY_S: Final = 1.0
_HELD_AT_MOST: Final = 2_000  # frames before a segment begins; 3 s of 60 pictures and 50 packets a second are 330


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long things take, in seconds.

    segment_s: after this a new segment begins at the next key frame, which is asked for.
    settle_s: how long the first frames are held, to find the one that took least time on its way.
    picture_s: how long sound waits for a picture before it is written alone.
    silence_s: with nothing for so long the segment is over.
    """

    segment_s: float = 60.0
    flush_s: float = FLUSH_S
    settle_s: float = 0.5
    picture_s: float = 3.0
    silence_s: float = 10.0


USUAL: Final = Lengths()


class Reel:
    """Writes one publication; not safe for threads."""

    def __init__(
        self,
        begin: Begin,
        closed: Callable[[Segment], None],
        ask_key: Callable[[], None],
        *,
        lengths: Lengths = USUAL,
    ) -> None:
        self._begin = begin
        self._closed = closed
        self._ask_key = ask_key
        self._lengths = lengths
        self._clocks: dict[Codec, TrackClock] = {}
        self._segment: Segment | None = None
        self._waiting: list[tuple[EncodedFrame, float]] = []
        self._asked_s = self._flushed_s = float("-inf")
        self._came_s: dict[Kind, float] = {}

    def take(self, frame: EncodedFrame, arrived_s: float) -> None:
        """Take a frame that came at `arrived_s` on the server's clock."""
        self._came_s[frame.codec.kind] = arrived_s
        clock = self._clocks.setdefault(frame.codec, TrackClock(frame.codec.clock_rate))
        if not clock.take(frame.timestamp, arrived_s):
            self._cut()
        if self._segment is None:
            self._wait(frame, arrived_s)
        else:
            self._write(self._segment, frame, arrived_s)

    def tick(self, now_s: float) -> None:
        """What time brings: a first segment, a flush, a key frame to ask for, an end."""
        if self._segment is None:
            self._begin_if_ready(now_s)
            return
        if now_s - self._flushed_s >= self._lengths.flush_s:
            self._segment.flush()
            self._flushed_s = now_s
        if all(now_s - came >= self._lengths.silence_s for came in self._came_s.values()):
            self._cut()
        elif self._is_long(self._segment, now_s):
            if self._comes(Kind.VIDEO, now_s):
                self._ask(now_s)
            else:
                self._cut()  # nothing to wait for: the sound goes on in the next one

    def close(self) -> None:
        """Write what is there, also what waits for a picture that will not come now."""
        if self._segment is None and self._waiting:
            self._begin_segment()
        self._cut()

    def abandon(self) -> None:
        """Leave the segment as it lies there: it cannot be written to any more."""
        if self._segment is not None:
            self._segment.abandon()
        self._segment, self._waiting = None, []

    def interrupt(self) -> None:
        """End the segment: what comes from now on has other numbers, and a part between may be missing."""
        self.close()
        self._clocks.clear()
        self._came_s.clear()

    def _write(self, segment: Segment, frame: EncodedFrame, arrived_s: float) -> None:
        at_s = self._clocks[frame.codec].at_s(frame.timestamp)
        track = segment.track(frame.codec.kind)
        if frame.codec.kind is Kind.VIDEO and frame.key:
            other = track is None or (track.codec, track.shape) != (frame.codec, frame.shape)
            if other or self._waiting or self._is_long(segment, at_s):
                self._begin_next(frame, arrived_s)
                return
        if track is not None and track.codec is frame.codec:
            segment.add(frame, at_s)
        elif frame.codec.kind is Kind.AUDIO and segment.has(Kind.VIDEO):
            self._hold(frame, arrived_s)  # sound is new here: it has its track from the next key frame on
            self._ask(arrived_s)
        else:
            self._ask(arrived_s)

    def _begin_next(self, key: EncodedFrame, arrived_s: float) -> None:
        waiting = self._waiting
        self._cut()
        self._waiting = [*waiting, (key, arrived_s)]
        self._begin_segment()

    def _wait(self, frame: EncodedFrame, arrived_s: float) -> None:
        if frame.codec.kind is Kind.VIDEO and not frame.key and self._first_key_s() is None:
            self._ask(arrived_s)  # a picture that needs another one that nobody has
        else:
            self._hold(frame, arrived_s)
        self._begin_if_ready(arrived_s)

    def _hold(self, frame: EncodedFrame, arrived_s: float) -> None:
        self._waiting.append((frame, arrived_s))
        del self._waiting[:-_HELD_AT_MOST]

    def _begin_if_ready(self, now_s: float) -> None:
        if not self._waiting:
            return
        key_s = self._first_key_s()
        if key_s is not None:
            ready = now_s - key_s >= self._lengths.settle_s
        else:
            ready = now_s - self._waiting[0][1] >= self._lengths.picture_s
        if ready:
            self._begin_segment()

    def _begin_segment(self) -> None:
        waiting, self._waiting = self._waiting, []
        for clock in self._clocks.values():
            clock.settle()
        self._segment = Segment(self._tracks(waiting), self._begin, flush_s=self._lengths.flush_s)
        self._flushed_s = waiting[-1][1]
        for frame, arrived_s in waiting:
            self._write(self._segment, frame, arrived_s)

    def _tracks(self, waiting: list[tuple[EncodedFrame, float]]) -> list[Track]:
        """One track a kind. Sound that comes at all has its track, also when the next of it is still on its way."""
        key = next((frame for frame, _ in waiting if frame.shape is not None), None)
        tracks = [] if key is None else [Track(key.codec, key.shape)]
        now_s = waiting[-1][1]
        if self._comes(Kind.AUDIO, now_s) or any(frame.codec is Codec.OPUS for frame, _ in waiting):
            tracks.append(Track(Codec.OPUS))
        return tracks

    def _cut(self) -> None:
        segment, self._segment, self._waiting = self._segment, None, []
        if segment is not None:
            self._closed(segment)

    def _ask(self, now_s: float) -> None:
        if now_s - self._asked_s >= _ASK_EVERY_S:
            self._asked_s = now_s
            self._ask_key()

    def _comes(self, kind: Kind, now_s: float) -> bool:
        return now_s - self._came_s.get(kind, float("-inf")) < self._lengths.picture_s

    def _first_key_s(self) -> float | None:
        return next((came for frame, came in self._waiting if frame.shape is not None), None)

    def _is_long(self, segment: Segment, at_s: float) -> bool:
        return segment.path is not None and at_s - segment.started_at.timestamp() >= self._lengths.segment_s
