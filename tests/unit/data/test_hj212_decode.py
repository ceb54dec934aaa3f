import io
import json
import tracemalloc

from data.hj212.decode import decode_lines

KEYS = {"ok", "error", "dialect", "qn", "st", "cn", "mn", "flag", "cp", "factors", "crc_in_frame", "crc_computed"}


def test_every_recorded_frame_decodes_to_the_contract(recorded):
    for line_end in (b"\r\n", b"\n", b""):
        stream = io.BytesIO(b"".join(raw.rstrip() + line_end for raw in recorded.values()))
        rows = list(decode_lines(stream))
        assert [row["ok"] for row in rows] == [True] * 14
        assert all(row.keys() >= KEYS for row in rows)
        assert rows[13]["factors"]["w21003"] == {"SampleTime": "20210320013400", "Rtd": "53.131", "Flag": "N"}
        assert rows[4]["crc_in_frame"] == "7d00"
        assert rows[4]["crc_computed"] == "7D00"
        assert rows[3]["cp"] == "BeginTime=20040506111000,EndTime=20040506151000"
        assert rows[5]["qn"] is None
        json.dumps(rows)


def test_a_bad_frame_says_what_and_where_and_the_next_is_read(recorded):
    bad = recorded["v14"].replace(b"194.200", b"194.201")
    rows = list(decode_lines(io.BytesIO(recorded["v01"] + bad + recorded["v02"])))
    assert [row["ok"] for row in rows] == [True, False, True]
    assert rows[1]["error"].startswith(f"at byte {len(recorded['v01'])}: bad_crc: ")
    assert rows[1]["crc_in_frame"] == "6E80"
    assert rows[1]["crc_computed"] not in (None, "6E80")
    assert rows[1]["factors"] == {}


def test_other_bytes_are_reported_not_passed_over(recorded):
    rows = list(decode_lines(io.BytesIO(b"hello\xff\n" + recorded["v01"] + b"##")))
    assert [row["ok"] for row in rows] == [False, True, False]
    assert "7 bytes that are no frame" in rows[0]["error"]


def test_a_byte_order_mark_is_no_noise(recorded):
    assert [row["ok"] for row in decode_lines(io.BytesIO(b"\xef\xbb\xbf" + recorded["v01"]))] == [True]


def test_an_empty_file_has_no_lines():
    assert list(decode_lines(io.BytesIO())) == []


class Endless(io.RawIOBase):
    """Many megabytes, without holding them."""

    def __init__(self, block: bytes, blocks: int) -> None:
        self.block, self.blocks = block, blocks

    def read(self, size: int = -1) -> bytes:
        self.blocks -= 1
        return self.block if self.blocks >= 0 else b""


def test_memory_does_not_grow_with_the_file(recorded):
    peaks = []
    for block in (recorded["v14"] * 50, b"x" * 65536):
        for blocks in (4, 40):
            tracemalloc.start()
            for _ in decode_lines(Endless(block, blocks)):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5
    assert peaks[3] < peaks[2] * 1.5
