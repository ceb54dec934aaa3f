"""The two checksums met on an HJ 212 line: the standard's own, and the one vendors confuse with it.

Both use the polynomial 0xA001 and the start value 0xFFFF. HJ 212 (2005, 2017 and 2025 alike) shifts the register right
by eight before it XORs the next byte in, so the old low byte is thrown away; CRC-16/MODBUS XORs into the low byte and
keeps the rest. Only 256 different HJ 212 checksums exist, so about one random damage in 256 passes: look at the values
as well.
"""

from functools import lru_cache

_POLYNOMIAL = 0xA001
_START = 0xFFFF


def _eight_steps(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ _POLYNOMIAL if register & 1 else register >> 1
    return register


_TABLE = tuple(_eight_steps(byte) for byte in range(256))
_HIGH = tuple(word >> 8 for word in _TABLE)


def crc16(data: bytes) -> int:
    """Return the HJ 212 checksum of a data segment (the bytes after the length and before the checksum).

    Only the high byte of the register survives from one byte to the next, and it goes through a linear map of 8 bits
    whose eighth power is the identity. Bytes that stand a multiple of eight apart therefore meet the same map and may
    be XORed together first: folding the whole segment into its last eight bytes as one big integer leaves eight table
    steps, whatever the length.
    """
    size = len(data)
    if not size:
        return _START
    # The start value's high byte meets the first byte; its low byte is never seen.
    folded = int.from_bytes(data, "big") ^ (0xFF << 8 * (size - 1))
    for width, mask in _folds((size - 1).bit_length()):
        folded = (folded >> width) ^ (folded & mask)
    *first, last = folded.to_bytes(8, "big")
    high = 0  # leading zero bytes of a short segment leave it at zero
    for byte in first:
        high = _HIGH[high ^ byte]
    return _TABLE[high ^ last]


@lru_cache(maxsize=64)
def _folds(size_bits: int) -> tuple[tuple[int, int], ...]:
    """Return the (shift, mask) pairs that halve at most 2**size_bits bytes again and again down to eight."""
    widths = [8 << power for power in range(size_bits - 1, 2, -1)]
    return tuple((width, (1 << width) - 1) for width in widths)


def modbus_crc16(data: bytes) -> int:
    """Return CRC-16/MODBUS, wrong for HJ 212: it only serves to tell an operator what the vendor got wrong."""
    register = _START
    for byte in data:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register
