import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.positions.errors import FixError
from data.positions.fix import Fix
from data.positions.own import MOST_FIXES, parse

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ONE = {"lon": 119.1, "lat": 36.7, "at": "2026-03-01T15:59:58+08:00"}


def batch(*items: object) -> bytes:
    return json.dumps(items).encode()


def test_a_batch_is_read_in_its_order() -> None:
    full = ONE | {"officer_id": 12, "accuracy_m": 4.5, "speed_mps": 3, "heading": 90, "altitude_m": -2}
    own, other = parse(batch(ONE, full | {"battery_pct": 50, "mock": True}), received_at=NOW)
    at = datetime(2026, 3, 1, 7, 59, 58, tzinfo=UTC)
    assert own == (None, Fix(lon=119.1, lat=36.7, at=at))
    assert other == (
        12,
        Fix(
            lon=119.1,
            lat=36.7,
            at=at,
            speed_mps=3.0,
            heading=90.0,
            accuracy_m=4.5,
            altitude_m=-2.0,
            battery_pct=50.0,
            mock=True,
        ),
    )


def test_an_empty_batch_is_no_error() -> None:
    assert parse(b"[]", received_at=NOW) == []


def test_a_byte_order_mark_does_no_harm() -> None:
    assert len(parse(b"\xef\xbb\xbf" + batch(ONE), received_at=NOW)) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"lon": None}, r"\[1\]\.lon: is missing"),
        ({"lat": "x"}, r"\[1\]\.lat: must be a number"),
        ({"lat": 0, "lon": 0}, r"\[1\]\.lat: \(0, 0\)"),
        ({"at": "2026-03-01T15:59:58"}, r"\[1\]\.at: must name its zone"),
        ({"at": "2026-03-01T08:11:00Z"}, r"\[1\]\.at: .* in the future"),
        ({"at": {}}, r"\[1\]\.at: must be a number"),
        ({"officer_id": "12"}, r"\[1\]\.officer_id: must be the number of an officer"),
        ({"officer_id": 0}, r"\[1\]\.officer_id"),
        ({"officer_id": True}, r"\[1\]\.officer_id"),
        ({"officer_id": 2**63}, r"\[1\]\.officer_id"),
        ({"heading": 1e6}, r"\[1\]\.heading: must lie in"),
    ],
)
def test_a_bad_item_is_named_by_its_place(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FixError, match=complaint) as caught:
        parse(batch(ONE, ONE | change), received_at=NOW)
    assert caught.value.item == 1


def test_what_is_no_batch_is_refused() -> None:
    for body, complaint in [
        (b"", "body: must be JSON"),
        (b"{}", "body: must be a JSON array"),
        (batch(7), r"\[0\]: must be a JSON object"),
        (batch(None), r"\[0\]: must be a JSON object"),
        (b"[" * 100_000, "body: must be JSON"),
        (batch(*[ONE] * (MOST_FIXES + 1)), "at most 10,000 at once"),
    ]:
        with pytest.raises(FixError, match=complaint):
            parse(body, received_at=NOW)


@given(
    st.dictionaries(st.sampled_from([*ONE, "officer_id", "speed_mps", "mock"]), st.integers() | st.text() | st.none())
)
def test_any_item_is_read_or_refused(change: dict[str, Any]) -> None:
    with suppress(FixError):
        assert len(parse(batch(ONE | change), received_at=NOW)) == 1
