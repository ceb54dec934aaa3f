"""Of an alert only what its ranking needs: every desk asks for that again and again."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.tables import Alert
from command.dispatch.tables import Assignment
from gis.http import NotFound


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an alert is (WGS84 degrees), whether it is a drill, and the ids of the officers who have declined it."""

    lon: float
    lat: float
    drill: bool
    declined: Collection[int]


async def scene_of(session: AsyncSession, alert_id: int) -> Scene:
    """The scene of one alert; raises `NotFound` when there is none in the area of the session's person."""
    row = (await session.execute(_SELECT, {"alert_id": alert_id})).one_or_none()
    if row is None:
        raise NotFound(f"there is no alert {alert_id} in your area")
    lon, lat, drill, declined = row
    return Scene(lon, lat, drill, frozenset(declined or ()))


_SELECT = select(
    func.ST_X(Alert.geom),
    func.ST_Y(Alert.geom),
    Alert.drill,
    select(func.array_agg(Assignment.officer_id))
    .where(Assignment.alert_id == Alert.id, Assignment.state == "declined", Assignment.officer_id.is_not(None))
    .scalar_subquery(),
).where(Alert.id == bindparam("alert_id"))
