"""What stood before the dispatcher when they sent somebody: kept in the event log, for the replay.

It is an event of its own and not a part of `assignment.offered`, because that one goes to the officer's phone, and
where all the others are is none of their business. Its region is the area of whoever chose: who may see it sees at
least the same people.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from command.dispatch.responders import Responder, recommended
from command.events.log import record_event
from gis.database import Scope

RANKING_RECORDED = "ranking.recorded"
MOST_RECORDED = 50
ROUTES_RECORDED = 3

_DIGITS = 6  # of degrees: 0.1 m


@dataclass(frozen=True, slots=True)
class Seen:
    """An officer as the screen showed them: in this place of the list, with this time (seconds; None: unreachable)."""

    officer_id: int
    travel_time_s: float | None


@dataclass(frozen=True, slots=True)
class ShownRanking:
    """The list at the moment of sending: as the server ranks it, and (`seen`) as the screen says that it showed it.

    `way` tells whether somebody was picked from the list of one alert, or a joint plan was confirmed.
    """

    ranked: Sequence[Responder]
    radius_m: float | None
    roads_version: str
    way: Literal["list", "joint"]
    seen: Sequence[Seen] | None = None


def record_ranking(
    session: AsyncSession,
    scope: Scope,
    *,
    alert_id: int,
    assignment_ids: Sequence[int],
    officer_ids: Collection[int],
    override_reason: str | None,
    shown: ShownRanking,
) -> None:
    """Write down what was offered, what was chosen of it and why; the event's actor is who clicked."""
    chosen = set(officer_ids)
    kept = [(rank, one) for rank, one in enumerate(shown.ranked) if rank < MOST_RECORDED or one.officer_id in chosen]
    record_event(
        session,
        RANKING_RECORDED,
        subject=f"alert:{alert_id}",
        region=scope.region.ljust(6, "0"),
        data={
            "alert_id": alert_id,
            "assignment_ids": list(assignment_ids),
            "way": shown.way,
            "radius_m": shown.radius_m,
            "roads_version": shown.roads_version,
            "in_range": sum(shown.radius_m is None or one.distance_m <= shown.radius_m for one in shown.ranked),
            "recommended": recommended(shown.ranked),
            "chosen": sorted(chosen),
            "override_reason": override_reason,
            "seen": None if shown.seen is None else [[one.officer_id, one.travel_time_s] for one in shown.seen],
            "ranked": [_compact(rank, one) for rank, one in kept],
        },
    )


def _compact(rank: int, one: Responder) -> dict[str, Any]:
    return {
        "officer_id": one.officer_id,
        "name": one.name,
        "organisation": one.organisation,
        "status": one.status,
        "lon": round(one.lon, _DIGITS),
        "lat": round(one.lat, _DIGITS),
        "distance_m": round(one.distance_m, 1),
        "travel_time_s": one.travel_time_s,
        "road_distance_m": None if one.road_distance_m is None else round(one.road_distance_m, 1),
        "position_age_s": round(one.position_age_s, 1),
        "reasons": [{"code": why.code, "text": {"zh": why.zh, "en": why.en}} for why in one.reasons],
        "route": None if one.route is None or rank >= ROUTES_RECORDED else _rounded(one.route),
    }


def _rounded(route: dict[str, Any]) -> dict[str, Any]:
    return route | {"coordinates": [[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in route["coordinates"]]}
