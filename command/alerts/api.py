"""HTTP doors of alerts."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from command.alerts import handlers
from command.alerts.tables import Alert
from command.alerts.views import AlertOut, alert_view, alert_views, select_alerts
from gis.http import BadQuery, Listing, PageDep, ScopeDep, SessionDep, require
from gis.parameters import in_area, parse_region, parse_text

router = APIRouter(prefix="/api/alerts", tags=["alerts"])

MAX_ID = 2**53 - 1  # the largest whole number that a page can read
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Status = Literal["raised", "acknowledged", "closed", "open"]
Kind = Literal["pollution_source", "environment_quality", "enforcement_task", "manual"]


class NewAlert(BaseModel):
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    title: str = Field(min_length=1, max_length=200, pattern=r"\S")
    kind: Literal["manual"] = "manual"
    level: int = Field(default=3, ge=1, le=4)
    point_id: Id | None = None
    drill: bool = False


class Change(BaseModel):
    version: int = Field(ge=1, le=2**31 - 1)


class Closing(Change):
    note: str = Field(default="", max_length=2000)


@router.get("")
async def list_alerts(
    session: SessionDep,
    page: PageDep,
    status: Status | None = None,
    kind: Kind | None = None,
    region: str | None = None,
    since: AwareDatetime | None = None,
    level: Annotated[int | None, Query(ge=1, le=4)] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of the title")] = None,
    start: Annotated[AwareDatetime | None, Query(alias="from", description="raised then or later")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="raised before then")] = None,
) -> Listing[AlertOut]:
    """Alerts of one's area, newest first; `status=open` is raised and acknowledged together."""
    query = select_alerts().order_by(Alert.id.desc()).limit(page.limit)
    if page.cursor is not None:
        query = query.where(Alert.id < page.after())
    if status == "open":
        query = query.where(Alert.status != "closed")
    elif status is not None:
        query = query.where(Alert.status == status)
    if kind is not None:
        query = query.where(Alert.kind == kind)
    if (area := parse_region(region)) is not None:
        query = query.where(in_area(Alert.region, area))
    if since is not None:
        query = query.where(Alert.updated_at >= _storable(since, "since"))
    if level is not None:
        query = query.where(Alert.level == level)
    if words := parse_text(q, "q"):
        query = query.where(Alert.title.contains(words, autoescape=True))
    if start is not None:
        query = query.where(Alert.raised_at >= _storable(start, "from"))
    if end is not None:
        query = query.where(Alert.raised_at < _storable(end, "to"))
    views = await alert_views(session, query)
    return Listing[AlertOut](items=views, next=page.cut(views))


@router.post("", status_code=201)
async def raise_alert(new: NewAlert, request: Request, session: SessionDep, scope: ScopeDep) -> AlertOut:
    require(scope, "duty", "dispatcher")
    async with session.begin():
        region = request.app.state.places.county_or(new.lon, new.lat, area=scope.region)
        return await handlers.raise_by_hand(
            session,
            scope,
            lon=new.lon,
            lat=new.lat,
            region=region,
            title=new.title.strip(),
            level=new.level,
            point_id=new.point_id,
            drill=new.drill,
        )


@router.get("/{alert_id}")
async def show_alert(alert_id: Id, session: SessionDep) -> AlertOut:
    return await alert_view(session, alert_id)


@router.post("/{alert_id}/acknowledge")
async def acknowledge(alert_id: Id, change: Change, session: SessionDep, scope: ScopeDep) -> AlertOut:
    require(scope, "duty", "dispatcher")
    async with session.begin():
        return await handlers.acknowledge(session, scope, alert_id, change.version)


@router.post("/{alert_id}/close")
async def close(alert_id: Id, change: Closing, session: SessionDep, scope: ScopeDep) -> AlertOut:
    require(scope, "duty", "dispatcher")
    async with session.begin():
        return await handlers.close(session, scope, alert_id, change.version, change.note)


def _storable(moment: datetime, name: str) -> datetime:
    """PostgreSQL and Python disagree about the first day of year 1 in far-off zones."""
    if not 1900 <= moment.year <= 2200:
        raise BadQuery(f"{name}: a moment between 1900 and 2200")
    return moment
