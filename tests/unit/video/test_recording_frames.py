"""Frames out of RTP payloads: what a file's header needs of them is read, and damage has one name."""

from contextlib import suppress
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import encoded_pictures, encoded_sound, picture
from video.recording import h264
from video.recording.errors import BadPicture
from video.recording.frames import Codec, Shape, read_frame


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 360), (178, 98)])
def test_a_key_frame_says_its_size(codec: Codec, width: int, height: int) -> None:
    first, second = encoded_pictures(codec, 2, width=width, height=height)
    assert first.key
    assert first.shape is not None
    assert (first.shape.width, first.shape.height) == (width, height)
    assert not second.key
    assert second.shape is None


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (320, 240), (130, 66)])
def test_the_size_of_every_usual_h264_profile_is_read(profile: str, width: int, height: int) -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = encoder.time_base = Fraction(1, 1)
    encoder.profile = profile.capitalize()
    encoder.options = {"preset": "ultrafast"}
    shot = picture(0, width, height)
    shot.pts, shot.time_base = 0, Fraction(1, 1)
    written = b"".join(map(bytes, [*encoder.encode(shot), *encoder.encode(None)]))
    sets = [unit for unit in h264.units_of(written) if h264.kind_of(unit) == h264.SPS]
    assert h264.size_in(sets[0]) == (width, height)


def test_the_decoder_configuration_is_the_one_that_ffmpeg_makes(tmp_path) -> None:
    frame = encoded_pictures(Codec.H264, 1)[0]
    assert frame.shape is not None
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = frame.shape.configuration
    decoder.open()
    pictures = decoder.decode(av.Packet(frame.data)) + decoder.decode(None)
    assert [(one.width, one.height) for one in pictures] == [(320, 240)]


def test_an_h264_key_frame_without_its_parameter_sets_is_no_place_to_begin() -> None:
    frame = encoded_pictures(Codec.H264, 1)[0]
    units, at = [], 0
    while at < len(frame.data):
        length = int.from_bytes(frame.data[at : at + 4], "big")
        units.append(frame.data[at + 4 : at + 4 + length])
        at += 4 + length
    pieces = [unit for unit in units if h264.kind_of(unit) == h264.IDR]
    assert pieces
    assert not read_frame(Codec.H264, pieces, 0).key


def test_a_packet_of_sound_is_a_frame_as_it_is() -> None:
    assert all(packet.key and packet.shape is None and packet.data for packet in encoded_sound(3))


def test_a_vp8_key_frame_without_start_code_or_size_is_refused() -> None:
    head = b"\x10" + b"\x00\x00\x00"
    assert read_frame(Codec.VP8, [head + b"\x9d\x01\x2a\x40\x01\xf0\x40"], 0).shape == Shape(320, 240)
    for damaged in (b"\x9d\x01\x2b\x40\x01\xf0\x00", b"\x9d\x01\x2a\x00\x00\xf0\x00", b"\x9d\x01\x2a\x40"):
        with pytest.raises(BadPicture):
            read_frame(Codec.VP8, [head + damaged], 0)


@given(st.sampled_from(list(Codec)), st.lists(st.binary(max_size=60), max_size=4))
def test_whatever_bytes_come_only_a_bad_picture_comes_out(codec: Codec, payloads: list[bytes]) -> None:
    with suppress(BadPicture):
        read_frame(codec, payloads, 0)


@given(st.binary(max_size=80))
def test_a_damaged_parameter_set_is_a_bad_picture(data: bytes) -> None:
    try:
        width, height = h264.size_in(data)
    except BadPicture:
        return
    assert 0 < width <= 16_384
    assert 0 < height <= 16_384
