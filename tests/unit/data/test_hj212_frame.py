from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.hj212.crc import crc16, modbus_crc16
from data.hj212.errors import FrameError
from data.hj212.frame import Frame, claimed_mn


def sealed(
    segment: str | bytes, *, length: str | None = None, crc: str | None = None, encoding: str = "utf-8"
) -> bytes:
    body = segment if isinstance(segment, bytes) else segment.encode(encoding)
    length = f"{len(body):04d}" if length is None else length
    crc = f"{crc16(body):04X}" if crc is None else crc
    return b"##" + length.encode() + body + crc.encode() + b"\r\n"


DAY = "DataTime=20240601080000;w01018-Rtd=51.2,w01018-Flag=N"
SEGMENT = f"QN=20240601080000123;ST=32;CN=2011;PW=123456;MN=81733553213013;Flag=5;CP=&&{DAY}&&"

# name: dialect, st, cn, mn, flag, number of factors, number of warnings
DESCRIBED = {
    "v01": ("2017", "32", "1062", "010000A8900016F000169DC0", 5, 0, 0),
    "v02": ("2025", "32", "1011", "010000A8900016F000169DC0", 9, 0, 0),
    "v03": ("2017", "22", "2011", "010000A8900016F000169DC0", 7, 9, 2),
    "v04": ("2005", "32", "2051", "88888880000001", 3, 0, 1),
    "v05": ("2025", "21", "2011", "ZLDSZ20210127", 8, 11, 1),
    "v06": ("2005", "32", "2011", "NJGDKYYC202101q0001w0001", None, 2, 3),
    "v07": ("2017", "22", "2061", "Z13401000010301", 5, 5, 0),
    "v08": ("2017", "22", "2051", "JLYP01_AIR01_0001", 4, 11, 0),
    "v09": ("2017", "22", "2011", "Y80110010000010", 4, 7, 1),
    "v10": ("2017", "32", "2051", "90397953201156", 5, 5, 0),
    "v11": ("2017", "22", "9011", "010000A8900016F000169DC0", 4, 0, 0),
    "v12": ("2017", "22", "2081", "010000A8900016F000169DC0", 5, 0, 0),
    "v13": ("2017", "22", "2011", "010000A8900016F000169DC0", 5, 1, 0),
    "v14": ("2017", "32", "2011", "81733553213013", 4, 6, 0),
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_recorded_frame_says_what_its_description_says(recorded, name):
    frame = Frame.parse(recorded[name])
    told = (frame.dialect, frame.st, frame.cn, frame.mn, frame.flag, len(frame.factors), len(frame.warnings))
    assert told == DESCRIBED[name], frame.warnings
    assert frame.crc_computed == frame.crc_in_frame.upper()


@pytest.mark.parametrize("name", DESCRIBED)
def test_recorded_frame_prints_itself_again(recorded, name):
    raw = recorded[name]
    printed = bytes(Frame.parse(raw))
    assert printed[:-6] == raw[:-6]
    assert printed.upper() == raw.upper()


def test_fields_are_kept_as_sent(recorded):
    frame = Frame.parse(recorded["v10"])
    assert frame.parameters == {"DataTime": "20220613104000"}
    assert frame.factors["w01018"] == {"Min": "106.8", "Avg": "106.8", "Max": "106.8", "Cou": "0.2178", "Flag": "N"}
    assert frame.cp.startswith("DataTime=20220613104000;w00000-Min=0.00,")
    assert Frame.parse(recorded["v03"]).factors["LA"] == {"td": "50.1", "Flag": "N"}
    assert Frame.parse(recorded["v01"]).parameters == {"RtdInterval": "30"}


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        (sealed(SEGMENT, length=f"{len(SEGMENT)}"), "length of 3 digits"),
        (sealed(SEGMENT, length=f"{len(SEGMENT) + 1:04d}"), "length says"),
        (sealed(SEGMENT, length=f"{len(SEGMENT) - 1:04d}"), "length says"),
        (sealed(SEGMENT.replace("PW=123456;MN", "PW=123456;,MN")), "stray characters"),
        (sealed(SEGMENT.replace("Flag", "FLAG")), "FLAG for Flag"),
        (sealed(SEGMENT.replace("PW=123456", "PW=")), "empty PW"),
        (sealed(SEGMENT.replace("QN=20240601080000123", "QN=20240601080000")), "QN of 14"),
        (sealed(SEGMENT.replace("ST=32", "ST=101")), "ST '101'"),
        (sealed(SEGMENT.replace("N&&", "N;&&")), "stray separator"),
        (sealed(SEGMENT.replace("Flag=5", "Flag=7")), "Flag announces PNUM"),
        (sealed(SEGMENT.replace("Flag=5;", "PNO=0002;")), "no Flag"),
        (sealed(SEGMENT.replace("Flag=5", "Flag=x")), "Flag is not a number"),
        (sealed(SEGMENT.replace("MN=8", "MN=7;MN=8")), "MN twice"),
        (sealed(SEGMENT.replace("Flag=5", "Flag=5;X=1")), "unknown header field"),
        (sealed(SEGMENT.replace("51.2", "1,234")), "a comma inside the value"),
        (sealed("QN=20240601080000123;ST=32;CN=2011;PW=1;MN=1;Flag=4"), "no CP"),
        (sealed(SEGMENT[:-2] + ";i11001-Info=" + "x" * 1000 + "&&"), "segment of"),
    ],
)
def test_quirk_is_read_and_mentioned(raw, warning):
    frame = Frame.parse(raw)
    assert frame.cn == "2011"
    assert frame.mn in ("81733553213013", "1")
    assert any(warning in said for said in frame.warnings), frame.warnings


def test_mn_before_pw_is_no_matter():
    swapped = SEGMENT.replace("PW=123456;MN=81733553213013", "MN=81733553213013;PW=123456")
    assert Frame.parse(sealed(swapped)) == Frame.parse(sealed(SEGMENT))


def test_duplicate_key_keeps_the_last_and_says_so():
    frame = Frame.parse(sealed(SEGMENT.replace("w01018-Flag=N", "w01018-Rtd=60,w01018-Flag=N")))
    assert frame.factors["w01018"]["Rtd"] == "60"
    assert any("w01018-Rtd twice" in said for said in frame.warnings)


def test_dropped_leading_zeros_of_the_checksum_are_read():
    segment = next(s for n in range(5000) if crc16((s := SEGMENT.replace("51.2", str(n))).encode()) < 0x1000)
    frame = Frame.parse(sealed(segment, crc=f"{crc16(segment.encode()):x}"))
    assert "checksum of 3 digits" in frame.warnings
    assert len(frame.crc_computed) == 4


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("count", ["bytes", "characters"])
def test_chinese_is_read_in_both_encodings_and_both_ways_to_count(encoding, count):
    segment = SEGMENT.replace("&&D", "&&i11001-Info=清洗管路;D")
    size = len(segment.encode(encoding)) if count == "bytes" else len(segment)
    frame = Frame.parse(sealed(segment, length=f"{size:04d}", encoding=encoding))
    assert frame.factors["i11001"]["Info"] == "清洗管路"
    assert frame.encoding == encoding
    assert Frame.parse(bytes(frame)) == frame


def test_bytes_of_no_encoding_do_not_cost_the_measurement():
    frame = Frame.parse(sealed(SEGMENT.encode().replace(b"&&D", b"&&i1-Info=\xff\xff;D")))
    assert frame.factors["w01018"]["Rtd"] == "51.2"
    assert frame.factors["i1"]["Info"] == "\\xff\\xff"


@pytest.mark.parametrize(
    ("raw", "kind", "said"),
    [
        (b"", "bad_structure", "does not begin"),
        (b"##", "bad_structure", "no length"),
        (b"##0101", "bad_structure", "cut short"),
        (sealed(SEGMENT)[:-20], "bad_structure", "cut short"),
        (sealed(SEGMENT, crc="0000"), "bad_crc", "computed"),
        (sealed(SEGMENT, length="0050"), "bad_length", "the checksum is right"),
        (sealed(SEGMENT, length="0050", crc="0000"), "bad_length", "computed"),
        (sealed(SEGMENT.replace("CN=2011;", "")), "bad_structure", "CN"),
        (sealed(SEGMENT.replace("CP=&&", "CP=")), "bad_structure", "not wrapped"),
        (sealed(SEGMENT.replace("51.2", "5\0")), "bad_structure", "NUL"),
        (sealed(SEGMENT.replace("ST=", "\r\nST=")), "bad_structure", "line end"),
        (sealed("ST=32;CN=2011;CP=&&"), "bad_structure", "end with &&"),
    ],
)
def test_damaged_frame_is_refused_with_a_reason(raw, kind, said):
    with pytest.raises(FrameError, match=said) as refused:
        Frame.parse(raw)
    assert refused.value.kind == kind


def test_a_vendor_who_computes_modbus_is_told_apart():
    with pytest.raises(FrameError, match="MODBUS") as refused:
        Frame.parse(sealed(SEGMENT, crc=f"{modbus_crc16(SEGMENT.encode()):04X}"))
    assert refused.value.modbus
    assert (refused.value.crc_in_frame, refused.value.crc_computed) != (None, None)


def test_the_flag_tells_the_dialect_and_the_wish_for_an_answer():
    dialects = {flag: Frame(cn="2011", flag=flag).dialect for flag in (0, 3, 4, 7, 8, 11)}
    assert dialects == {0: "2005", 3: "2005", 4: "2017", 7: "2017", 8: "2025", 11: "2025"}
    assert [Frame(cn="2011", flag=flag).ack_wanted for flag in (None, 4, 5, 6, 7)] == [False, False, True, False, True]
    assert Frame(cn="9015").dialect == "2025"


def test_pieces_are_printed_where_each_dialect_wants_them():
    new = Frame(cn="2011", qn="20240601080000123", flag=7, pnum=2, pno=1, rf=None)
    assert b";Flag=7;PNUM=2;PNO=1;CP=" in bytes(new)
    assert b"QN=20240601080000123;PNUM=0002;PNO=0001;CN=2011;Flag=3" in bytes(replace(new, flag=3))


@pytest.mark.parametrize("field", ["qn", "mn", "pw", "st"])
@pytest.mark.parametrize("text", ["a;b", "a\r\n", "a\0", "CP=&&", "a,"])
def test_a_field_that_would_break_the_frame_is_not_printed(field, text):
    with pytest.raises(FrameError):
        bytes(Frame(**{"cn": "2011", field: text}))


def test_a_damaged_frame_may_still_name_its_device():
    assert claimed_mn(sealed(SEGMENT)[:80]) == "81733553213013"
    assert claimed_mn(b"##0000garbage") is None


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_but_frame_error(raw):
    with suppress(FrameError):
        Frame.parse(raw)


ODD = st.text(st.sampled_from("QNSTCPMWFlag=;,&#0123456789-.\r\n\t \0è清w"), max_size=120)


@given(ODD | st.binary(max_size=120), st.sampled_from(["utf-8", "gbk"]))
def test_well_sealed_nonsense_raises_nothing_but_frame_error_and_reads_back(inside, encoding):
    body = inside if isinstance(inside, bytes) else inside.encode(encoding, errors="replace")
    try:
        frame = Frame.parse(sealed(b"CN=2011;" + body))
    except FrameError:
        return
    assert Frame.parse(bytes(frame)) == frame


NAME = st.from_regex(r"[a-z]\d{5}-(Rtd|Avg|Flag|ZsRtd|Info)", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters=";,&=\0\r\n#"), max_size=12)
PLAIN = st.from_regex(r"[0-9A-Za-z_\-]{0,20}", fullmatch=True)
FRAMES = st.builds(
    Frame,
    cn=st.from_regex(r"[1239]0\d\d", fullmatch=True),
    qn=st.none() | st.from_regex(r"\d{17}", fullmatch=True),
    st=st.none() | st.from_regex(r"[0-9A-Z]{2}", fullmatch=True),
    pw=st.none() | PLAIN,
    mn=st.none() | PLAIN,
    flag=st.none() | st.integers(0, 255),
    pnum=st.none() | st.integers(1, 9999),
    pno=st.none() | st.integers(1, 9999),
    rf=st.none() | st.just(1),
    cp=st.lists(st.builds("{}={}".format, NAME, TEXT), max_size=8).map(";".join),
)


@given(FRAMES)
def test_a_printed_frame_reads_back_as_itself(frame):
    if frame.dialect == "2005":
        frame = replace(frame, rf=None)  # 2005 knows no RF
    assert Frame.parse(bytes(frame)) == frame


@given(FRAMES, st.data())
def test_one_wrong_byte_never_passes_in_silence(frame, draw):
    if frame.dialect == "2005":
        frame = replace(frame, rf=None)
    raw = bytes(frame)[:-2]
    clean = Frame.parse(raw)
    place = draw.draw(st.integers(0, len(raw) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda other: other != raw[place]))
    try:
        read = Frame.parse(raw[:place] + bytes([byte]) + raw[place + 1 :])
    except FrameError:
        return
    # Only the length or the letter case of the checksum can be hit without harm, and then it is said.
    assert read == clean
    assert len(read.warnings) > len(clean.warnings)
