"""Assignments of officers to alerts, and what the officers bring back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

OPEN_STATES = ("offered", "accepted", "departed", "arrived")
ENDED_STATES = ("declined", "finished", "cancelled")


class Assignment(Base):
    """One officer's call to one alert. A unique index allows an officer one open assignment at a time."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id", ondelete="SET NULL"), index=True)
    officer_name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="offered")
    note: Mapped[str] = mapped_column(server_default="")
    override_reason: Mapped[str | None]  # why the dispatcher did not take the first of the list
    travel_time_s: Mapped[float | None]  # as promised when offered
    distance_m: Mapped[float | None]
    offered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    offered_by: Mapped[str]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]  # the officer's words, or 'timeout'
    departed_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    report: Mapped[str | None]
    region: Mapped[str] = mapped_column(String(6, collation="C"))  # the alert's
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(f"state IN {OPEN_STATES + ENDED_STATES}", name="state"),
        CheckConstraint(f"state NOT IN {OPEN_STATES} OR officer_id IS NOT NULL", name="open_has_officer"),
        Index(
            "uq_assignment_one_open",
            "officer_id",
            unique=True,
            postgresql_where=text(f"state IN {OPEN_STATES}"),
        ),
        Index(None, "expires_at", postgresql_where=text("state = 'offered'")),
    )


class Photo(Base):
    """A picture from the scene. The phone chooses the id, so that sending one twice stores it once."""

    __tablename__ = "photo"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), index=True)
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    content: Mapped[bytes] = mapped_column(LargeBinary)
    region: Mapped[str] = mapped_column(String(6, collation="C"))

    __table_args__ = (CheckConstraint("media_type IN ('image/jpeg', 'image/png', 'image/webp')", name="media_type"),)
