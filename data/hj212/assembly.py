"""Split uploads (分包): one message in several frames, PNO 1 … PNUM, each with its own QN and its own acknowledgement.

A piece has to be stored before it is acknowledged, and many loggers send the next one only then; so nothing may wait
for the pieces that follow. Each piece is therefore made readable on its own, from what came *before* it:

- a piece that names its DataTime and begins with a name is whole already and passes as it is;
- a piece without DataTime inherits the one of the piece before it (same MN, ST, CN, PNUM; PNO one less);
- a piece that goes on in the middle of an item also gets the factor that the piece before it broke off. That factor's
  reading is then stored a second time, complete, and replaces the broken one, as any later packet does. Until then a
  plain decimal that was cut reads too small, so it raises no false alarm of an upper limit.

A piece whose predecessor never came passes as it is and yields no reading: without DataTime there is nothing to say.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.hj212.frame import Frame

REMEMBERED = 10_000
"""Devices whose last piece is kept in mind, some 1 KiB each."""

PATIENCE = timedelta(minutes=10)
"""A piece later than this after the one before it belongs to another message."""

_BEGINS_WITH_NAME = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9]+)=")

_Key = tuple[str | None, str | None, str, int | None]


@dataclass(frozen=True, slots=True)
class _Before:
    """What the next piece may need: the common time, and the text after the last `;`."""

    pno: int
    data_time: str | None
    tail: str
    received_at: datetime
    previous: tuple[str | None, str] | None
    """The (data_time, tail) that this piece itself was mended with, for when the device sends it again."""


class Assembler:
    """Mends the pieces of split uploads, whichever connection they come on."""

    def __init__(self) -> None:
        self._last: OrderedDict[_Key, _Before] = OrderedDict()

    def mend(self, frame: Frame, received_at: datetime) -> Frame:
        """Return the frame with a CP that can be read on its own; the same object when it already can."""
        if not frame.is_piece or frame.pno is None:
            return frame
        key = (frame.mn, frame.st, frame.cn, frame.pnum)
        before = self._context(key, frame.pno, received_at)
        mended = frame if before is None else _continue(frame, *before)
        self._remember(
            key,
            _Before(
                pno=frame.pno,
                data_time=mended.parameters.get("DataTime"),
                tail=mended.cp.rpartition(";")[2],
                received_at=received_at,
                previous=before,
            ),
        )
        return mended

    def _context(self, key: _Key, pno: int, received_at: datetime) -> tuple[str | None, str] | None:
        last = self._last.get(key)
        if last is None or received_at - last.received_at > PATIENCE:
            return None
        if last.pno == pno - 1:
            return last.data_time, last.tail
        return last.previous if last.pno == pno else None

    def _remember(self, key: _Key, before: _Before) -> None:
        self._last[key] = before
        self._last.move_to_end(key)
        while len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def _continue(frame: Frame, data_time: str | None, tail: str) -> Frame:
    cp, notes = frame.cp, []
    cut_in_name = "=" not in tail.rpartition(",")[2]
    if tail and (cut_in_name or _BEGINS_WITH_NAME.match(cp) is None):
        cp = tail + cp
        notes.append("the last item of the piece before is completed")
    if data_time is not None and "DataTime" not in frame.parameters and not cp.startswith("DataTime="):
        cp = f"DataTime={data_time};{cp}"
        notes.append("DataTime taken from the piece before")
    return frame.with_cp(cp, *notes) if notes else frame
