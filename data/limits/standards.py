"""The limits that ship with the product, read from `standards.toml`."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from data.tables import DischargeLimit

_FILE = Path(__file__).with_name("standards.toml")

_CHECKED = {
    "text": "",
    "secondary": " [from a secondary source]",
    "unverified": " [not verified: compare with the official text]",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound or pair of bounds for one factor and averaging period; the fields are those of `discharge_limit`.

    `valid_to` is the first day on which the limit no longer holds; `point_id` is set for a permit's own row.
    """

    standard: str
    grade: str | None
    factor: str
    period: str
    low: float | None
    high: float | None
    unit: str
    valid_from: date
    source: str
    valid_to: date | None = None
    condition: str | None = None
    point_id: int | None = None


@cache
def read_standards() -> tuple[Limit, ...]:
    """Return every limit of the shipped standards."""
    document = _document()
    units: dict[str, str] = document["units"]
    return tuple(limit for table in document["table"] for limit in _limits_of(table, units))


@cache
def reference_oxygen() -> dict[str, float]:
    """Return the oxygen content (%) to which stack values are converted, by kind of plant."""
    return {kind: float(percent) for kind, percent in _document()["reference_oxygen"].items()}


async def load_standards(session: AsyncSession) -> int:
    """Add the shipped standards that the database does not have yet; return how many rows were new.

    A row that is there already stays as it is: an operator may have corrected it. The commit is the caller's.
    """
    before = await _count(session)
    statement = insert(DischargeLimit).on_conflict_do_nothing()
    await session.execute(statement, [asdict(limit) for limit in read_standards()])
    return await _count(session) - before


async def _count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(DischargeLimit)) or 0


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _limits_of(table: dict[str, Any], units: dict[str, str]) -> Iterator[Limit]:
    highs: dict[str, list[Any]] = table.get("high", {})
    lows: dict[str, list[Any]] = table.get("low", {})
    for factor in dict.fromkeys((*highs, *lows)):
        for place, grade in enumerate(table["grades"]):
            low, high = _number(lows.get(factor), place), _number(highs.get(factor), place)
            if low is None and high is None:
                continue
            for period in table["periods"]:
                yield Limit(
                    standard=table["standard"],
                    grade=grade,
                    factor=factor,
                    period=period,
                    low=low,
                    high=high,
                    unit=units.get(factor, table["unit"]),
                    condition=table.get("condition"),
                    valid_from=table["valid_from"],
                    valid_to=table.get("valid_to"),
                    source=table["source"] + _CHECKED[table["checked"]],
                )


def _number(row: list[Any] | None, place: int) -> float | None:
    if row is None or row[place] == "-":
        return None
    return float(row[place])
