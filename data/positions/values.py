"""Numbers and times as phones and trackers write them."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

import orjson

from data.positions.errors import FixError

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_TIME: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d(:\d\d([.,]\d{1,9})?)?)"
    # A '+' that nobody escaped arrives as a space.
    r" ?(Z|(?P<sign>[+ -])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)  # no phone is older: an earlier time is a clock that was reset
_MILLISECONDS: Final = 946_684_800_000.0  # counted so it is the year 2000, counted in seconds the year 31969
_NEWEST_EPOCH: Final = 253_402_300_799.0  # the end of year 9999
_SHOWN: Final = 60  # characters of a bad value that an error repeats


@dataclass(frozen=True, slots=True)
class Reported:
    """A raw value under the name that its sender gave the field."""

    field: str
    value: object

    @property
    def missing(self) -> bool:
        """Not sent, or sent empty: templates leave a blank for what the phone does not know."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())

    def wrong(self, why: str) -> FixError:
        shown = repr(self.value)
        return FixError(self.field, f"{why}, not {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}")

    def number(self, low: float, high: float) -> float:
        """Return the value if it is a finite number, or text that spells one, from `low` to `high`."""
        value = self.value
        if isinstance(value, str):
            # Not left to float(), which also takes 'nan', '1_000' and digits of other scripts.
            if _NUMBER.fullmatch(value.strip()) is None:
                raise self.wrong("must be a number")
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong("must be a number")
        if not low <= value <= high:
            raise self.wrong(f"must lie in {low:,g}…{high:,g}")
        return float(value)

    def unsigned(self, high: float) -> float | None:
        """Return a number up to `high`; None when missing or negative, which several senders write for "unknown"."""
        if self.missing:
            return None
        value = self.number(-1e9, high)
        return None if value < 0.0 else value

    def true(self) -> bool:
        return self.value is True or self.value == 1 or str(self.value).strip().lower() in ("true", "1")

    def instant(self, *, zone: tzinfo | None) -> datetime:
        """Return an epoch in seconds or milliseconds, or a date and time, as aware UTC.

        A time that names no zone is in `zone`; with None it is refused.
        """
        text = self.value.strip() if isinstance(self.value, str) else None
        if text is None or _NUMBER.fullmatch(text) is not None:
            at = self._epoch()
        elif (parts := _TIME.fullmatch(text)) is not None:
            at = self._calendar(parts, zone)
        else:
            raise self.wrong("must be an epoch in seconds or milliseconds, or a time such as 2026-03-01T08:00:00+08:00")
        if at < _OLDEST:
            raise self.wrong("lies before the year 2000: the device's clock must be set; a time of today is wanted")
        return at

    def _epoch(self) -> datetime:
        epoch = self.number(-math.inf, 1e18)
        seconds = epoch / 1000.0 if epoch >= _MILLISECONDS else epoch
        if not 0.0 <= seconds <= _NEWEST_EPOCH:
            raise self.wrong("must be an epoch in seconds or milliseconds")
        return datetime.fromtimestamp(seconds, UTC)

    def _calendar(self, parts: re.Match[str], zone: tzinfo | None) -> datetime:
        try:
            local = datetime.fromisoformat(f"{parts['date']}T{parts['time'].replace(',', '.')}")
            if parts["hours"] is not None:
                offset = timedelta(hours=int(parts["hours"]), minutes=int(parts["minutes"] or 0))
                zone = timezone(-offset if parts["sign"] == "-" else offset)
            elif parts[0][-1] in "Zz":
                zone = UTC
            if zone is None:
                raise self.wrong("must name its zone, such as Z or +08:00")
            return local.replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            if isinstance(error, FixError):
                raise
            raise self.wrong("must be a time that exists") from None


def read_json(body: bytes) -> Any:
    """Return what the body holds; raise `FixError` when that is no JSON."""
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise FixError("body", f"must be JSON in UTF-8: {error}") from None


def read_object(value: object, field: str) -> dict[str, Any]:
    """Return a JSON object, an absent one as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Reported(field, value).wrong("must be a JSON object")
    return value
