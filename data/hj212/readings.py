"""Measurements out of a frame: pollutant, period, aware time, value. No limit is judged here.

DataTime is China Standard Time: the instant of a real-time value, the *start* of a minute, hour or day (HJ 212-2017,
6.6). What is unbelievable is left out and said in `problems`; one bad field never costs the good ones beside it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal

from data.hj212.errors import ReadingError
from data.hj212.factors import current_code
from data.hj212.frame import Frame

Period = Literal["realtime", "minute", "hour", "day"]

PERIOD_OF: dict[str, Period] = {"2011": "realtime", "2051": "minute", "2061": "hour", "2031": "day"}
"""The commands that carry measurements. Everything else (states, calibration, alarms of 2005) gives no reading."""

CHINA_STANDARD_TIME = timezone(timedelta(hours=8), "CST")
AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead before we stop believing it."""

EARLIEST = datetime(2000, 1, 1, tzinfo=CHINA_STANDARD_TIME)

# Noise (ST 23, 36) sends its value in a field called Data.
_VALUE_FIELDS: dict[Period, tuple[str, ...]] = {
    "realtime": ("Rtd", "Data"),
    "minute": ("Avg", "Data"),
    "hour": ("Avg", "Data"),
    "day": ("Avg", "Data"),
}
_CONVERTED_FIELD: dict[Period, str] = {"realtime": "ZsRtd", "minute": "ZsAvg", "hour": "ZsAvg", "day": "ZsAvg"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one pollutant at one device.

    `factor` is the code of 2017, or the device's own when no table has it. `value` is the instantaneous or mean value
    in the factor's unit, `converted` the same at reference oxygen (折算); None when not sent or not a number. `flag` is
    the data flag as sent (N normal, D fault, …). `fields` are the factor's fields, word for word. Times are UTC.
    """

    mn: str
    factor: str
    period: Period
    at: datetime
    value: float | None
    converted: float | None
    flag: str | None
    sample_at: datetime | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Readings:
    """What a frame measured, and what in it could not be believed."""

    readings: list[Reading] = field(default_factory=list)
    problems: list[ReadingError] = field(default_factory=list)


def readings_in(frame: Frame, received_at: datetime) -> Readings:
    """Return the measurements of a frame, each factor once; none for a frame that is not an upload of data.

    `received_at` (aware) is when the frame came in: a DataTime more than ten minutes after it, or after the frame's own
    QN, is refused, as is one before the year 2000.
    """
    found = Readings()
    period = PERIOD_OF.get(frame.cn)
    if period is None or not frame.factors:
        return found
    try:
        mn, at = _device(frame), _moment(frame, received_at)
    except ReadingError as problem:
        found.problems.append(problem)
        return found
    by_factor: dict[str, Reading] = {}
    for code, fields in frame.factors.items():
        factor = current_code(code)
        if factor in by_factor:
            found.problems.append(ReadingError(f"{factor} twice, as {code} too; the last one counts", factor=factor))
        by_factor[factor] = _reading(mn, factor, period, at, fields, found.problems)
    found.readings.extend(by_factor.values())
    return found


def moment(text: str) -> datetime | None:
    """Return a time of the protocol (China Standard Time, 14 digits or 17 with milliseconds) in UTC, else None."""
    return _moment_of(text) if len(text) <= 17 else None


@lru_cache(maxsize=4096)
def _moment_of(text: str) -> datetime | None:
    if len(text) not in (14, 17) or not (text.isascii() and text.isdecimal()):
        return None
    try:
        local = datetime(
            int(text[:4]),
            int(text[4:6]),
            int(text[6:8]),
            int(text[8:10]),
            int(text[10:12]),
            int(text[12:14]),
            int(text[14:] or 0) * 1000,
            tzinfo=CHINA_STANDARD_TIME,
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _device(frame: Frame) -> str:
    if not frame.mn:
        raise ReadingError("the frame does not say whose data it is (no MN)")
    return frame.mn


def _moment(frame: Frame, received_at: datetime) -> datetime:
    text = frame.parameters.get("DataTime")
    if text is None:
        raise ReadingError("no DataTime")
    at = moment(text.strip())
    if at is None:
        raise ReadingError(f"DataTime {text[:30]!r} is not a time of 14 or 17 digits")
    if at < EARLIEST:
        raise ReadingError(f"DataTime {text} is before the year 2000")
    if at - received_at > AHEAD:
        raise ReadingError(f"DataTime {text} is more than ten minutes after its arrival")
    sent_at = moment(frame.qn) if frame.qn else None
    if sent_at is not None and at - sent_at > AHEAD:
        raise ReadingError(f"DataTime {text} is more than ten minutes after QN {frame.qn}")
    return at


def _reading(
    mn: str,
    factor: str,
    period: Period,
    at: datetime,
    fields: Mapping[str, str],
    problems: list[ReadingError],
) -> Reading:
    sampled = fields.get("SampleTime")
    sample_at = moment(sampled) if sampled else None
    if sampled and (sample_at is None or sample_at < EARLIEST):
        problems.append(ReadingError(f"{factor}: SampleTime {sampled[:30]!r} cannot be", factor=factor))
        sample_at = None
    value = None
    for name in _VALUE_FIELDS[period]:
        if name in fields:
            value = _number(factor, name, fields[name], problems)
            break
    name = _CONVERTED_FIELD[period]
    converted = _number(factor, name, fields[name], problems) if name in fields else None
    return Reading(mn, factor, period, at, value, converted, fields.get("Flag"), sample_at, fields)


def _number(factor: str, name: str, text: str, problems: list[ReadingError]) -> float | None:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # float() would also take 1_000, and digits of other scripts; a device means neither.
    if math.isfinite(value) and text.isascii() and "_" not in text:
        return value
    if text.strip():
        problems.append(ReadingError(f"{factor}-{name} is not a number: {text[:30]!r}", factor=factor))
    return None
