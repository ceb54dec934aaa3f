"""Real encoded media for tests: aiortc's own encoders, whose payloads are what goes over the wire."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.opus import OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder
from av.video.frame import VideoFrame

from video.recording.frames import Codec, EncodedFrame, read_frame

SAMPLES = 960  # 20 ms of Opus


def picture(number: int, width: int = 320, height: int = 240) -> VideoFrame:
    """A picture that differs from every other one: a bar that moves over a slope."""
    grey = np.add.outer(np.arange(height), np.arange(width)) // 4 % 200
    grey[:, number * 7 % width : number * 7 % width + 8] = 255
    frame = VideoFrame.from_ndarray(np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2), format="rgb24")
    return frame.reformat(format="yuv420p")


def encoded_pictures(
    codec: Codec,
    count: int,
    *,
    fps: int = 15,
    width: int = 320,
    height: int = 240,
    keys: frozenset[int] = frozenset({0}),
) -> list[EncodedFrame]:
    """`count` frames out of their payloads, key frames where asked; ticks of 90 kHz from 1000."""
    encoder = Vp8Encoder() if codec is Codec.VP8 else H264Encoder()
    frames = []
    for number in range(count):
        shot = picture(number, width, height)
        shot.pts, shot.time_base = number * 90_000 // fps, Fraction(1, 90_000)
        payloads, _ = encoder.encode(shot, force_keyframe=number in keys)
        frames.append(read_frame(codec, payloads, 1000 + number * 90_000 // fps))
    return frames


def encoded_sound(count: int) -> list[EncodedFrame]:
    """`count` packets of 20 ms of a tone; ticks of 48 kHz from 5000."""
    encoder = OpusEncoder()
    packets: list[EncodedFrame] = []
    number = 0
    while len(packets) < count:
        wave = 8000 * np.sin(np.arange(number * SAMPLES, (number + 1) * SAMPLES) * 2 * np.pi * 440 / 48_000)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave.astype(np.int16), 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * SAMPLES, Fraction(1, 48_000)
        for payload in encoder.encode(frame)[0]:
            packets.append(read_frame(Codec.OPUS, [payload], 5000 + len(packets) * SAMPLES))
        number += 1
    return packets[:count]


@dataclass(frozen=True)
class Packets:
    """What a file holds: packets' bytes and times by kind, as another reader (FFmpeg) finds them."""

    pictures: list[bytes]
    picture_times_s: list[float]
    sounds: list[bytes]
    sound_times_s: list[float]


def packets_in(path: Path) -> Packets:
    with av.open(str(path)) as container:
        found = Packets([], [], [], [])
        for packet in container.demux():
            if packet.size == 0 or packet.pts is None:
                continue
            at = float(packet.pts * packet.time_base)
            if packet.stream.type == "video":
                found.pictures.append(bytes(packet))
                found.picture_times_s.append(at)
            else:
                found.sounds.append(bytes(packet))
                found.sound_times_s.append(at)
    return found


def decoded_pictures(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="gray")


def decoded_sound_s(path: Path) -> float:
    """Seconds of sound that really decode."""
    with av.open(str(path)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
