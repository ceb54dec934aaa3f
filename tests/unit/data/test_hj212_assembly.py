from datetime import UTC, datetime, timedelta

import pytest

from data.hj212.assembly import PATIENCE, Assembler
from data.hj212.frame import Frame
from data.hj212.readings import readings_in

NOW = datetime(2024, 6, 1, 0, 5, tzinfo=UTC)
WHOLE = "DataTime=20240601080000;w01018-Rtd=194.2,w01018-Flag=N;w21003-Rtd=5.31,w21003-Flag=N"
VALUES = {"w01018": (194.2, "N"), "w21003": (5.31, "N")}


def piece(pno: int, cp: str, pnum: int = 2, **header: object) -> Frame:
    said = {"cn": "2011", "st": "32", "mn": "8173", "flag": 7, "pnum": pnum, "pno": pno, "cp": cp, **header}
    return Frame(**said)


def stored(frames: list[Frame]) -> dict[str, tuple[float | None, str | None]]:
    """What an upsert in this order leaves."""
    assembler = Assembler()
    table = {}
    for frame in frames:
        for reading in readings_in(assembler.mend(frame, NOW), NOW).readings:
            table[reading.factor] = (reading.value, reading.flag)
    return table


def test_pieces_that_are_whole_pass_as_they_are():
    first, second = piece(1, "DataTime=20240601080000;w01018-Rtd=1"), piece(2, "DataTime=20240601080000;w21003-Rtd=2")
    assembler = Assembler()
    assert assembler.mend(first, NOW) is first
    assert assembler.mend(second, NOW) is second


@pytest.mark.parametrize("cut", range(len("DataTime=2024060108"), len(WHOLE)))
def test_a_list_cut_anywhere_ends_up_complete(cut):
    assert stored([piece(1, WHOLE[:cut]), piece(2, WHOLE[cut:])]) == VALUES


def test_three_pieces_cut_inside_one_factor_end_up_complete():
    cuts = [WHOLE[:30], WHOLE[30:36], WHOLE[36:]]
    assert stored([piece(number, cp, pnum=3) for number, cp in enumerate(cuts, 1)]) == VALUES


def test_a_piece_without_time_inherits_it():
    second = Assembler()
    second.mend(piece(1, "DataTime=20240601080000;w01018-Rtd=1;"), NOW)
    mended = second.mend(piece(2, "w21003-Rtd=2"), NOW)
    assert mended.cp == "DataTime=20240601080000;w21003-Rtd=2"
    assert "DataTime taken from the piece before" in mended.warnings


def test_a_piece_sent_twice_is_mended_twice():
    first, second = piece(1, WHOLE[:35]), piece(2, WHOLE[35:])
    assembler = Assembler()
    assembler.mend(first, NOW)
    assembler.mend(first, NOW)
    once = assembler.mend(second, NOW)
    assert assembler.mend(second, NOW) == once != second


def test_pieces_of_other_devices_commands_and_times_do_not_mix():
    for other in (
        piece(2, "w21003-Rtd=2", mn="9999"),
        piece(2, "w21003-Rtd=2", cn="2051"),
        piece(3, "w21003-Rtd=2"),
        piece(2, "w21003-Rtd=2", pnum=3),
    ):
        assembler = Assembler()
        assembler.mend(piece(1, "DataTime=20240601080000;w01018-Rtd=1"), NOW)
        assert assembler.mend(other, NOW) is other
    assembler = Assembler()
    assembler.mend(piece(1, "DataTime=20240601080000;w01018-Rtd=1"), NOW)
    late = piece(2, "w21003-Rtd=2")
    assert assembler.mend(late, NOW + PATIENCE + timedelta(seconds=1)) is late


def test_a_mended_piece_no_longer_complains_of_its_broken_beginning():
    assembler = Assembler()
    assembler.mend(piece(1, WHOLE[:37]), NOW)
    broken = piece(2, WHOLE[37:])
    assert broken.warnings == ("not name=value in CP: '4.2'",)
    mended = assembler.mend(broken, NOW)
    assert mended.warnings == ("the last item of the piece before is completed", "DataTime taken from the piece before")


def test_a_split_bit_without_pieces_is_a_whole_frame(recorded):
    frame = Frame.parse(recorded["v03"])
    assert Assembler().mend(frame, NOW) is frame
