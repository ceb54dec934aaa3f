"""What becomes of a batch of fixes, before anything is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from command.officers.positions import Arrived, Taken, _Batch, _Person
from data.positions.fix import Fix

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)


def fix(seconds: float = 0, *, lon: float = 119.1, lat: float = 36.7, **more: Any) -> Fix:
    return Fix(lon=lon, lat=lat, at=NOW + timedelta(seconds=seconds), **more)


def person(*, on_duty: bool = True, last: Fix | None = None) -> _Person:
    return _Person(region="370705", on_duty=on_duty, duty_since=SINCE, last=last)


def batch(**people: _Person) -> _Batch:
    return _Batch({int(name[1:]): one for name, one in people.items()}, {})


def take(to: _Batch, *fixes: Fix, officer: int = 1) -> list[Taken]:
    return [to.take(Arrived(officer, one, "test", NOW)) for one in fixes]


def test_a_first_fix_is_the_position_and_a_point_of_the_track() -> None:
    taken = batch(p1=person())
    assert take(taken, fix()) == [Taken(True)]
    assert (len(taken.tracks), list(taken.latest)) == (1, [1])
    assert taken.tracks[0]["region"] == "370705"


@pytest.mark.parametrize(
    ("who", "at", "words"),
    [
        (person(on_duty=False), 0, "off duty"),
        (person(), -3_631, "before duty"),
        (None, 0, "no such officer"),
    ],
)
def test_what_may_not_be_kept_is_nowhere_kept(who: _Person | None, at: float, words: str) -> None:
    taken = batch() if who is None else batch(p1=who)
    answer = take(taken, fix(at))[0]
    assert not answer.kept
    assert words in (answer.reason or "")
    assert taken.tracks == []
    assert taken.latest == {}


def test_a_fix_just_before_the_tap_on_duty_belongs_to_it() -> None:
    assert take(batch(p1=person()), fix(-3_629))[0].kept


def test_a_fix_sent_twice_is_answered_twice_and_kept_once() -> None:
    taken = batch(p1=person())
    assert take(taken, fix(), fix()) == [Taken(True), Taken(True)]
    assert len(taken.tracks) == 1


def test_a_late_fix_is_for_the_track_only() -> None:
    taken = batch(p1=person(last=fix(60)))
    answer = take(taken, fix(0))[0]
    assert answer == Taken(True, "kept for the track only: late")
    assert taken.latest == {}
    assert taken.tracks[0]["suspect"] == "late"


def test_the_newest_of_a_batch_is_the_position_whatever_the_order() -> None:
    taken = batch(p1=person())
    take(taken, fix(20), fix(10), fix(30))
    assert taken.latest[1]["at"] == NOW + timedelta(seconds=30)
    assert [row["suspect"] for row in taken.tracks] == [None, "late", None]


def test_a_jump_is_doubted_until_the_next_fix_confirms_it() -> None:
    taken = batch(p1=person(last=fix(0)))
    jump = take(taken, fix(10, lon=120.0))[0]
    assert jump.reason == "kept for the track only: jump"
    assert taken.latest == {}
    assert take(taken, fix(20, lon=120.0)) == [Taken(True)]
    assert taken.latest[1]["lon"] == 120.0


def test_a_false_fix_between_good_ones_moves_nobody() -> None:
    taken = batch(p1=person(last=fix(0)))
    take(taken, fix(10, lon=120.0), fix(20))
    assert taken.latest[1]["lon"] == 119.1
    assert taken.doubted == {}


def test_a_made_up_position_is_never_the_current_one() -> None:
    taken = batch(p1=person())
    assert take(taken, fix(mock=True))[0].reason == "kept for the track only: mock"
    assert taken.latest == {}


def test_officers_of_one_batch_are_judged_apart() -> None:
    taken = batch(p1=person(last=fix(0)), p2=person())
    take(taken, fix(10, lon=120.0), officer=1)
    assert take(taken, fix(10, lon=120.0), officer=2) == [Taken(True)]
    assert list(taken.latest) == [2]
