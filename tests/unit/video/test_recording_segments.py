"""Segments as another reader finds them: every packet bit for bit, cut at key frames, whole up to where they end."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media import decoded_pictures, decoded_sound_s, encoded_pictures, encoded_sound, packets_in
from video.engine import Kind
from video.recording.clock import TrackClock
from video.recording.copies import write_seekable
from video.recording.errors import BadSegment
from video.recording.frames import Codec, EncodedFrame
from video.recording.matroska import Track, extent, suffix
from video.recording.reel import Lengths, Reel
from video.recording.segment import Segment

BEGAN = 1_790_000_000.0  # seconds since 1970, a whole second


class Folder:
    """Where a reel's segments go in a test, with what it was asked and told."""

    def __init__(self, path: Path, lengths: Lengths | None = None) -> None:
        self.path = path
        self.begun: list[Path] = []
        self.closed: list[Segment] = []
        self.asked = 0
        self.reel = Reel(self._begin, self._close, self._ask, lengths=lengths or Lengths())

    def _begin(self, tracks: Sequence[Track], started_at: datetime) -> tuple[int, Path]:
        path = self.path / f"{len(self.begun) + 1:05d}{suffix(tracks)}"
        self.begun.append(path)
        return len(self.begun), path

    def _close(self, segment: Segment) -> None:
        segment.close()
        self.closed.append(segment)

    def _ask(self) -> None:
        self.asked += 1


def times(frames: Sequence[EncodedFrame], *, first_s: float = 0.0) -> list[tuple[EncodedFrame, float]]:
    """Frames with when they arrive, on a network that delays nothing."""
    began = frames[0].timestamp
    return [(one, BEGAN + first_s + (one.timestamp - began) / one.codec.clock_rate) for one in frames]


def play(folder: Folder, *streams: list[tuple[EncodedFrame, float]]) -> None:
    for frame, at_s in sorted((one for stream in streams for one in stream), key=lambda one: one[1]):
        folder.reel.tick(at_s)
        folder.reel.take(frame, at_s)


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
def test_another_reader_finds_every_packet_as_it_came(tmp_path: Path, codec: Codec) -> None:
    folder = Folder(tmp_path)
    pictures, sounds = encoded_pictures(codec, 45), encoded_sound(150)
    play(folder, times(pictures), times(sounds))
    folder.reel.close()
    (path,) = folder.begun
    assert path.suffix == (".webm" if codec is Codec.VP8 else ".mkv")
    found = packets_in(path)
    assert found.pictures == [one.data for one in pictures]
    assert found.sounds == [one.data for one in sounds]
    assert found.picture_times_s == pytest.approx([number / 15 for number in range(45)], abs=0.0006)
    assert found.sound_times_s == pytest.approx([number / 50 for number in range(150)], abs=0.0006)
    assert len(list(decoded_pictures(path))) == 45
    assert decoded_sound_s(path) == pytest.approx(3.0, abs=0.05)
    (segment,) = folder.closed
    assert segment.started_at.timestamp() == BEGAN
    assert segment.ended_at.timestamp() == pytest.approx(BEGAN + 2.98, abs=0.001)


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
def test_pictures_decode_to_what_was_sent(tmp_path: Path, codec: Codec) -> None:
    """Against a decoder that never saw a file: not one pixel differs."""
    folder = Folder(tmp_path)
    pictures = encoded_pictures(codec, 30)
    play(folder, times(pictures))
    folder.reel.close()
    decoder = av.CodecContext.create("libvpx" if codec is Codec.VP8 else "h264", "r")
    if pictures[0].shape is not None and pictures[0].shape.configuration:
        decoder.extradata = pictures[0].shape.configuration
    direct = [one for frame in pictures for one in decoder.decode(av.Packet(frame.data))] + decoder.decode(None)
    stored = list(decoded_pictures(folder.begun[0]))
    assert len(stored) == len(direct) == 30
    assert all(np.array_equal(a, b.to_ndarray(format="gray")) for a, b in zip(stored, direct, strict=True))


def test_a_new_segment_begins_at_a_key_frame_that_was_asked_for_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = Folder(tmp_path, Lengths(segment_s=2.0))
    pictures = encoded_pictures(Codec.VP8, 90, keys=frozenset({0, 33, 66}))
    sounds = encoded_sound(300)
    play(folder, times(pictures), times(sounds))
    folder.reel.close()
    found = [packets_in(path) for path in folder.begun]
    assert [len(one.pictures) for one in found] == [33, 33, 24]
    assert folder.asked >= 2
    assert [data for one in found for data in one.pictures] == [one.data for one in pictures]
    assert [data for one in found for data in one.sounds] == [one.data for one in sounds]
    for path in folder.begun:
        assert len(list(decoded_pictures(path))) == len(packets_in(path).pictures)
    assert [segment.started_at.timestamp() - BEGAN for segment in folder.closed] == pytest.approx(
        [0.0, 2.2, 4.4], abs=0.021
    )


def test_without_a_key_frame_a_segment_goes_on(tmp_path: Path) -> None:
    folder = Folder(tmp_path, Lengths(segment_s=1.0))
    pictures = encoded_pictures(Codec.VP8, 75)
    play(folder, times(pictures))
    folder.reel.close()
    assert len(folder.begun) == 1
    assert folder.asked >= 3
    assert packets_in(folder.begun[0]).pictures == [one.data for one in pictures]


def test_another_size_begins_another_segment(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    small = encoded_pictures(Codec.VP8, 15)
    large = encoded_pictures(Codec.VP8, 15, width=640, height=480)
    large = [EncodedFrame(f.codec, f.data, f.timestamp + 90_000, f.key, f.shape) for f in large]
    play(folder, times([*small, *large]))
    folder.reel.close()
    shapes = [next(decoded_pictures(path)).shape for path in folder.begun]
    assert shapes == [(240, 320), (480, 640)]


def test_pictures_before_the_first_key_frame_are_asked_for_anew_and_the_sound_before_it_is_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    pictures = encoded_pictures(Codec.VP8, 30, keys=frozenset({0, 12}))
    sounds = encoded_sound(100)
    play(folder, times(pictures)[3:], times(sounds))
    folder.reel.close()
    assert folder.asked == 1
    found = packets_in(folder.begun[0])
    assert found.pictures == [one.data for one in pictures[12:]]
    assert found.sounds == [one.data for one in sounds]
    assert found.picture_times_s[0] == pytest.approx(0.8, abs=0.001)


def test_sound_alone_is_recorded_and_a_picture_that_comes_later_begins_a_segment(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    pictures, sounds = encoded_pictures(Codec.VP8, 15), encoded_sound(300)
    play(folder, times(sounds), times(pictures, first_s=4.5))
    folder.reel.close()
    first, second = (packets_in(path) for path in folder.begun)
    assert first.pictures == []
    assert second.pictures == [one.data for one in pictures]
    assert first.sounds + second.sounds == [one.data for one in sounds]


def test_sound_that_comes_later_is_held_until_it_has_its_track(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    pictures, sounds = encoded_pictures(Codec.VP8, 60, keys=frozenset({0, 40})), encoded_sound(100)
    play(folder, times(pictures), times(sounds, first_s=2.0))
    folder.reel.close()
    first, second = (packets_in(path) for path in folder.begun)
    assert first.sounds == []
    assert second.sounds == [one.data for one in sounds]
    assert first.pictures + second.pictures == [one.data for one in pictures]
    assert folder.asked >= 1


def test_a_numbering_that_begins_anew_begins_a_segment(tmp_path: Path) -> None:
    """A rebuilt leg counts from another number: times must neither jump nor run backwards."""
    folder = Folder(tmp_path)
    pictures = encoded_pictures(Codec.VP8, 15)
    again = [EncodedFrame(f.codec, f.data, (f.timestamp + 3_000_000_000) % 2**32, f.key, f.shape) for f in pictures]
    play(folder, times(pictures), [(f, at) for f, (_, at) in zip(again, times(pictures, first_s=1.5), strict=True)])
    folder.reel.close()
    assert [len(packets_in(path).pictures) for path in folder.begun] == [15, 15]
    assert folder.closed[1].started_at.timestamp() - BEGAN == pytest.approx(1.5, abs=0.001)


def test_silence_ends_a_segment(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    play(folder, times(encoded_pictures(Codec.VP8, 15)))
    folder.reel.tick(BEGAN + 9)
    assert not folder.closed
    folder.reel.tick(BEGAN + 12)
    assert len(folder.closed) == 1
    assert folder.closed[0].bytes == folder.begun[0].stat().st_size


def test_at_most_a_second_is_held_in_memory(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for frame, at_s in sorted(
        times(encoded_pictures(Codec.VP8, 60)) + times(encoded_sound(200)), key=lambda one: one[1]
    ):
        folder.reel.take(frame, at_s)
        folder.reel.tick(at_s)
        if at_s - BEGAN > 1.5:
            assert at_s - BEGAN - extent(folder.begun[0]).length_ms / 1000 <= 1.1


def test_a_file_that_ends_anywhere_is_read_up_to_its_last_whole_cluster(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    play(folder, times(encoded_pictures(Codec.VP8, 75, width=96, height=64)), times(encoded_sound(250)))
    folder.reel.close()
    whole = folder.begun[0].read_bytes()
    all_of_it = extent(folder.begun[0])
    assert all_of_it.whole_bytes == len(whole)
    assert all_of_it.clusters >= 5
    torn = tmp_path / "torn.webm"
    lengths = []
    for end in range(400, len(whole), max(1, len(whole) // 150)):
        torn.write_bytes(whole[:end])
        reach = extent(torn)
        assert reach.whole_bytes <= end
        lengths.append(reach.length_ms)
        if reach.clusters:
            seen = packets_in(torn)
            assert max(seen.picture_times_s) >= reach.length_ms / 1000 - 0.1
    assert lengths == sorted(lengths)
    assert lengths[-1] >= 3_900


def test_a_file_that_is_no_segment_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "x.webm"
    for data in (b"", b"\x1a\x45\xdf\xa3", b"RIFF....", b"\x1a\x45\xdf\xa3\x81\x00\x18\x53\x80\x67" + b"\0" * 9):
        path.write_bytes(data)
        with pytest.raises(BadSegment):
            extent(path)


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
def test_the_copy_can_be_sought_in_and_has_the_same_packets(tmp_path: Path, codec: Codec) -> None:
    folder = Folder(tmp_path)
    play(folder, times(encoded_pictures(codec, 60, keys=frozenset({0, 30}))), times(encoded_sound(200)))
    folder.reel.close()
    original, copy = folder.begun[0], tmp_path / "copies" / folder.begun[0].name
    before = original.read_bytes()
    write_seekable(original, copy)
    assert original.read_bytes() == before
    assert packets_in(copy).pictures == packets_in(original).pictures
    assert packets_in(copy).sounds == packets_in(original).sounds
    with av.open(str(original)) as container:
        assert container.duration is None
    with av.open(str(copy)) as container:
        assert container.duration / 1e6 == pytest.approx(4.0, abs=0.1)
        container.seek(3_000_000)
        assert float(next(container.decode(video=0)).time) == pytest.approx(2.0, abs=0.01)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_torn_segment_is_copied_up_to_where_it_is_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    play(folder, times(encoded_pictures(Codec.VP8, 60)), times(encoded_sound(200)))
    folder.reel.close()
    torn = tmp_path / "torn.webm"
    torn.write_bytes(folder.begun[0].read_bytes()[:-777])
    write_seekable(torn, tmp_path / "copy.webm")
    assert len(list(decoded_pictures(tmp_path / "copy.webm"))) >= 45


def test_what_cannot_be_copied_leaves_nothing_behind(tmp_path: Path) -> None:
    bad = tmp_path / "bad.webm"
    bad.write_bytes(b"no segment at all")
    with pytest.raises(BadSegment):
        write_seekable(bad, tmp_path / "copies" / "bad.webm")
    assert not list((tmp_path / "copies").iterdir())


def test_the_clock_takes_the_quickest_frame_for_its_anchor_and_follows_a_sender_that_runs_fast() -> None:
    clock = TrackClock(90_000)
    delays = [0.4, 0.05, 0.2, 0.05]
    for number, delay in enumerate(delays):
        assert clock.take(number * 90_000, 100.0 + number + delay)
    clock.settle()
    assert clock.at_s(3 * 90_000) == pytest.approx(103.05)
    fast = [(number, 100.0 + number * 0.999) for number in range(4, 200)]  # it says a second and takes 0.999 s
    for number, arrived_s in fast:
        assert clock.take(number * 90_000, arrived_s)
        if number % 60 == 0:
            clock.settle()
            assert abs(clock.at_s(number * 90_000) - arrived_s) <= 0.06


def test_the_clock_goes_on_over_the_end_of_the_numbers() -> None:
    clock = TrackClock(48_000)
    seen = []
    for number in range(10):
        assert clock.take((2**32 - 4800 + number * 960) % 2**32, 50.0 + number * 0.02)
        seen.append(clock.at_s((2**32 - 4800 + number * 960) % 2**32))
    assert all(b - a == pytest.approx(0.02) for a, b in pairwise(seen))


def test_a_track_has_what_its_kind_needs() -> None:
    assert Codec.OPUS.kind is Kind.AUDIO
    assert suffix([Track(Codec.H264), Track(Codec.OPUS)]) == ".mkv"
