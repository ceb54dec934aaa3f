"""Alerts as rows."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class Alert(Base):
    """Something wrong at a place. One fault is one alert: further readings are absorbed by the open one."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    level: Mapped[int]  # 1 gravest … 4
    status: Mapped[str] = mapped_column(server_default="raised")
    title: Mapped[str]
    point_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_point.id", ondelete="SET NULL"), index=True)
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprise.id"))
    factor: Mapped[str | None]
    period: Mapped[str | None]
    value: Mapped[float | None]  # the newest judged reading
    worst_value: Mapped[float | None]
    limit_low: Mapped[float | None]
    limit_high: Mapped[float | None]
    limit_source: Mapped[str | None]
    unit: Mapped[str | None]
    reading_at: Mapped[datetime | None]
    reading_count: Mapped[int] = mapped_column(server_default=text("0"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    raised_by: Mapped[str]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_note: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "kind IN ('pollution_source', 'environment_quality', 'enforcement_task', 'manual')", name="kind"
        ),
        CheckConstraint("status IN ('raised', 'acknowledged', 'closed')", name="status"),
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint("status <> 'acknowledged' OR acknowledged_at IS NOT NULL", name="acknowledged_has_time"),
        Index(
            "uq_alert_open_fault",
            "point_id",
            "factor",
            unique=True,
            postgresql_where=text("status <> 'closed' AND point_id IS NOT NULL AND factor IS NOT NULL"),
        ),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "region", "status"),
        Index(None, "raised_at"),
        Index("ix_alert_title_bigrams", text("bigrams(title)"), postgresql_using="gin"),
    )
