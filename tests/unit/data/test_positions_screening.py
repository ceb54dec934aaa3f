from dataclasses import replace
from datetime import UTC, datetime, timedelta

from data.positions.fix import Fix
from data.positions.screening import Verdict, judge

HERE = Fix(lon=119.1, lat=36.7, at=datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
MOVES = Verdict(new_position=True, keep_track=True)


def later(seconds: float, *, lon: float = 119.1, **changes: object) -> Fix:
    return replace(HERE, at=HERE.at + timedelta(seconds=seconds), lon=lon, **changes)  # type: ignore[arg-type]


def track_only(suspect: str) -> Verdict:
    return Verdict(new_position=False, keep_track=True, suspect=suspect)


def test_the_first_fix_is_the_position() -> None:
    assert judge(None, HERE) == MOVES


def test_a_drive_moves_the_position() -> None:
    assert judge(HERE, later(10, lon=119.102)) == MOVES


def test_a_fix_sent_twice_is_dropped() -> None:
    assert judge(HERE, HERE) == Verdict(new_position=False, keep_track=False)
    assert judge(HERE, later(0, lon=119.5, mock=True)) == Verdict(new_position=False, keep_track=False)


def test_a_late_fix_never_replaces_a_newer_one() -> None:
    assert judge(HERE, later(-60)) == track_only("late")


def test_no_car_drives_60_metres_a_second() -> None:
    one_km = 0.0112  # degrees of longitude here: 1,000.4 m
    assert judge(HERE, later(10, lon=119.1 + one_km)) == track_only("jump")
    assert judge(HERE, later(17, lon=119.1 + one_km)) == MOVES


def test_an_inaccurate_fix_is_granted_its_inaccuracy_but_not_any_jump() -> None:
    assert judge(replace(HERE, accuracy_m=500.0), later(1, lon=119.104, accuracy_m=20.0)) == MOVES
    assert judge(HERE, later(1, lon=120.1, accuracy_m=500_000.0)) == track_only("jump")


def test_a_made_up_fix_never_becomes_the_position() -> None:
    assert judge(HERE, later(10, mock=True)) == track_only("mock")
    assert judge(None, replace(HERE, mock=True)) == track_only("mock")


def test_a_confirmed_jump_is_believed() -> None:
    far, farther = later(10, lon=120.1), later(20, lon=120.101)
    assert judge(HERE, far) == track_only("jump")
    assert judge(HERE, farther, doubted=far) == MOVES
    assert judge(HERE, later(20, lon=118.0), doubted=far) == track_only("jump")
    assert judge(HERE, farther, doubted=later(-10, lon=120.1)) == track_only("jump")
