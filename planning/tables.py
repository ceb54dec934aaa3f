"""Jobs of planning as rows, and what they leave behind.

`region` is the adcode that the question is about (370000, 370700 or 370705): row-level security looks at it. The
work is done under the rights of whoever asked (`actor`, `role`, `area`), so that a result shows nobody more.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

KINDS = ("coverage", "siting")
STATES = ("queued", "running", "done", "failed", "cancelled")


class CoverageJob(Base):
    """A scenario or a siting, from the question to its figures. `attempts` counts how often its work was begun."""

    __tablename__ = "coverage_job"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("coverage_job.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(server_default="")
    request: Mapped[dict[str, Any]]
    actor: Mapped[str]
    role: Mapped[str]
    area: Mapped[str]
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    state: Mapped[str] = mapped_column(server_default="queued")
    cancel_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    progress: Mapped[float] = mapped_column(server_default=text("0"))
    step: Mapped[str] = mapped_column(server_default="queued")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]  # taken off the list by its owner
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("(kind = 'siting') = (parent_id IS NOT NULL)", name="siting_has_parent"),
        CheckConstraint("state <> 'done' OR result IS NOT NULL", name="done_has_result"),
        CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="failed_has_reason"),
        Index(None, "region", "id"),
        Index("ix_coverage_job_unfinished", "id", postgresql_where=text("state IN ('queued', 'running')")),
    )


class CoverageProduct(Base):
    """A table of a finished job as GeoParquet: see `planning.products`."""

    __tablename__ = "coverage_product"

    job_id: Mapped[int] = mapped_column(ForeignKey("coverage_job.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
