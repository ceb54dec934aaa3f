from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.hj212.factors import FACTORS, current_code
from data.hj212.frame import Frame
from data.hj212.readings import moment, readings_in

NOW = datetime(2024, 6, 1, 0, 5, tzinfo=UTC)  # 08:05 in China


def upload(cp: str, cn: str = "2011", **header: object) -> Frame:
    return Frame(**{"cn": cn, "qn": "20240601080100000", "mn": "81733553213013", "flag": 5, "cp": cp, **header})


def of(frame: Frame, received_at: datetime = NOW):
    found = readings_in(frame, received_at)
    return {reading.factor: reading for reading in found.readings}, [str(problem) for problem in found.problems]


def test_real_wastewater_frame_gives_values_times_and_flags(recorded):
    readings, problems = of(Frame.parse(recorded["v14"]))
    cod = readings["w01018"]
    assert not problems
    assert (cod.mn, cod.period, cod.value, cod.flag) == ("81733553213013", "realtime", 194.2, "N")
    assert cod.at == datetime(2021, 3, 19, 17, 34, tzinfo=UTC)
    assert readings["w21001"].sample_at == datetime(2021, 3, 19, 16, 54, tzinfo=UTC)
    assert readings["w00000"].sample_at is None
    assert len(readings) == 6


def test_mean_counts_for_a_period_and_the_time_is_its_start(recorded):
    readings, _ = of(Frame.parse(recorded["v10"]))
    assert readings["w01018"].period == "minute"
    assert readings["w01018"].value == 106.8
    assert readings["w01018"].at == datetime(2022, 6, 13, 2, 40, tzinfo=UTC)
    assert readings["w01018"].fields["Cou"] == "0.2178"
    assert of(Frame.parse(recorded["v07"]))[0]["a34006"].period == "hour"


def test_seventeen_digits_of_time_are_milliseconds(recorded):
    readings, _ = of(Frame.parse(recorded["v06"]))
    assert readings["ele01"].at == datetime(2021, 3, 4, 16, 38, 17, tzinfo=UTC)
    assert moment("20240601080000250") == datetime(2024, 6, 1, 0, 0, 0, 250_000, tzinfo=UTC)


def test_converted_value_comes_from_the_field_of_the_period():
    cp = "DataTime=20240601070000;a21026-Rtd=30,a21026-ZsRtd=41,a21026-Avg=28,a21026-ZsAvg=39,a21026-Flag=N"
    assert (of(upload(cp))[0]["a21026"].value, of(upload(cp))[0]["a21026"].converted) == (30.0, 41.0)
    assert [(r.value, r.converted) for r in of(upload(cp, "2061"))[0].values()] == [(28.0, 39.0)]


def test_day_and_noise_values_are_read():
    assert of(upload("DataTime=20240531000000;w01018-Avg=40", "2031"))[0]["w01018"].period == "day"
    assert of(upload("DataTime=20240601080000;LA-Data=50.1"))[0]["LA"].value == 50.1


def test_codes_of_2005_become_those_of_2017_and_unknown_ones_stay():
    readings, _ = of(
        upload("DataTime=20240601080000;011-Rtd=52;B01-Rtd=3;02-Rtd=30;S01-Rtd=9;x9-Rtd=1;LA-td=5", flag=1)
    )
    assert list(readings) == ["w01018", "w00000", "a21026", "a19001", "x9", "LA"]
    assert readings["LA"].value is None
    assert readings["LA"].fields == {"td": "5"}


def test_one_factor_under_two_codes_is_stored_once():
    readings, problems = of(upload("DataTime=20240601080000;011-Rtd=52;w01018-Rtd=53"))
    assert readings["w01018"].value == 53
    assert "twice" in problems[0]


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999", "1_0", "--", "１２", "1,234"])
def test_what_is_no_number_is_no_value_and_its_neighbours_stay(text):
    readings, problems = of(upload(f"DataTime=20240601080000;w01018-Rtd={text},w01018-Flag=D;w01001-Rtd=7.1"))
    assert (readings["w01018"].value, readings["w01018"].flag) == (None, "D")
    assert readings["w01001"].value == 7.1
    assert "w01018-Rtd is not a number" in problems[0]


def test_an_empty_value_is_missing_not_wrong():
    readings, problems = of(upload("DataTime=20240601080000;w01018-Rtd=,w01018-Flag=B"))
    assert (readings["w01018"].value, problems) == (None, [])


@pytest.mark.parametrize(
    ("data_time", "said"),
    [
        ("20240601081501", "after its arrival"),
        ("20240601081200", "after QN"),
        ("19991231235959", "before the year 2000"),
        ("20240631080000", "not a time"),
        ("00000101000000", "not a time"),
        ("2024-06-01", "not a time"),
        ("", "not a time"),
    ],
)
def test_an_unbelievable_time_gives_a_problem_and_no_reading(data_time, said):
    readings, problems = of(upload(f"DataTime={data_time};w01018-Rtd=52"))
    assert not readings
    assert said in problems[0]


def test_a_clock_a_little_ahead_is_believed():
    assert of(upload("DataTime=20240601081100;w01018-Rtd=52"))[0]
    assert of(upload("DataTime=20240601081500;w01018-Rtd=52", qn=None))[0]


def test_old_data_sent_again_is_read():
    readings, problems = of(upload("DataTime=20240501080000;w01018-Rtd=52"), NOW + timedelta(days=400))
    assert readings
    assert not problems


def test_a_frame_without_time_or_device_gives_a_problem():
    assert of(upload("w01018-Rtd=52"))[1] == ["no DataTime"]
    assert "no MN" in of(upload("DataTime=20240601080000;w01018-Rtd=52", mn=None))[1][0]


def test_an_impossible_sample_time_costs_only_itself():
    readings, problems = of(upload("DataTime=20240601080000;w01018-SampleTime=0,w01018-Rtd=52"))
    assert (readings["w01018"].value, readings["w01018"].sample_at) == (52, None)
    assert "SampleTime" in problems[0]


@pytest.mark.parametrize("cn", ["2072", "9015", "2081", "1013", "2021", "9011", "3020"])
def test_other_commands_carry_no_readings(cn):
    assert of(upload("DataTime=20240601080000;w01018-Rtd=52", cn)) == ({}, [])


def test_every_old_code_is_used_once():
    old = [factor.old for factor in FACTORS.values() if factor.old]
    assert len(old) == len(set(old))
    assert current_code("101") == "w21011"
    assert not FACTORS.keys() & set(old)


FIELD = st.text(max_size=20).filter(lambda text: not set(text) & set(";,="))


@given(st.text(max_size=20), st.dictionaries(st.sampled_from(["w01018-Rtd", "011-Rtd", "a-SampleTime"]), FIELD))
def test_any_text_gives_readings_or_problems_never_an_exception(data_time, fields):
    cp = ";".join([f"DataTime={data_time}", *(f"{name}={text}" for name, text in fields.items())])
    for reading in readings_in(upload(cp), NOW).readings:
        assert reading.at.tzinfo is UTC
