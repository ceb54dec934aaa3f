import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.positions.errors import FixError
from data.positions.fix import Fix
from data.positions.owntracks import parse
from gis.position import Datum

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def test_a_full_location_is_read() -> None:
    body = (
        b'{"_type":"location","acc":15,"alt":440,"batt":46,"conn":"w","lat":46.0681247,"lon":11.1512805,"t":"u",'
        b'"tid":"5t","tst":1551874878,"vac":2,"vel":0}'
    )
    assert parse(body, received_at=NOW, bounds=None) == Fix(
        lon=11.1512805,
        lat=46.0681247,
        at=datetime(2019, 3, 6, 12, 21, 18, tzinfo=UTC),
        speed_mps=0.0,
        accuracy_m=15.0,
        altitude_m=440.0,
        battery_pct=46.0,
    )


def test_a_bare_location_is_read() -> None:
    body = b'{"lon":2.29513,"lat":48.85833,"tst":1497349316,"_type":"location","tid":"JJ"}'
    assert parse(body, received_at=NOW, bounds=None) == Fix(
        lon=2.29513, lat=48.85833, at=datetime(2017, 6, 13, 10, 21, 56, tzinfo=UTC)
    )


def test_speed_is_in_kilometres_an_hour_and_course_in_degrees() -> None:
    fix = parse(b'{"_type":"location","lat":36.7,"lon":119.1,"vel":36,"cog":271}', received_at=NOW)
    assert fix is not None
    assert (fix.speed_mps, fix.heading) == (pytest.approx(10.0), 271.0)
    assert (fix.at, fix.received_time) == (NOW, True)


def test_the_datum_is_the_devices() -> None:
    fix = parse(b'{"_type":"location","lat":36.715484,"lon":119.119620}', received_at=NOW, datum=Datum.BD09)
    assert fix is not None
    assert (fix.lon, fix.lat) == pytest.approx((119.107078, 36.709250), abs=2e-6)


@pytest.mark.parametrize(
    "kind", ["lwt", "transition", "waypoint", "waypoints", "status", "card", "cmd", "encrypted", "steps", "new"]
)
def test_other_messages_move_nobody(kind: str) -> None:
    assert parse(json.dumps({"_type": kind, "lat": "far", "desc": "家"}).encode(), received_at=NOW) is None


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_moves_nobody(body: bytes) -> None:
    assert parse(body, received_at=NOW) is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"hello", "body: must be JSON in UTF-8"),
        (b"[]", "body: must be a JSON object"),
        (b"{}", "_type: is missing"),
        (b'{"_type":"location","lat":36.7}', "lon: is missing"),
        (b'{"_type":"location","lat":0,"lon":0}', "lat: \\(0, 0\\)"),
        (b'{"_type":"location","lat":48.8,"lon":2.2}', "lat: .* outside the area in use"),
        (b'{"_type":"location","lat":36.7,"lon":119.1,"tst":4102444800}', "tst: .* in the future"),
        (b'{"_type":"location","lat":36.7,"lon":119.1,"vel":"fast"}', "vel: must be a number"),
        (b'{"_type":"location","lat":1e999,"lon":119.1}', "body|lat"),
        (b'{"_type":"location","lat":NaN,"lon":119.1}', "body: must be JSON"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name_and_why(body: bytes, complaint: str) -> None:
    with pytest.raises(FixError, match=complaint):
        parse(body, received_at=NOW)


@given(
    st.binary(max_size=100) | st.dictionaries(st.text(max_size=5), st.integers()).map(lambda d: json.dumps(d).encode())
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(FixError):
        assert parse(body, received_at=NOW) is None
