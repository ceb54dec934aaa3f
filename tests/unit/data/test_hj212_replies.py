import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.hj212.crc import crc16
from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from data.hj212.replies import acknowledgement


def printed(frame: Frame) -> str | None:
    answer = acknowledgement(frame)
    return None if answer is None else bytes(answer)[6:-6].decode()


def test_data_of_2017_are_answered_with_9014(recorded):
    assert printed(Frame.parse(recorded["v10"])) == (
        "QN=20220613105008784;ST=91;CN=9014;PW=123456;MN=90397953201156;Flag=4;CP=&&&&"
    )


def test_in_2005_the_answer_names_its_frame_inside_cp():
    frame = Frame(cn="2051", qn="20040516010101001", st="32", pw="123456", mn="88888880000001", flag=3, pnum=1, pno=1)
    assert printed(frame) == "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051;PNUM=1;PNO=1&&"


def test_in_2025_the_answer_keeps_the_version_bits():
    assert printed(Frame(cn="2011", qn="1", pw="2", mn="3", flag=9)) == "QN=1;ST=91;CN=9014;PW=2;MN=3;Flag=8;CP=&&&&"


@pytest.mark.parametrize("flag", [None, 8, 9])
def test_a_heartbeat_is_always_answered_with_9013(flag):
    frame = Frame(cn="9015", qn="1", pw="2", mn="3", flag=flag)
    assert printed(frame) == "QN=1;ST=91;CN=9013;PW=2;MN=3;Flag=8;CP=&&&&"


@pytest.mark.parametrize("cn", ["1013", "2081"])
def test_a_notice_is_answered_with_9013(cn):
    assert ";CN=9013;" in (printed(Frame(cn=cn, qn="1", flag=5)) or "")


def test_an_alarm_event_of_2005_is_a_notice():
    assert printed(Frame(cn="2072", qn="1", flag=1)) == "ST=91;CN=9013;CP=&&QN=1;CN=2072&&"


@pytest.mark.parametrize("flag", [None, 0, 4, 6, 8, 10])
def test_who_does_not_ask_is_not_answered(flag):
    assert acknowledgement(Frame(cn="2011", qn="1", flag=flag)) is None


@pytest.mark.parametrize("cn", ["9011", "9012", "9013", "9014"])
def test_an_answer_is_never_answered(cn):
    assert acknowledgement(Frame(cn=cn, qn="1", flag=5)) is None


@given(st.text(st.sampled_from("QNSTPWML=;,0159 \t清&"), max_size=80), st.sampled_from([1, 5, 9, 255]))
def test_whatever_could_be_read_can_be_answered(inside, flag):
    segment = f"CN=2011;{inside};Flag={flag};CP=&&&&".encode()
    try:
        frame = Frame.parse(b"##%04d%b%04X" % (len(segment), segment, crc16(segment)))
    except FrameError:
        return
    answer = acknowledgement(frame)
    if answer is not None:
        assert Frame.parse(bytes(answer)).st == "91"
