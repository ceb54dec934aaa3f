"""How each monitoring point is by its newest values: normal, over a limit, or not measuring; silent by the clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.rules import Exceedance, Measured, ends_at, is_measurement

State = Literal["normal", "not_measuring", "over"]

# What is worse, and what says sooner how a point is, comes later.
_SEVERITY: tuple[State, ...] = ("normal", "not_measuring", "over")
_PRECEDENCE = ("day", "hour", "minute", "realtime")

# A logger counts as lost without minute data for half an hour or hourly data for two (domain practice); a day's mean
# is made in the night after it. Analysers of rivers commonly take a sample every four hours.
_SILENT_AFTER = {
    "realtime": timedelta(minutes=30),
    "minute": timedelta(minutes=30),
    "hour": timedelta(hours=2),
    "day": timedelta(hours=36),
}
_RIVERS_SILENT_AFTER = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value as it was judged; `limited` tells whether anything limits its factor at that point."""

    point_id: int
    point_kind: str
    region: str
    measured: Measured
    exceedance: Exceedance | None
    limited: bool

    @property
    def state(self) -> State:
        if not is_measurement(self.measured.flag):
            return "not_measuring"
        return "normal" if self.exceedance is None else "over"

    @property
    def due(self) -> datetime:
        """When the point is silent if nothing newer comes."""
        allowed = _SILENT_AFTER[self.measured.period]
        if self.point_kind == "surface_water":
            allowed = max(allowed, _RIVERS_SILENT_AFTER)
        return ends_at(self.measured) + allowed


def telling(judged: Iterable[Judged]) -> list[Judged]:
    """Return for each point, by id, the value that says how it is.

    The finest period speaks, of it the newest values, of these the worst; between equals one that a limit concerns.
    What measures and has no value says nothing.
    """
    best: dict[int, Judged] = {}
    for one in sorted(judged, key=lambda one: one.measured.factor):
        if one.state == "normal" and one.measured.value is None:
            continue
        known = best.get(one.point_id)
        if known is None or _weight(one) > _weight(known):
            best[one.point_id] = one
    return [best[point_id] for point_id in sorted(best)]


def _weight(one: Judged) -> tuple[int, datetime, int, float, bool]:
    multiple = (one.exceedance.multiple if one.exceedance else None) or 0.0
    measured = one.measured
    return _PRECEDENCE.index(measured.period), measured.at, _SEVERITY.index(one.state), multiple, one.limited


async def keep_states(session: AsyncSession, judged: Iterable[Judged]) -> None:
    """Keep what the values say about their points, unless something known says it better."""
    if not (rows := telling(judged)):
        return
    states = [
        {
            "point_id": one.point_id,
            "state": one.state,
            "factor": one.measured.factor,
            "period": one.measured.period,
            "value": one.measured.value,
            "at": one.measured.at,
            "due": one.due,
            "region": one.region,
        }
        for one in rows
    ]
    await session.execute(
        _KEEP,
        {
            "states": orjson.dumps(states).decode(),
            "precedence": list(_PRECEDENCE),
            "severity": list(_SEVERITY),
        },
    )


# What is not overdue comes before what is, the finer period before the coarser, the newer before the older. The factors
# of one moment may come in several frames: the worst stays, until its own factor is corrected. A point that somebody
# removed meanwhile has no state.
_KEEP = text("""
    INSERT INTO point_state AS s (point_id, state, factor, period, value, at, due, region)
    SELECT f.point_id, f.state, f.factor, f.period, f.value, f.at, f.due, f.region
    FROM json_to_recordset(CAST(:states AS json)) AS f (point_id bigint, state text, factor text, period text,
         value float8, at timestamptz, due timestamptz, region text)
    JOIN monitoring_point p ON p.id = f.point_id
    ORDER BY f.point_id
    ON CONFLICT (point_id) DO UPDATE SET
        state = excluded.state, factor = excluded.factor, period = excluded.period, value = excluded.value,
        at = excluded.at, due = excluded.due, region = excluded.region
    WHERE (excluded.due > now(), array_position(CAST(:precedence AS text[]), excluded.period), excluded.at)
          > (s.due > now(), array_position(CAST(:precedence AS text[]), s.period), s.at)
       OR (excluded.period, excluded.at) = (s.period, s.at)
          AND (excluded.factor = s.factor
               OR array_position(CAST(:severity AS text[]), excluded.state)
                  > array_position(CAST(:severity AS text[]), s.state))
""")
