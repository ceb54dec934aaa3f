"""Closed roads and how fast the others are driven, as rows."""

from datetime import datetime
from typing import Any, ClassVar

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class RoadClosure(Base):
    """A line or area that nobody can drive through, from when to when, why and by whom.

    `ways` (OpenStreetMap's ids) are closed instead of what lies under the geometry, which then only shows them.
    `closed_at` is when it was decided; `began_at` when the log said that it holds, null while it is planned.
    """

    __tablename__ = "road_closure"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=False))
    ways: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    reason: Mapped[str]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint(
            "GeometryType(geom) IN ('POINT', 'LINESTRING', 'POLYGON', 'MULTILINESTRING', 'MULTIPOLYGON')",
            name="geometry",
        ),
        CheckConstraint("length(reason) > 0", name="reason"),
        CheckConstraint("until IS NULL OR until > since", name="until"),
        Index(None, "geom", postgresql_using="gist"),
    )


class RoadSpeeds(Base):
    """The speed factors of all roads: one row, changed in place. `by_hour` has hours as text ("0" to "23")."""

    __tablename__ = "road_speeds"
    ONLY: ClassVar[int] = 1

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    by_class: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    by_hour: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_by: Mapped[str] = mapped_column(server_default=text("'system'"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("id = 1", name="only"),)
