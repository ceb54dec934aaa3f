"""Closed roads, as rows."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class RoadClosure(Base):
    """A line or area that nobody can drive through, from when to when, why and by whom."""

    __tablename__ = "road_closure"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=False))
    reason: Mapped[str]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint(
            "GeometryType(geom) IN ('POINT', 'LINESTRING', 'POLYGON', 'MULTILINESTRING', 'MULTIPOLYGON')",
            name="geometry",
        ),
        CheckConstraint("length(reason) > 0", name="reason"),
        CheckConstraint("until IS NULL OR until > closed_at", name="until"),
        Index(None, "geom", postgresql_using="gist"),
    )
