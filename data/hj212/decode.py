"""Explain a file or pipe of frames, one JSON object a frame: the command `onemap hj212 decode`."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, BinaryIO

from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from data.hj212.stream import FrameScanner, Garbage

_CHUNK = 64 * 1024
_SHOWN = 60  # bytes of noise quoted in an error


def decode_lines(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield one JSON-ready object for every frame, good or bad, and for every stretch of other bytes.

    Line ends may be CR LF, LF or missing. Memory use does not grow with the file. `error` says what is wrong and at
    which byte of the input; `crc_in_frame` is as sent, `crc_computed` four upper-case hex digits.
    """
    scanner = FrameScanner()
    chunk = stream.read(_CHUNK)
    marked = len(BOM_UTF8) if chunk.startswith(BOM_UTF8) else 0  # editors put one before a text file
    data = chunk[marked:]
    while chunk:
        for item in scanner.feed(data):
            yield _explain(item, marked + scanner.at)
        data = chunk = stream.read(_CHUNK)
    for item in scanner.flush():
        yield _explain(item, marked + scanner.at)


def _explain(item: bytes | Garbage, at: int) -> dict[str, Any]:
    if isinstance(item, Garbage):
        quoted = item.data[:_SHOWN].decode("utf-8", errors="backslashreplace")
        return _row(error=f"at byte {at}: {len(item.data)} bytes that are no frame, {item.reason}: {quoted!r}")
    try:
        frame = Frame.parse(item)
    except FrameError as error:
        return _row(
            error=f"at byte {at}: {error.kind}: {error}",
            crc_in_frame=error.crc_in_frame,
            crc_computed=error.crc_computed,
        )
    return _row(
        ok=True,
        dialect=frame.dialect,
        qn=frame.qn,
        st=frame.st,
        cn=frame.cn,
        mn=frame.mn,
        flag=frame.flag,
        cp=frame.cp,
        factors={code: dict(fields) for code, fields in frame.factors.items()},
        crc_in_frame=frame.crc_in_frame,
        crc_computed=frame.crc_computed,
        warnings=list(frame.warnings),
    )


def _row(**known: Any) -> dict[str, Any]:
    """Return an object with every key of the contract, in its order; what is not known is null."""
    row: dict[str, Any] = {"ok": False, "error": None, "dialect": None, "qn": None, "st": None, "cn": None, "mn": None}
    row |= {"flag": None, "cp": None, "factors": {}, "crc_in_frame": None, "crc_computed": None, "warnings": []}
    return row | known
