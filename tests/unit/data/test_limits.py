"""Which limit holds on which day."""

from dataclasses import replace
from datetime import date

import pytest

from data.limits import Conditions, Limit, limit_for, read_standards, reference_oxygen
from data.tables import PERIODS

TODAY = date(2026, 11, 23)


def sewage(factor: str, grade: str, **more: object) -> Limit | None:
    return limit_for(
        read_standards(),
        factor,
        "day",
        TODAY,
        standard="GB 18918-2002",
        grade=grade,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ("w01018", (50, 60, 100, 120)),
        ("w01017", (10, 20, 30, 60)),
        ("w01012", (10, 20, 30, 50)),
        ("w21001", (15, 20, None, None)),
        ("w21003", (5, 8, 25, None)),
        ("w21011", (0.5, 1, 3, 5)),
        ("w22001", (1, 3, 5, 15)),
    ],
)
def test_sewage_plants_have_the_daily_means_of_their_class(factor: str, expected: tuple[float | None, ...]) -> None:
    found = [sewage(factor, grade) for grade in ("1A", "1B", "2", "3")]
    assert tuple(limit and limit.high for limit in found) == expected


def test_ph_has_two_bounds() -> None:
    limit = sewage("w01001", "1A")
    assert limit is not None
    assert (limit.low, limit.high) == (6, 9)


@pytest.mark.parametrize(("temperature", "high"), [(12.0, 8), (12.1, 5), (None, 5)])
def test_cold_water_loosens_the_ammonia_limit_only_when_the_temperature_is_known(
    temperature: float | None, high: float
) -> None:
    limit = sewage("w21003", "1A", conditions=Conditions(water_temperature=temperature))
    assert limit is not None
    assert limit.high == high


def test_an_old_plant_may_discharge_more_phosphorus() -> None:
    limit = sewage("w21011", "1A", conditions=Conditions(built_on=date(2004, 5, 1)))
    assert limit is not None
    assert limit.high == 1


@pytest.mark.parametrize(
    ("on", "high"),
    [
        (date(2026, 2, 28), 75),
        (date(2026, 3, 1), 60),
        (date(2030, 12, 31), 60),
        (date(2031, 1, 1), 50),
    ],
)
def test_the_air_standard_of_the_day_of_the_measurement_holds(on: date, high: float) -> None:
    limit = limit_for(read_standards(), "a34004", "day", on, standard="GB 3095", grade="II")
    assert limit is not None
    assert limit.high == high


def test_before_any_standard_nothing_is_limited() -> None:
    assert limit_for(read_standards(), "a34004", "day", date(2015, 1, 1), standard="GB 3095", grade="II") is None


def test_a_daily_mean_is_no_limit_for_a_realtime_value() -> None:
    assert limit_for(read_standards(), "w01018", "realtime", TODAY, standard="GB 18918-2002", grade="1A") is None


def test_ph_became_an_instantaneous_item_with_the_amendment() -> None:
    rows = read_standards()
    key = {"standard": "GB 18918-2002", "grade": "1A"}
    assert limit_for(rows, "w01001", "realtime", date(2026, 2, 28), **key) is None
    assert limit_for(rows, "w01001", "realtime", date(2026, 3, 1), **key) is not None


def test_the_permit_of_the_outlet_wins_over_the_standard() -> None:
    plain = sewage("w01018", "1A")
    assert plain is not None
    permit = replace(plain, standard="permit", grade=None, point_id=7, high=30.0)
    rows = (*read_standards(), permit)
    of_seven = limit_for(rows, "w01018", "day", TODAY, point_id=7, standard="GB 18918-2002", grade="1A")
    of_eight = limit_for(rows, "w01018", "day", TODAY, point_id=8, standard="GB 18918-2002", grade="1A")
    assert of_seven is permit
    assert of_eight is plain


def test_an_ended_permit_gives_way_to_the_standard() -> None:
    plain = sewage("w01018", "1A")
    assert plain is not None
    permit = replace(plain, point_id=7, high=30.0, valid_to=TODAY)
    rows = (plain, permit)
    assert limit_for(rows, "w01018", "day", TODAY, point_id=7, standard="GB 18918-2002", grade="1A") is plain


def test_rivers_have_a_floor_for_oxygen_and_no_limit_for_nitrogen() -> None:
    rows = read_standards()
    oxygen = limit_for(rows, "w01009", "hour", TODAY, standard="GB 3838-2002", grade="III")
    assert oxygen is not None
    assert (oxygen.low, oxygen.high) == (5, None)
    assert limit_for(rows, "w21001", "hour", TODAY, standard="GB 3838-2002", grade="III") is None
    assert limit_for(rows, "w21001", "hour", TODAY, standard="GB 3838-2002", grade="III-lake") is not None


def test_the_largest_eight_hour_mean_is_never_compared_with_a_daily_mean() -> None:
    assert limit_for(read_standards(), "a05024", "day", TODAY, standard="GB 3095", grade="II") is None


def test_every_shipped_row_fits_the_table_and_says_where_it_comes_from() -> None:
    rows = read_standards()
    keys = {(r.standard, r.grade, r.factor, r.period, r.condition, r.valid_from) for r in rows}
    assert len(keys) == len(rows)
    for row in rows:
        assert row.period in PERIODS
        assert row.low is not None or row.high is not None
        assert row.low is None or row.high is None or row.low <= row.high
        assert row.valid_to is None or row.valid_to > row.valid_from
        assert row.source


def test_numbers_nobody_checked_say_so() -> None:
    shandong = [row for row in read_standards() if row.standard.startswith("DB37")]
    assert shandong
    assert all("not verified" in row.source for row in shandong)


def test_stack_values_are_converted_to_a_reference_oxygen() -> None:
    assert reference_oxygen() == {"coal_boiler": 6, "gas_boiler": 3, "gas_turbine": 15, "waste_incineration": 11}
