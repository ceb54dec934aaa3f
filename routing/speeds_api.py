"""HTTP doors of the speed factors: how much slower or faster than the limit one drives, by class of road and hour."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select

from gis.http import DatabaseDep, Forbidden, ScopeDep, SessionDep, require
from routing.doors import RecordEventDep, RoadsDep
from routing.errors import SpeedsChanged
from routing.obeying import factors_of, take_in_speeds
from routing.roads import Roads
from routing.speed_factors import LEAST, LOCAL_TIME, MOST
from routing.tables import RoadSpeeds

router = APIRouter(prefix="/roads/speeds")

MOST_CLASSES = 100

RoadClass = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z_]{1,40})$")]
Factor = Annotated[float, Field(ge=LEAST, le=MOST, allow_inf_nan=False)]
Factors = Annotated[dict[RoadClass, Factor], Field(max_length=MOST_CLASSES)]
Hour = Annotated[int, Field(ge=0, le=23)]


class SpeedsIn(BaseModel):
    """Shares of the stored speed: 0.5 takes twice as long. Class and hour multiply; `*` is every class not named."""

    by_class: Factors
    by_hour: dict[Hour, Factors]
    version: int = Field(ge=1, lt=2**31)


class SpeedsOut(BaseModel):
    """The setting; `hour` is the hour now (Asia/Shanghai) and `factors` what holds in it, for each of `classes`."""

    by_class: dict[str, float]
    by_hour: dict[int, dict[str, float]]
    version: int
    changed_by: str
    changed_at: datetime
    hour: int
    factors: dict[str, float]
    classes: list[str]
    roads_version: str


@router.get("")
async def get_speeds(_: ScopeDep, session: SessionDep, roads: RoadsDep) -> SpeedsOut:
    """How fast the ranking drives now and at other hours."""
    return _out((await session.scalars(select(RoadSpeeds))).one(), roads)


@router.put("")
async def put_speeds(
    new: SpeedsIn,
    scope: ScopeDep,
    session: SessionDep,
    database: DatabaseDep,
    roads: RoadsDep,
    record_event: RecordEventDep,
) -> SpeedsOut:
    """Drive at other speeds from now on, in every process; 409 if somebody else changed them meanwhile."""
    require(scope, "admin")
    if len(scope.region) > 2:
        raise Forbidden("speeds hold on all roads: an administrator of the province sets them")
    row = (await session.scalars(select(RoadSpeeds).with_for_update())).one()
    if row.version != new.version:
        raise SpeedsChanged(f"{row.changed_by} changed the speeds meanwhile; look at them and change them again")
    row.by_class = dict(new.by_class)
    row.by_hour = {str(hour): dict(factors) for hour, factors in sorted(new.by_hour.items()) if factors}
    row.version += 1
    row.changed_by, row.changed_at = scope.actor, datetime.now(UTC)
    told = {"by_class": row.by_class, "by_hour": row.by_hour, "version": row.version}
    await record_event(session, "road.speeds_changed", "speeds", scope.region.ljust(6, "0"), told)
    await session.commit()
    if roads.ready:
        async with database.for_system() as everything:
            await take_in_speeds(everything, roads)
    return _out(row, roads)


def _out(row: RoadSpeeds, roads: Roads) -> SpeedsOut:
    now = datetime.now(UTC)
    factors = factors_of(row)
    classes = sorted(roads.network.classes) if roads.ready else []
    current = factors.at(now)
    return SpeedsOut(
        by_class=dict(factors.by_class),
        by_hour={hour: dict(each) for hour, each in factors.by_hour.items()},
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        hour=now.astimezone(LOCAL_TIME).hour,
        factors={name: current.get(name, current["*"]) for name in classes},
        classes=classes,
        roads_version=roads.version if roads.ready else "",
    )
