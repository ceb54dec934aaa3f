"""A second file of a sealed segment that players can seek in; the original is left as it is.

A segment is written only forwards, so it knows neither its length nor where its clusters lie. The copy has the same
packets, bit for bit, in another order of bytes, with length and cues before them. It is for convenience, no evidence.
"""

from pathlib import Path

import av
import av.error

from video.recording.errors import BadSegment


def write_seekable(segment: Path, copy: Path) -> None:
    """Write `copy`, whole or not at all.

    Raises:
        BadSegment: there is nothing in the segment that can be copied.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    partial = copy.with_name(f".{copy.name}")
    try:
        _remux(segment, partial)
        partial.replace(copy)
    except av.error.FFmpegError as problem:
        raise BadSegment(f"{segment.name} cannot be copied: {problem.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def _remux(source: Path, target: Path) -> None:
    form = "webm" if source.suffix == ".webm" else "matroska"
    room_for_cues = {"cues_to_front": "1"}
    with av.open(str(source)) as read, av.open(str(target), "w", format=form, options=room_for_cues) as written:
        streams = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        copied = 0
        for packet in read.demux():
            if packet.dts is None or packet.size == 0:
                continue  # the demuxer's word for the end
            packet.stream = streams[packet.stream.index]
            written.mux_one(packet)
            copied += 1
        if not copied:
            raise BadSegment(f"{source.name} has no packet")
