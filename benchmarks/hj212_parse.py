"""How many HJ 212 frames a second one core reads, against the way such parsers are usually written.

    python -m benchmarks.hj212_parse [--seconds 2]

The peers are written here: a regular expression for the frame, one for the fields, and the standard's checksum bit by
bit as its annex has it, or by table as better programs do.
"""

import argparse
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from data.hj212.crc import crc16
from data.hj212.frame import Frame
from data.hj212.readings import readings_in
from data.hj212.stream import FrameScanner

WASTEWATER = Frame(
    cn="2011",
    qn="20240601080000123",
    st="32",
    pw="123456",
    mn="81733553213013",
    flag=5,
    cp="DataTime=20240601080000;w00000-Rtd=181.682,w00000-Flag=N;"
    "w21001-SampleTime=20240601075400,w21001-Rtd=45.160,w21001-Flag=N;"
    "w21011-SampleTime=20240601075400,w21011-Rtd=1.970,w21011-Flag=N;"
    "w21003-SampleTime=20240601075400,w21003-Rtd=53.131,w21003-Flag=N;"
    "w01018-SampleTime=20240601075400,w01018-Rtd=194.200,w01018-Flag=N;"
    "w01001-SampleTime=20240601075406,w01001-Rtd=7.496,w01001-Flag=N",
)
RECEIVED_AT = datetime(2024, 6, 1, 0, 1, tzinfo=UTC)

_PLAIN_FRAME = re.compile(r"##(\d{4})(.*)([0-9A-Fa-f]{4})\r\n")
_PLAIN_FIELD = re.compile(r"([A-Za-z0-9]+)-([A-Za-z0-9]+)=([^,;&]*)")
_PLAIN_HEADER = re.compile(r"(QN|ST|CN|PW|MN|Flag|DataTime)=([^;&]*)")


def plain_crc(data: bytes) -> int:
    """The checksum as the annex of the standard tells it."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= 0xA001
    return register


_TABLE = [plain_crc(bytes([byte ^ 0xFF])) for byte in range(256)]


def table_crc(data: bytes) -> int:
    """The checksum by table, one step a byte."""
    register = 0xFFFF
    for byte in data:
        register = _TABLE[(register >> 8) ^ byte]
    return register


def plain_parse(raw: bytes, crc: Callable[[bytes], int]) -> dict[str, object]:
    """A frame by regular expressions."""
    shape = _PLAIN_FRAME.fullmatch(raw.decode())
    if shape is None or int(shape[1]) != len(shape[2]) or int(shape[3], 16) != crc(shape[2].encode()):
        raise ValueError("damaged")
    factors: dict[str, dict[str, str]] = {}
    for code, name, text in _PLAIN_FIELD.findall(shape[2]):
        factors.setdefault(code, {})[name] = text
    return {**dict(_PLAIN_HEADER.findall(shape[2])), "factors": factors}


def per_second(work: Callable[[], object], seconds: float, *, frames: int = 1) -> float:
    """Return frames a second, the best of three runs: the others were disturbed."""
    best = 0.0
    for _ in range(3):
        done, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds / 3:
            for _ in range(20):
                work()
            done += 20 * frames
        best = max(best, done / spent)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each line")
    seconds: float = parser.parse_args().seconds
    raw = bytes(WASTEWATER)
    frame, segment, glued = Frame.parse(raw), raw[6:-6], raw * 30
    assert plain_parse(raw, table_crc)["factors"] == frame.factors

    def from_stream() -> None:
        for item in FrameScanner().feed(glued):
            assert isinstance(item, bytes)
            readings_in(Frame.parse(item), RECEIVED_AT)

    peer = per_second(lambda: plain_parse(raw, table_crc), seconds)
    lines = [
        ("peer: regular expressions, CRC by table", peer),
        ("peer: regular expressions, CRC bit by bit", per_second(lambda: plain_parse(raw, plain_crc), seconds)),
        ("Frame.parse", per_second(lambda: Frame.parse(raw), seconds)),
        ("stream to readings", per_second(from_stream, seconds, frames=30)),
    ]
    print(f"one frame of {len(raw)} bytes, {len(frame.factors)} factors")
    for name, rate in lines:
        print(f"{name:48}{rate:10,.0f} frames/s {1e6 / rate:8.1f} µs {rate / peer:6.1f} ×")
    for name, crc in (("table", table_crc), ("bit by bit", plain_crc), ("folded, ours", crc16)):
        rate = per_second(partial(crc, segment), seconds)
        print(f"{f'CRC alone, {name}':48}{rate:10,.0f} frames/s {1e6 / rate:8.1f} µs")


if __name__ == "__main__":
    main()
