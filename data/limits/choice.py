"""Which limit holds: for one outlet, factor and averaging period, on one day, in the state the outlet is in.

Only the choice is made here. What a value above the limit means (warning, violation, level) is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar


class LimitRow(Protocol):
    """What the choice reads of a limit: `data.limits.Limit` and rows of `discharge_limit` both have it."""

    @property
    def standard(self) -> str: ...
    @property
    def grade(self) -> str | None: ...
    @property
    def point_id(self) -> int | None: ...
    @property
    def factor(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def condition(self) -> str | None: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def source(self) -> str: ...


Row = TypeVar("Row", bound=LimitRow)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of the outlet at the time of the value; None where nothing is known.

    `water_temperature` in °C.
    """

    water_temperature: float | None = None
    built_on: date | None = None


def limit_for(
    rows: Iterable[Row],
    factor: str,
    period: str,
    on: date,
    *,
    point_id: int | None = None,
    standard: str | None = None,
    grade: str | None = None,
    conditions: Conditions = Conditions(),
) -> Row | None:
    """Return the one row that limits `factor` over `period` on the day `on`, or None when nothing does.

    The outlet's own permit wins over the standard; a row whose condition is known to hold wins over one without;
    of several, the one that came into force last. A condition that is not understood, or about which nothing is known,
    never holds: the plain value of the standard is then the limit.
    """
    candidates = [
        row
        for row in rows
        if row.factor == factor
        and row.period == period
        and row.valid_from <= on
        and (row.valid_to is None or on < row.valid_to)
        and _belongs(row, point_id, standard, grade)
        and (row.condition is None or _holds(row.condition, conditions))
    ]
    return max(
        candidates,
        key=lambda row: (row.point_id is not None, row.condition is not None, row.valid_from),
        default=None,
    )


def _belongs(row: LimitRow, point_id: int | None, standard: str | None, grade: str | None) -> bool:
    if row.point_id is not None:
        return row.point_id == point_id
    return standard is not None and (row.standard, row.grade) == (standard, grade)


def _holds(condition: str, conditions: Conditions) -> bool:
    if condition.startswith("water_temperature<="):
        limit = float(condition.removeprefix("water_temperature<="))
        return conditions.water_temperature is not None and conditions.water_temperature <= limit
    if condition.startswith("built_before="):
        day = date.fromisoformat(condition.removeprefix("built_before="))
        return conditions.built_on is not None and conditions.built_on < day
    return False
