"""Pictures and sound that nobody recorded: a moving picture that bears its sender and its time, and a tone.

For the drill, the tests and the benchmarks: who receives them can say whose they are and how old.
"""

import asyncio
import math
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame, VideoFrame

VIDEO_CLOCK: Final = 90_000
AUDIO_RATE: Final = 48_000
_AUDIO_SAMPLES: Final = AUDIO_RATE // 50  # 20 ms

# The stamp: two rows of cells across the top, each cell one bit: 8 of who, 32 of milliseconds, 8 of their sum.
_CELLS: Final = 24
_ROW_HEIGHT: Final = 16  # pixels; a block of the codecs


def wall_ms() -> int:
    """Milliseconds of the machine's clock, as a stamp has them."""
    return int(time.time() * 1000) & 0xFFFFFFFF


class MovingPicture(MediaStreamTrack):
    """A bar that wanders over a grey field, `fps` pictures a second, stamped with `who` (0-255) and the time.

    `grain` (0-100) strews noise over the field, so that an encoder has something to do.
    """

    kind = "video"

    def __init__(
        self,
        who: int = 0,
        *,
        width: int = 640,
        height: int = 480,
        fps: int = 15,
        grain: int = 0,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        super().__init__()
        self._who = who
        self._size = (width, height)
        self._fps = fps
        self._now_ms = now_ms
        self._number = 0
        self._grain = np.random.default_rng(who).integers(0, grain + 1, (height, width), dtype=np.uint8)
        self._pace = _Pace(1 / fps)

    async def recv(self) -> VideoFrame:
        await self._pace.next()
        width = self._size[0]
        field = np.roll(self._grain, self._number * 7, axis=1) + np.uint8(90 + self._who % 64)
        bar = self._number * 4 % width
        field[2 * _ROW_HEIGHT :, bar : bar + width // 16] = 220
        _write(field, self._who, self._now_ms())
        picture = VideoFrame.from_ndarray(np.stack([field] * 3, axis=2), format="rgb24")
        picture.pts = self._number * VIDEO_CLOCK // self._fps
        picture.time_base = Fraction(1, VIDEO_CLOCK)
        self._number += 1
        return picture


class Tone(MediaStreamTrack):
    """A steady sine."""

    kind = "audio"

    def __init__(self, hertz: float = 440.0, *, loudness: float = 0.3) -> None:
        super().__init__()
        self._step = 2 * math.pi * hertz / AUDIO_RATE
        self._loudness = loudness * 32767
        self._number = 0
        self._pace = _Pace(_AUDIO_SAMPLES / AUDIO_RATE)

    async def recv(self) -> AudioFrame:
        await self._pace.next()
        first = self._number * _AUDIO_SAMPLES
        samples = self._loudness * np.sin(self._step * np.arange(first, first + _AUDIO_SAMPLES))
        sound = AudioFrame.from_ndarray(samples.astype(np.int16).reshape(1, -1), format="s16", layout="mono")
        sound.sample_rate = AUDIO_RATE
        sound.pts = first
        sound.time_base = Fraction(1, AUDIO_RATE)
        self._number += 1
        return sound


def read_stamp(picture: VideoFrame) -> tuple[int, int] | None:
    """Who sent a picture and when (milliseconds as by `wall_ms`); None if its stamp cannot be read."""
    luma = picture.to_ndarray(format="gray")
    cell = luma.shape[1] / _CELLS
    middles = ((np.arange(_CELLS) + 0.5) * cell).astype(int)
    rows = [luma[row * _ROW_HEIGHT + _ROW_HEIGHT // 2, middles] > 127 for row in (0, 1)]
    octets = np.packbits(np.concatenate(rows)).tobytes()
    who, at, check = octets[0], int.from_bytes(octets[1:5], "big"), octets[5]
    return (who, at) if check == sum(octets[:5]) & 0xFF else None


def loudness(sound: AudioFrame) -> float:
    """Root mean square, of 1."""
    samples = sound.to_ndarray().astype(np.float64) / 32768
    return float(np.sqrt(np.mean(samples**2)))


def _write(field: np.ndarray[tuple[int, int], np.dtype[np.uint8]], who: int, at_ms: int) -> None:
    octets = bytes([who]) + at_ms.to_bytes(4, "big")
    bits = np.unpackbits(np.frombuffer(octets + bytes([sum(octets) & 0xFF]), np.uint8))
    edges = np.linspace(0, field.shape[1], _CELLS + 1).astype(int)
    for number, bit in enumerate(bits):
        row, column = divmod(number, _CELLS)
        field[row * _ROW_HEIGHT : (row + 1) * _ROW_HEIGHT, edges[column] : edges[column + 1]] = 235 if bit else 16


class _Pace:
    """Returns every so many seconds; one that was held up does not hurry to catch up."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next: float | None = None

    async def next(self) -> None:
        now = time.monotonic()
        if self._next is None:
            self._next = now
        self._next = max(self._next + self._every_s, now - self._every_s)
        await asyncio.sleep(max(0.0, self._next - now))
