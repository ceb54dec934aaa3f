"""What can be wrong with a frame, with a reading, or with the place that stores them.

FrameError        the bytes are not a frame we can trust
ReadingError      a trusted frame says something that cannot be a measurement (collected, not raised)
StoreUnavailable  `take` could not store now; the same frames may be offered again
"""

from typing import Literal

FrameFault = Literal["bad_crc", "bad_length", "bad_structure"]


class FrameError(ValueError):
    """A frame that must not be believed. `kind` sorts it for counting, the text is for a person.

    `crc_in_frame` is the checksum as sent, `crc_computed` ours in four hex digits; both are None when the bytes are too
    far from a frame to tell. `modbus` is true when the checksum is right by CRC-16/MODBUS: a mistake in the vendor's
    program, which no resending will mend.
    """

    def __init__(
        self,
        kind: FrameFault,
        message: str,
        *,
        crc_in_frame: str | None = None,
        crc_computed: str | None = None,
        modbus: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.crc_in_frame = crc_in_frame
        self.crc_computed = crc_computed
        self.modbus = modbus


class ReadingError(ValueError):
    """One thing in a frame that is no usable measurement; `factor` is None when it concerns the whole frame."""

    def __init__(self, message: str, *, factor: str | None = None) -> None:
        super().__init__(message)
        self.factor = factor


class StoreUnavailable(Exception):
    """The store does not answer at the moment; nothing of the batch was kept."""
