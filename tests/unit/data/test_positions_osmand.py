import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.positions.errors import FixError
from data.positions.fix import Bounds, Fix, SpeedUnit
from data.positions.osmand import parse_json, parse_query, token_in_json, token_in_query
from gis.position import Datum

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def query(text: str, **how: Any) -> tuple[str, Fix | None]:
    how = {"received_at": NOW, "bounds": None} | how
    return parse_query(parse_qs(text, keep_blank_values=True), **how)


def fix_in(text: str, **how: Any) -> Fix:
    _, fix = query(f"id=7&lat=36.7&lon=119.1&{text}", **how)
    assert fix is not None
    return fix


def test_iso_time_and_knots_are_read() -> None:
    token, fix = query(
        "id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0&altitude=224.0&speed=0.0"
    )
    assert token == "902064"
    assert fix is not None
    assert fix.as_json() == {
        "lon": -88.23412,
        "lat": 42.06288,
        "at": "2016-01-27T18:55:47Z",
        "speed_mps": 0.0,
        "heading": None,
        "accuracy_m": None,
        "altitude_m": 224.0,
        "battery_pct": None,
        "received_time": False,
    }


def test_epoch_seconds_are_read() -> None:
    token, fix = query("id=123456&timestamp=1377177267&lat=60.0&lon=30.0")
    assert (token, fix) == ("123456", Fix(lon=30.0, lat=60.0, at=datetime(2013, 8, 22, 13, 14, 27, tzinfo=UTC)))


def test_without_a_time_it_is_now_and_says_so() -> None:
    token, fix = query("id=861001000719969&lat=41.666667&lon=-0.883333&altitude=350.059479&speed=0.000000&batt=87")
    assert token == "861001000719969"
    assert fix == Fix(
        lon=-0.883333, lat=41.666667, at=NOW, speed_mps=0.0, altitude_m=350.059479, battery_pct=87.0, received_time=True
    )


@pytest.mark.parametrize(
    "timestamp",
    [
        "1772352000",
        "1772352000000",
        "1772352000.0",
        "2026-03-01T08:00:00Z",
        "2026-03-01T08:00:00.000Z",
        "2026-03-01T16:00:00%2B08:00",
        "2026-03-01T16:00:00+08:00",  # the sender forgot to escape the plus
        "2026-03-01T16:00:00%2B0800",
        "2026-03-01T02:30:00-05:30",
        "2026-03-01+08:00:00",
        "2026-03-01T08:00",
    ],
)
def test_one_instant_may_be_written_in_many_ways(timestamp: str) -> None:
    fix = fix_in(f"timestamp={timestamp}")
    assert (fix.at, fix.received_time) == (NOW, False)


def test_a_time_without_a_zone_is_in_the_devices_zone() -> None:
    beijing = timezone(timedelta(hours=8))
    assert fix_in("timestamp=2026-03-01+16:00:00", zone=beijing).at == NOW
    assert fix_in("timestamp=2026-03-01T08:00:00Z", zone=beijing).at == NOW


@pytest.mark.parametrize(
    ("text", "unit", "metres_per_second"),
    [
        ("speed=19.43844", SpeedUnit.KNOTS, 10.0),
        ("speed=10", SpeedUnit.MPS, 10.0),
        ("speed=36", SpeedUnit.KMH, 10.0),
        ("speed_mps=10&speed=99", SpeedUnit.KNOTS, 10.0),
        ("speed_mps=&speed=36", SpeedUnit.KMH, 10.0),
    ],
)
def test_speed_is_in_the_devices_unit(text: str, unit: SpeedUnit, metres_per_second: float) -> None:
    assert fix_in(text, speed_unit=unit).speed_mps == pytest.approx(metres_per_second, abs=1e-5)


@pytest.mark.parametrize(
    "text", ["speed=-1", "heading=-1", "bearing=-1.0", "accuracy=-1", "batt=-1", "speed=&batt=&altitude="]
)
def test_unknown_is_none(text: str) -> None:
    fix = fix_in(text)
    assert (fix.speed_mps, fix.heading, fix.accuracy_m, fix.altitude_m, fix.battery_pct) == (None,) * 5


def test_other_names_for_the_same_thing() -> None:
    assert query("deviceid=7&location=36.7,119.1&bearing=360") == query("id=7&lat=36.7&lon=119.1&heading=0")
    assert fix_in("bearing=&heading=90&batt=87%25").heading == 90.0


def test_a_made_up_position_is_marked() -> None:
    assert fix_in("mock=true").mock
    assert fix_in("mock=1").mock
    assert not fix_in("mock=false").mock


@pytest.mark.parametrize(
    "text",
    ["id=7", "id=7&lat=&lon=", "id=7&cell=460,0,9878,3456&timestamp=1772352000", "id=7&lat=36.7&lon=119.1&valid=false"],
)
def test_a_report_without_a_position_is_no_error(text: str) -> None:
    assert query(text) == ("7", None)


def test_the_datum_is_the_devices() -> None:
    _, fix = query("id=7&lat=36.709764&lon=119.113045", datum=Datum.GCJ02)
    assert fix is not None
    assert (fix.lon, fix.lat) == pytest.approx((119.107078, 36.709250), abs=2e-6)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lat=36.7&lon=119.1", "id: the device's token is missing"),
        ("id=++&lat=36.7&lon=119.1", "id: the device's token is missing"),
        (f"id={'7' * 256}", "id: a token has at most 255"),
        ("id=7&lat=36.7", "lon: is missing"),
        ("id=7&lon=119.1", "lat: is missing"),
        ("id=7&lat=nan&lon=119.1", "lat: must be a number, not 'nan'"),
        ("id=7&lat=36.7&lon=inf", "lon: must be a number, not 'inf'"),
        ("id=7&lat=36.7&lon=1e400", "lon: must lie in -180…180, not '1e400'"),
        ("id=7&lat=36,7&lon=119.1", "lat: must be a number, not '36,7'"),
        ("id=7&lat=3_6&lon=119.1", "lat: must be a number"),
        ("id=7&lat=３６&lon=119.1", "lat: must be a number"),
        ("id=7&lat=119.1&lon=36.7", "lat: must lie in -90…90"),
        ("id=7&lat=0&lon=0.00", r"lat: \(0, 0\) is what a receiver without a fix reports"),
        ("id=7&location=36.7", "location: must be lat,lon"),
        ("id=7&location=36.7,a", "location: must be a number, not 'a'"),
        ("id=7&lat=36.7&lon=119.1&speed=fast", "speed: must be a number"),
        ("id=7&lat=36.7&lon=119.1&speed=1e9", "speed: must lie in"),
        ("id=7&lat=36.7&lon=119.1&heading=361", "heading: must lie in"),
        ("id=7&lat=36.7&lon=119.1&batt=101", "batt: must lie in"),
        ("id=7&lat=36.7&lon=119.1&altitude=1e6", "altitude: must lie in"),
        ("id=7&lat=36.7&lon=119.1&accuracy=1e12", "accuracy: must lie in"),
        ("id=7&lat=36.7&lon=119.1&timestamp=yesterday", "timestamp: must be an epoch"),
        ("id=7&lat=36.7&lon=119.1&timestamp=2026-02-30T08:00:00Z", "timestamp: must be a time that exists"),
        ("id=7&lat=36.7&lon=119.1&timestamp=2026-02-20T08:00:00-99:00", "timestamp: must be a time that exists"),
        ("id=7&lat=36.7&lon=119.1&timestamp=9999-12-31T23:59:59-08:00", "timestamp: must be a time that exists"),
        ("id=7&lat=36.7&lon=119.1&timestamp=0", "timestamp: lies before the year 2000"),
        ("id=7&lat=36.7&lon=119.1&timestamp=-5", "timestamp: must be an epoch"),
        ("id=7&lat=36.7&lon=119.1&timestamp=1e17", "timestamp: must be an epoch"),
        ("id=7&lat=36.7&lon=119.1&timestamp=4102444800", "timestamp: 2100-01-01T00:00:00Z is more than 10 minutes"),
        ("id=7&lat=36.7&lon=119.1&timestamp=1772352601", "timestamp: 2026-03-01T08:10:01Z is more than 10 minutes"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name_and_why(text: str, complaint: str) -> None:
    with pytest.raises(FixError, match=complaint):
        query(text)


def test_a_clock_ten_minutes_ahead_is_still_believed() -> None:
    assert fix_in("timestamp=1772352600").at == NOW + timedelta(minutes=10)


def test_only_positions_in_china_are_taken_unless_configured() -> None:
    london = parse_qs("id=7&lat=51.5&lon=-0.12")
    with pytest.raises(FixError, match="outside the area in use"):
        parse_query(london, received_at=NOW)
    assert parse_query(london, received_at=NOW, bounds=Bounds(-1, 51, 1, 52))[1] is not None
    assert parse_query(parse_qs("id=7&lat=36.7&lon=119.1"), received_at=NOW)[1] is not None


def test_a_long_bad_value_is_not_repeated_in_full() -> None:
    with pytest.raises(FixError) as caught:
        query(f"id=7&lat={'x' * 10_000}&lon=119.1")
    assert len(str(caught.value)) < 150


TRACCAR_9 = {
    "location": {
        "timestamp": "2025-06-15T13:45:12.862Z",
        "coords": {
            "latitude": 37.4219983,
            "longitude": -122.084,
            "accuracy": 5,
            "speed": 0,
            "heading": -1,
            "altitude": 5,
        },
        "is_moving": False,
        "odometer": 0,
        "event": "motionchange",
        "battery": {"level": 1, "is_charging": False},
        "activity": {"type": "still"},
        "extras": {},
    },
    "device_id": "48241179",
}


def changed(**coords: Any) -> bytes:
    location = TRACCAR_9["location"] | {"coords": TRACCAR_9["location"]["coords"] | coords}  # type: ignore[index,operator]
    return json.dumps(TRACCAR_9 | {"location": location}).encode()


def test_traccar_clients_json_is_read() -> None:
    body = json.dumps(TRACCAR_9).encode()
    assert token_in_json(body) == "48241179"
    assert parse_json(body, received_at=NOW, bounds=None) == (
        "48241179",
        Fix(
            lon=-122.084,
            lat=37.4219983,
            at=datetime(2025, 6, 15, 13, 45, 12, 862_000, tzinfo=UTC),
            speed_mps=0.0,
            heading=None,
            accuracy_m=5.0,
            altitude_m=5.0,
            battery_pct=100.0,
        ),
    )


def test_json_speed_is_metres_a_second_and_minus_one_unknown() -> None:
    _, fix = parse_json(changed(speed=12.5, heading=271.5), received_at=NOW, bounds=None)
    assert fix is not None
    assert (fix.speed_mps, fix.heading) == (12.5, 271.5)
    _, fix = parse_json(changed(speed=-1, accuracy=-1), received_at=NOW, bounds=None)
    assert fix is not None
    assert (fix.speed_mps, fix.accuracy_m) == (None, None)


@pytest.mark.parametrize(("level", "percent"), [(0.57, 57.0), (0, 0.0), (-1, None), (None, None)])
def test_json_battery_is_a_share(level: float | None, percent: float | None) -> None:
    location = TRACCAR_9["location"] | {"battery": {"level": level}, "mock": True}  # type: ignore[operator]
    _, fix = parse_json(json.dumps(TRACCAR_9 | {"location": location}).encode(), received_at=NOW, bounds=None)
    assert fix is not None
    assert (fix.battery_pct, fix.mock) == (percent, True)


def test_json_without_coordinates_moves_nobody() -> None:
    assert parse_json(b'{"device_id": 7, "location": {"event": "heartbeat"}}', received_at=NOW) == ("7", None)
    assert parse_json(b'{"device_id": "7"}', received_at=NOW) == ("7", None)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "body: must be JSON in UTF-8"),
        (b"[]", "body: must be a JSON object"),
        ('{"device_id": "七"}'.encode("gbk"), "body: must be JSON in UTF-8"),
        (b'{"location": {}}', "device_id: the device's token is missing"),
        (b'{"device_id": true}', "device_id: the device's token is missing"),
        (b'{"device_id": "7", "location": []}', "location: must be a JSON object"),
        (b'{"device_id": "7", "location": {"coords": 5}}', "location.coords: must be a JSON object"),
        (changed(latitude=None), "location.coords.latitude: is missing"),
        (changed(latitude=True), "location.coords.latitude: must be a number, not True"),
        (changed(latitude=[37]), "location.coords.latitude: must be a number"),
        (changed(speed=1e300), "location.coords.speed: must lie in"),
    ],
)
def test_unusable_json_is_refused_with_its_name_and_why(body: bytes, complaint: str) -> None:
    with pytest.raises(FixError, match=complaint):
        parse_json(body, received_at=NOW, bounds=None)


names = st.sampled_from(
    [
        "id",
        "deviceid",
        "lat",
        "lon",
        "location",
        "timestamp",
        "speed",
        "speed_mps",
        "bearing",
        "altitude",
        "batt",
        "valid",
    ]
)
odd = st.sampled_from(["nan", "-inf", "1e999", "-1", "", "0", "9" * 400, "2026-13-01T00:00:00Z", "36.7,119.1", "٣"])
values = st.one_of(st.text(max_size=30), odd, st.floats().map(str), st.integers().map(str), st.datetimes().map(str))
plausible = st.fixed_dictionaries({"id": st.just(["7"]), "lat": st.just(["36.7"]), "lon": st.just(["119.1"])})


@given(plausible, st.dictionaries(names, st.lists(values, max_size=2)))
def test_any_query_is_read_or_refused(good: dict[str, list[str]], noise: dict[str, list[str]]) -> None:
    try:
        token, fix = parse_query(good | noise, received_at=NOW)
    except FixError:
        return
    assert token == token_in_query(good | noise)
    assert fix is None or (fix.at.tzinfo is UTC and 73 < fix.lon < 136 and json.dumps(fix.as_json(), allow_nan=False))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["latitude", "longitude", "speed", "heading", "altitude", "accuracy"]), anything, anything)
def test_any_json_is_read_or_refused(name: str, value: object, timestamp: object) -> None:
    coords = {"latitude": 36.7, "longitude": 119.1, name: value}
    body = json.dumps({"device_id": "7", "location": {"coords": coords, "timestamp": timestamp}}).encode()
    with suppress(FixError):
        assert parse_json(body, received_at=NOW)[0] == "7"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(FixError):
        parse_json(body, received_at=NOW)
