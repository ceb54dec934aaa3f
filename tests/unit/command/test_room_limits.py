"""How much a publisher may send: by how many there are, and by how well most of the others receive."""

import pytest

from command.rooms.limits import FULL, LEAST, SMALL, SMALLER, Reception, Report, limit_for
from video.engine import SendLimit

GOOD, BAD = Report(fps=14, lost=0.0, rtt_ms=40), Report(fps=14, lost=0.2, rtt_ms=40)


@pytest.mark.parametrize(
    ("people", "limit"),
    [(1, FULL), (2, FULL), (3, SMALLER), (4, SMALLER), (5, SMALL), (16, SMALL)],
)
def test_the_more_there_are_the_less_each_sends(people: int, limit: SendLimit) -> None:
    assert limit_for(people) == limit


@pytest.mark.parametrize(
    ("people", "others_poor", "limit"),
    [
        (2, [0], FULL),
        (2, [1], SMALLER),
        (2, [2], SMALL),
        (3, [0, 2], SMALLER),  # one of two: the picture of that one is paused, the other keeps it
        (3, [1, 2], SMALL),
        (5, [2, 2, 2, 0], LEAST),
        (5, [2, 0, 0, 0], SMALL),
        (16, [2] * 15, LEAST),
    ],
)
def test_one_poor_network_takes_nothing_from_the_others(people: int, others_poor: list[int], limit: SendLimit) -> None:
    assert limit_for(people, others_poor) == limit


def test_reception_worsens_after_three_bad_words_and_mends_after_seven_good_ones() -> None:
    reception = Reception()
    assert [reception.take(BAD) for _ in range(3)] == [False, False, True]
    assert reception.poor == 1
    assert [reception.take(GOOD) for _ in range(7)] == [False] * 6 + [True]
    assert reception.poor == 0


def test_reception_is_never_worse_than_worst_nor_better_than_well() -> None:
    reception = Reception()
    for _ in range(20):
        reception.take(BAD)
    assert reception.poor == 2
    for _ in range(40):
        reception.take(GOOD)
    assert reception.poor == 0


def test_a_network_that_swings_changes_nothing() -> None:
    reception = Reception()
    assert not any(reception.take(report) for report in [BAD, BAD, GOOD] * 10)


@pytest.mark.parametrize(
    ("report", "bad"),
    [
        (Report(), False),
        (Report(fps=15, lost=0.05, rtt_ms=800), False),
        (Report(lost=0.051), True),
        (Report(fps=7.9), True),
        (Report(rtt_ms=801), True),
    ],
)
def test_what_a_bad_report_is(report: Report, bad: bool) -> None:
    assert report.is_bad is bad
