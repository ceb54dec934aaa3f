"""Which records a list or a figure looks at, and how a list is turned over, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, and_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from enforcement.periods import Span
from gis.http import BadQuery, PageParams

_EARLIEST, _LATEST = date(1970, 1, 1), date(2200, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR_DIGITS = 18


def check_day(value: date, name: str) -> date:
    """Raise `BadQuery` for a day that no record has."""
    if not _EARLIEST <= value <= _LATEST:
        raise BadQuery(f"{name}: a day between {_EARLIEST} and {_LATEST}")
    return value


def days_asked(first: date | None, last: date | None, today: date) -> Span:
    """The days from `first` to `last`, as far as they have come: a record of tomorrow is not shown today."""
    first, last = check_day(first or _EARLIEST, "from"), check_day(last or _LATEST, "to")
    if first > last:
        raise BadQuery("from: not later than `to`")
    return Span(first, min(last, today))


def within(when: InstrumentedAttribute[Any], span: Span) -> ColumnElement[bool]:
    """The condition that a moment, or a day, lies in a span of days in China."""
    if isinstance(when.expression.type, Date):
        return when.between(span.first, span.last)
    return and_(when >= span.begins, when < span.ends)


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """The order of a list: by `when` and `id`, both falling; its cursor is `WHEN.ID` of the last row, as numbers."""

    when: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[int]

    def order(self) -> tuple[ColumnElement[Any], ...]:
        return self.when.desc(), self.id.desc()

    def after(self, page: PageParams) -> list[ColumnElement[bool]]:
        """The condition of the rows that follow the page's cursor."""
        if page.cursor is None:
            return []
        number, dot, row_id = page.cursor.partition(".")
        if not (dot and all(_is_number(part) for part in (number, row_id))):
            raise BadQuery("cursor: send back the `next` of the page before, unchanged")
        return [tuple_(self.when, self.id) < tuple_(self._value(int(number)), int(row_id))]

    def following(self, rows: Sequence[Row[Any]], page: PageParams) -> str | None:
        """The cursor behind `rows`, whose columns are named `when` and `id`."""
        if len(rows) < page.limit:
            return None
        return f"{_number(rows[-1].when)}.{rows[-1].id}"

    def _value(self, number: int) -> date | datetime:
        try:
            if isinstance(self.when.expression.type, Date):
                return date.fromordinal(number)
            return _EPOCH + number * _MICROSECOND
        except (OverflowError, ValueError):
            raise BadQuery("cursor: send back the `next` of the page before, unchanged") from None


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= _CURSOR_DIGITS


def _number(when: date | datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND if isinstance(when, datetime) else when.toordinal()
