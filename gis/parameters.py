"""What a query string may say, read into values that SQL can take; `BadQuery` says which parameter is wrong and how.

Every door reads areas and lists with these, so that a code or a list means the same everywhere.
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.sql.elements import SQLColumnExpression

from gis.http import BadQuery, parse_bbox

MAX_WORDS = 50
MAX_LENGTH = 500

_CODE = re.compile(r"[1-9][0-9]([0-9]{2}){0,2}", re.ASCII)


def parse_region(value: str | None, name: str = "region") -> str | None:
    """Read a GB/T 2260 code into the prefix that its whole area shares: `370700` and `3707` into `3707`."""
    if value is None:
        return None
    if not _CODE.fullmatch(value):
        raise BadQuery(f"{name}: a GB/T 2260 code such as 37, 3707 or 370705, not {value[:20]!r}")
    return area_prefix(value)


def area_prefix(code: str) -> str:
    """The prefix that all codes of an area share: `370700` and `3707` are both the city, `370000` the province."""
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def parse_text(value: str | None, name: str) -> str | None:
    """Trim a text; None when nothing is left; refuse what a database cannot hold or nobody would type."""
    if value is None:
        return None
    if "\x00" in value or len(value) > MAX_LENGTH:
        raise BadQuery(f"{name}: at most {MAX_LENGTH} characters, none of them NUL")
    return value.strip() or None


def parse_words(value: str | None, name: str) -> tuple[str, ...]:
    """Read `a,b,c` into its words, without empty ones and repetitions, in their order."""
    words = tuple(dict.fromkeys(word.strip() for word in (parse_text(value, name) or "").split(",") if word.strip()))
    if len(words) > MAX_WORDS:
        raise BadQuery(f"{name}: at most {MAX_WORDS} values, separated by commas")
    return words


def in_area(column: SQLColumnExpression[str], prefix: str) -> ColumnElement[bool]:
    """The condition that a region code lies in the area of a prefix, as a range that an index in C collation serves."""
    return and_(column >= prefix, column < prefix + "z")


def in_box(column: SQLColumnExpression[Any], bbox: str | None) -> ColumnElement[bool] | None:
    """The condition that a geometry (WGS84) meets the box of `bbox`, edges included; None without a box."""
    box = parse_bbox(bbox)
    if box is None:
        return None
    envelope = func.ST_MakeEnvelope(*box.bounds, 4326)
    return and_(column.op("&&")(envelope), func.ST_Intersects(column, envelope))
