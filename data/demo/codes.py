"""Codes with the right check digits for things that do not exist.

Organisation codes start with `DM`, a series that is not issued, so no generated number is a real company's.
"""

import numpy as np
from numpy.typing import NDArray

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_USCC_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])  # GB 11714-1997
_SERIAL_DIGITS = 6

_LETTERS = np.frombuffer(USCC_ALPHABET.encode(), dtype="S1")


def uscc_numbers(adcodes: NDArray[np.int64], serials: NDArray[np.int64]) -> list[str]:
    """Return unified social credit codes of companies, one for each pair of county and serial number.

    A serial (0 … 31⁶-1) makes the code unique; the same serial in two counties gives two codes.
    """
    values = np.zeros((len(serials), 18), dtype=np.int64)
    values[:, 0], values[:, 1] = 9, 1  # registered by the industry and commerce department, as a company
    values[:, 2:8] = _digits(adcodes, base=10, count=6)
    values[:, 8:10] = USCC_ALPHABET.index("D"), USCC_ALPHABET.index("M")
    values[:, 10:16] = _digits(serials, base=31, count=_SERIAL_DIGITS)
    values[:, 16] = _organisation_check(values[:, 8:16])
    values[:, 17] = -(values[:, :17] @ _USCC_WEIGHTS) % 31
    return [code.decode() for code in _LETTERS[values].view("S18").ravel()]


def logger_numbers(count: int, random: np.random.Generator) -> list[str]:
    """Return `count` different MN numbers of 24 hexadecimal digits."""
    found: dict[str, None] = {}
    while len(found) < count:
        found.update(dict.fromkeys(_twelve_bytes_each(count - len(found), random)))
    return list(found)


def _twelve_bytes_each(count: int, random: np.random.Generator) -> list[str]:
    digits = random.bytes(12 * count).hex().upper()
    return [digits[start : start + 24] for start in range(0, len(digits), 24)]


def _digits(numbers: NDArray[np.int64], *, base: int, count: int) -> NDArray[np.int64]:
    powers = base ** np.arange(count - 1, -1, -1, dtype=np.int64)
    digits: NDArray[np.int64] = numbers[:, None] // powers % base
    return digits


def _organisation_check(values: NDArray[np.int64]) -> NDArray[np.int64]:
    # GB 11714 counts letters as A=10 … Z=35, with no letter left out, unlike GB 32100
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    as_36 = np.array([alphabet.index(letter) for letter in USCC_ALPHABET])
    check = -(as_36[values] @ _ORGANISATION_WEIGHTS) % 11
    return np.where(check == 10, USCC_ALPHABET.index("X"), check)
