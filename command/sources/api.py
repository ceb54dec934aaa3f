"""The door that says what arrives, how old it is, and what has stopped."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import Select, func, select

from command.follow import Follower
from command.sources.areas import area_code, areas_of, outermost
from command.sources.judging import Known
from command.sources.tables import SourceState
from command.sources.watching import known_of, view_of
from enforcement.tables import Inspection
from gis.http import ScopeDep, SessionDep
from gis.parameters import area_prefix
from routing.tables import RoadClosure

router = APIRouter(tags=["sources"])

_TITLES = {
    "positions": {"zh": "人员定位", "en": "Officers' positions"},
    "hj212": {"zh": "自动监控数据", "en": "Monitoring data (HJ 212)"},
    "records": {"zh": "执法记录", "en": "Enforcement records"},
    "closures": {"zh": "道路封闭", "en": "Road closures"},
    "feed": {"zh": "实时推送", "en": "Live feed"},
}


# What people write when there is something to write: no silence of it is a loss, and its table is all there is of it.
_WRITTEN: dict[str, Select[Any]] = {
    "records": select(func.max(Inspection.at)),
    "closures": select(func.greatest(func.max(RoadClosure.closed_at), func.max(RoadClosure.reopened_at))),
}


class SourceTitle(BaseModel):
    zh: str
    en: str


class SourceOut(BaseModel):
    """`stopped_in` names the areas inside one's own in which it has stopped while it goes on elsewhere."""

    id: str
    title: SourceTitle
    state: Literal["live", "stopped", "idle"]
    last_at: datetime | None
    stopped_since: datetime | None
    expected_every_s: float | None
    stopped_in: list[str] = []


class SourcesOut(BaseModel):
    items: list[SourceOut]


@router.get("/api/sources")
async def list_sources(request: Request, session: SessionDep, scope: ScopeDep) -> SourcesOut:
    """Each source with its state in one's own area; `idle` when nothing is expected now."""
    by_source: dict[str, dict[str, Known]] = {}
    for row in await session.execute(select(SourceState.__table__)):
        by_source.setdefault(row.source, {})[row.area] = known_of(row)
    own = area_code(area_prefix(scope.region))
    items = [_watched(source, by_source.get(source, {}), own) for source in ("positions", "hj212")]
    for source, newest in _WRITTEN.items():
        items.append(_out(source, state="live", last_at=await session.scalar(newest)))
    items.append(_feed(request.app.state.follower))
    return SourcesOut(items=items)


def _watched(source: str, known: dict[str, Known], own: str) -> SourceOut:
    """What has stopped above one's area has stopped in it, too."""
    mine = known.get(own, Known())
    *above, _ = areas_of(own)
    lost = next((known[area] for area in above if area in known and known[area].state == "stopped"), None)
    view = view_of(mine)
    if lost is not None and mine.state != "stopped":
        view |= {"state": "stopped", "stopped_since": lost.stopped_since}
    inside = outermost({area for area, one in known.items() if one.state == "stopped"})
    stopped_in = sorted(area for area in inside if area != own and own in areas_of(area))
    return _out(source, **view, stopped_in=stopped_in)


def _feed(follower: Follower) -> SourceOut:
    """This worker's own link to the database: what it tells its screens is only as new as that."""
    return _out(
        "feed",
        state="live" if follower.connected else "stopped",
        last_at=follower.heard_at,
        stopped_since=None if follower.connected else follower.heard_at,
        expected_every_s=follower.heard_every_s,
    )


def _out(source: str, **values: Any) -> SourceOut:
    none = {"stopped_since": None, "expected_every_s": None}
    return SourceOut(id=source, title=SourceTitle(**_TITLES[source]), **(none | values))
