"""What planning is about, read from the tables of the other rooms under the rights of the session's person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from geoalchemy2.shape import to_shape
from sqlalchemy import Select, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from command.alerts.tables import Alert
from command.officers.status import on_duty, stale
from data.tables import Enterprise, MonitoringPoint, Officer, OfficerPosition, Station
from gis.parameters import in_area
from gis.tables import RegionRow
from planning.demands import County, Demands, Kind, Origins

_NO_TAGS = literal([], ARRAY(Text))


@dataclass(frozen=True, slots=True)
class Bureau:
    """`planning.ports.World` of this bureau; an officer whose position is older than `stale_after` is nowhere."""

    stale_after: timedelta

    async def counties(self, session: AsyncSession, area: str) -> list[County]:
        """The counties of an area that the person sees, in the order of their codes."""
        names = {row.adcode: row.name for row in await session.execute(select(RegionRow.adcode, RegionRow.name))}
        query = (
            select(RegionRow)
            .where(RegionRow.level == "county", in_area(RegionRow.adcode, area))
            .order_by(RegionRow.adcode)
        )
        return [
            County(
                adcode=row.adcode,
                name=row.name,
                city=row.parent or row.adcode,
                city_name=names.get(row.parent or row.adcode, ""),
                province_name=names.get(row.adcode[:2] + "0000", ""),
                boundary=to_shape(row.geom),
            )
            for row in await session.scalars(query)
        ]

    async def count(self, session: AsyncSession, kind: Kind, area: str) -> int:
        rows = _rows(kind, area).subquery()
        return await session.scalar(select(func.count()).select_from(rows)) or 0

    async def demands(self, session: AsyncSession, kind: Kind, area: str) -> Demands:
        """Enterprises, those of high risk, monitoring points or past alerts, in the order of their ids.

        A monitoring point has the risk of its enterprise; an alert of level 1 or 2 is a high risk, of 3 a medium one.
        """
        rows = (await session.execute(_rows(kind, area))).all()
        return Demands(
            id=np.array([row.id for row in rows], np.int64),
            name=np.array([row.name for row in rows], object),
            lonlat=_lonlat(rows),
            region=np.array([row.region for row in rows], object),
            risk=np.array([row.risk or "" for row in rows], object),
            tags=[row.tags for row in rows],
            weight=np.ones(len(rows)),
            as_of=max((row.at for row in rows), default=None),
        )

    async def stations(self, session: AsyncSession, area: str) -> Origins:
        query = select(Station.id, Station.name, *_place(Station.geom)).where(in_area(Station.region, area))
        rows = (await session.execute(query.order_by(Station.id))).all()
        return _origins(rows, "stations")

    async def officers(self, session: AsyncSession, area: str, shift: str | None) -> Origins:
        """Those on duty now where they were last seen, or those of a shift (rotating ones too) at their stations."""
        if shift is None:
            query = (
                select(Officer.id, Officer.name, *_place(OfficerPosition.geom))
                .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
                .where(on_duty(), ~stale(self.stale_after))
            )
            note = "officers on duty, where they were last seen"
        else:
            query = (
                select(Officer.id, Officer.name, *_place(Station.geom))
                .join(Station, Station.id == Officer.station_id)
                .where(or_(Officer.shift == shift, Officer.shift == "rotating"))
            )
            note = f"officers of the {shift} shift at their stations"
        query = query.where(in_area(Officer.region, area), ~Officer.drill).order_by(Officer.id)
        return _origins((await session.execute(query)).all(), note)


def _rows(kind: Kind, area: str) -> Select[Any]:
    match kind:
        case "enterprises" | "high_risk":
            query = select(
                Enterprise.id, Enterprise.name, Enterprise.region, Enterprise.risk, Enterprise.tags,
                Enterprise.updated_at.label("at"), *_place(Enterprise.geom),
            ).where(in_area(Enterprise.region, area))  # fmt: skip
            return (query.where(Enterprise.risk == "high") if kind == "high_risk" else query).order_by(Enterprise.id)
        case "points":
            return (
                select(
                    MonitoringPoint.id, MonitoringPoint.name, MonitoringPoint.region, Enterprise.risk,
                    func.array_append(_NO_TAGS, MonitoringPoint.kind).label("tags"),
                    MonitoringPoint.updated_at.label("at"), *_place(MonitoringPoint.geom),
                )
                .outerjoin(Enterprise, Enterprise.id == MonitoringPoint.enterprise_id)
                .where(in_area(MonitoringPoint.region, area), ~MonitoringPoint.drill)
                .order_by(MonitoringPoint.id)
            )  # fmt: skip
        case "alerts":
            risk = case((Alert.level <= 2, "high"), (Alert.level == 3, "medium"), else_="low").label("risk")
            return (
                select(
                    Alert.id, Alert.title.label("name"), Alert.region, risk,
                    func.array_append(_NO_TAGS, Alert.kind).label("tags"),
                    Alert.raised_at.label("at"), *_place(Alert.geom),
                )
                .where(in_area(Alert.region, area), ~Alert.drill)
                .order_by(Alert.id)
            )  # fmt: skip
        case "area":
            raise ValueError("land has no rows")


def _place(geom: Any) -> tuple[Any, Any]:
    return func.ST_X(geom).label("lon"), func.ST_Y(geom).label("lat")


def _lonlat(rows: Sequence[Any]) -> Any:
    return np.array([(row.lon, row.lat) for row in rows], np.float64).reshape(-1, 2)


def _origins(rows: Sequence[Any], note: str) -> Origins:
    return Origins(np.array([row.id for row in rows], np.int64), [row.name for row in rows], _lonlat(rows), note)
