"""As much of H.264 (ITU-T H.264, 7.3.2.1 and annex B; ISO/IEC 14496-15, 5.3.3) as a file's header asks for."""

from collections.abc import Sequence
from typing import Final

from video.recording.errors import BadPicture

IDR: Final = 5
SPS: Final = 7
PPS: Final = 8

_START = b"\x00\x00\x00\x01"
_WITH_CHROMA: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_LARGEST: Final = 16_384  # pixels a side; level 6.2 allows no more


def units_of(annex_b: bytes) -> list[bytes]:
    """The units between four-byte start codes, as aiortc's depayloader writes them."""
    return [unit for unit in annex_b.split(_START) if unit]


def kind_of(unit: bytes) -> int:
    return unit[0] & 0x1F


def configuration(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """The AVCDecoderConfigurationRecord of these parameter sets, with lengths of four bytes."""
    first = sps[0]
    record = bytes([1, first[1], first[2], first[3], 0xFC | 3, 0xE0 | len(sps)])
    record += b"".join(len(one).to_bytes(2, "big") + one for one in sps)
    record += bytes([len(pps)])
    return record + b"".join(len(one).to_bytes(2, "big") + one for one in pps)


def size_in(sps: bytes) -> tuple[int, int]:
    """Width and height of the shown picture.

    Raises:
        BadPicture: the set ends too early or says something that cannot be.
    """
    if len(sps) < 4:
        raise BadPicture("an H.264 parameter set of fewer than 4 bytes")
    bits = _Bits(sps[4:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = sps[1]
    bits.unsigned()  # its number
    chroma = 1
    if profile in _WITH_CHROMA:
        chroma = _pass_chroma(bits)
    bits.unsigned()  # log2_max_frame_num
    _pass_order(bits)
    bits.unsigned()  # reference frames
    bits.take(1)
    width, rows = (bits.unsigned() + 1) * 16, (bits.unsigned() + 1) * 16
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    height = rows * (2 - frames_only)
    bits.take(1)
    if bits.take(1):
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (2 - frames_only)
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width, height = width - across * (left + right), height - down * (top + bottom)
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise BadPicture(f"an H.264 picture of {width} x {height}")
    return width, height


def _pass_chroma(bits: "_Bits") -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for number in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _pass_scaling_list(bits, 16 if number < 6 else 64)
    return chroma


def _pass_scaling_list(bits: "_Bits", length: int) -> None:
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _pass_order(bits: "_Bits") -> None:
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()


class _Bits:
    """Reads a bit string from its beginning, with the Exp-Golomb numbers of H.264 (9.1)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise BadPicture("an H.264 parameter set that ends too early")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise BadPicture("an H.264 parameter set with a number of more than 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)
