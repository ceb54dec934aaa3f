"""HTTP doors of the ranking: who can reach an alert, and who can reach any place."""

import time
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import Id
from command.dispatch.circle import Certainty
from command.dispatch.reach import Question, who_can_reach
from command.dispatch.responders import Responder, recommended
from command.dispatch.scene import scene_of
from command.together import Together
from gis.database import Scope
from gis.http import DatabaseDep, ScopeDep, SessionDep, parse_lonlat, require
from routing.roads import Roads

router = APIRouter(tags=["dispatch"])

MAY_RANK = ("duty", "dispatcher", "admin")
RADIUS_M = 3000.0
"""The radius where neither a radius nor a time is asked for."""
WIDEST_M = 3_000_000.0
"""Wider than any province."""
MOST_MINUTES = 24 * 60.0


class Range(BaseModel):
    """Who is asked about: all within `radius_m` (3000 if nothing is said), all within `within_min` by road, or both."""

    radius_m: float | None = Field(
        default=None, gt=0, le=WIDEST_M, allow_inf_nan=False, description="3000 unless within_min is given"
    )
    within_min: float | None = Field(
        default=None, gt=0, le=MOST_MINUTES, allow_inf_nan=False, description="minutes by road"
    )
    limit: int = Field(default=50, ge=1, le=10_000)

    def question(self, origin: tuple[float, float], **about: Any) -> Question:
        radius_m = RADIUS_M if self.radius_m is None and self.within_min is None else self.radius_m
        return Question(origin, radius_m, None if self.within_min is None else self.within_min * 60, **about)


RangeDep = Annotated[Range, Query()]


class ReasonText(BaseModel):
    zh: str
    en: str


class ReasonOut(BaseModel):
    code: str
    text: ReasonText


class StreetOut(BaseModel):
    """A stretch of one street of a route."""

    name: str
    road_class: str
    distance_m: float
    travel_time_s: float


class ResponderOut(BaseModel):
    """One officer of the ranking. `travel_time_s` includes `walk_s`, the way on foot between road and place.

    `certainty` is `possible` for an old position outside the radius whose officer could be inside by now: these
    come last.
    """

    officer_id: int
    name: str
    organisation: str
    level: str
    skills: list[str]
    phone: str | None
    lon: float
    lat: float
    distance_m: float
    travel_time_s: float | None
    road_distance_m: float | None
    walk_s: float
    position_age_s: float
    accuracy_m: float | None
    status: Literal["free", "busy", "stale"]
    certainty: Certainty
    reasons: list[ReasonOut]
    route: dict[str, Any] | None
    steps: list[StreetOut] | None


class PlaceOut(BaseModel):
    lon: float
    lat: float


class ReachOut(BaseModel):
    """The ranking of a place. `in_range` counts who is certainly there, `possible` who could be.

    `radius_m` or `within_min` is null where it bounds nothing.
    """

    origin: PlaceOut
    radius_m: float | None
    within_min: float | None
    roads_version: str
    computed_ms: float
    in_range: int
    possible: int
    recommended: int | None
    responders: list[ResponderOut]

    @classmethod
    def of(cls, request: Request, asked: Range, question: Question, ranked: list[Responder], **more: Any) -> Self:
        """The answer, cut to the limit asked for; `began` (in `more`) is when the question came."""
        lon, lat = question.origin
        began: float = more.pop("began")
        inside = sum(one.certainty == "inside" for one in ranked)
        return cls(
            origin=PlaceOut(lon=lon, lat=lat),
            radius_m=question.radius_m,
            within_min=asked.within_min,
            roads_version=roads_version(request),
            computed_ms=round((time.perf_counter() - began) * 1000, 3),
            in_range=inside,
            possible=len(ranked) - inside,
            recommended=recommended(ranked),
            responders=[_responder_out(one) for one in ranked[: asked.limit]],
            **more,
        )


class RespondersOut(ReachOut):
    alert_id: int


Rankings = Together[tuple[Scope, int, str], bytes]
"""Answers to people of one role and area about one alert and range."""


@router.get("/api/alerts/{alert_id}/responders", response_model=RespondersOut)
async def responders(
    alert_id: Id, request: Request, database: DatabaseDep, scope: ScopeDep, asked: RangeDep
) -> Response:
    """Every officer on duty in the range (radii on the ellipsoid), the one who can be there first by road at the top.

    Free officers come first; an old position just outside the radius is listed last, as possibly inside.
    """
    require(scope, *MAY_RANK)
    rankings: Rankings = request.app.state.rankings

    async def work() -> bytes:
        async with database.for_person(scope) as session:
            return (await _rank_for_alert(request, session, alert_id, asked)).model_dump_json().encode()

    # What a desk sees depends on its role and area, not on who sits at it; already the finished text is shared.
    key = replace(scope, actor=""), alert_id, asked.model_dump_json()
    return Response(await rankings.ask(key, work), media_type="application/json")


async def _rank_for_alert(request: Request, session: AsyncSession, alert_id: int, asked: Range) -> RespondersOut:
    began = time.perf_counter()
    scene = await scene_of(session, alert_id)
    question = asked.question((scene.lon, scene.lat), drill=scene.drill, declined=scene.declined)
    ranked = await _ranked(request, session, question, asked.limit)
    return RespondersOut.of(request, asked, question, ranked, alert_id=alert_id, began=began)


@router.get("/api/reach")
async def reach(
    request: Request,
    session: SessionDep,
    scope: ScopeDep,
    at: Annotated[str, Query(description="lon,lat (WGS84)")],
    asked: RangeDep,
) -> ReachOut:
    """Who could be at a place first by road: the same ranking without an alert."""
    require(scope, *MAY_RANK)
    began = time.perf_counter()
    question = asked.question(parse_lonlat(at, "at"))
    return ReachOut.of(request, asked, question, await _ranked(request, session, question, asked.limit), began=began)


async def _ranked(request: Request, session: AsyncSession, question: Question, limit: int) -> list[Responder]:
    state = request.app.state
    index = state.officers.index
    return await who_can_reach(session, state.roads, index, state.dispatch, question, distances=limit)


def roads_version(request: Request) -> str:
    """The version of the roads in use; empty when there are none."""
    roads: Roads = request.app.state.roads
    return roads.version if roads.ready else ""


def _responder_out(one: Responder) -> ResponderOut:
    fields = {name: getattr(one, name) for name in ResponderOut.model_fields if name != "reasons"}
    reasons = [ReasonOut(code=why.code, text=ReasonText(zh=why.zh, en=why.en)) for why in one.reasons]
    return ResponderOut(**fields, reasons=reasons)
