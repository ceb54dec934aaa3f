"""What was recorded of rooms. The files lie beside the database; their hashes are here and in the event log."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

_REGION = String(6, collation="C")
WHY = ("stopped", "room_closed", "disk_full", "write_error")


class Recording(Base):
    """One recording of one room, from start to stop. Its folder bears its id; deleted files leave the row."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    region: Mapped[str] = mapped_column(_REGION)  # the room's
    state: Mapped[str] = mapped_column(server_default="recording")
    started_by: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    why: Mapped[str | None]  # how it ended
    legal_hold: Mapped[bool] = mapped_column(server_default=text("false"))  # nothing is deleted while it is on
    hold_reason: Mapped[str | None]
    hold_by: Mapped[str | None]
    keep_until: Mapped[datetime]
    deleted_at: Mapped[datetime | None]  # the files; hashes and events stay
    bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        CheckConstraint("state IN ('recording', 'finished')", name="state"),
        CheckConstraint("(state = 'finished') = (ended_at IS NOT NULL)", name="finished_has_time"),
        CheckConstraint(f"why IN {WHY}", name="why"),
        Index("uq_recording_one_at_a_time", "room_id", unique=True, postgresql_where=text("state = 'recording'")),
        Index("ix_recording_keep_until", "keep_until", postgresql_where=text("deleted_at IS NULL")),
    )


class RecordingSegment(Base):
    """One file of one participant; without `sha256` it is still written."""

    __tablename__ = "recording_segment"

    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("room_seat.id", ondelete="SET NULL"), index=True)
    seat_name: Mapped[str]
    file: Mapped[str]
    copy: Mapped[str | None]  # the second file that can be sought in
    codecs: Mapped[list[str]]
    started_at: Mapped[datetime]  # by the server's clock
    clock_offset_ms: Mapped[float | None]  # the sender's clock minus the server's, as it was known at the beginning
    ended_at: Mapped[datetime | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    manifest_hash: Mapped[str | None] = mapped_column(String(64))  # of the line that seals it
    found: Mapped[bool] = mapped_column(server_default=text("false"))  # sealed after its process was lost
    region: Mapped[str] = mapped_column(_REGION)


class Snapshot(Base):
    """A still picture that somebody in a room took of what they saw."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"), index=True)
    of_seat_id: Mapped[int | None] = mapped_column(ForeignKey("room_seat.id", ondelete="SET NULL"))  # who is shown
    taken_by: Mapped[str]
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    region: Mapped[str] = mapped_column(_REGION)

    __table_args__ = (CheckConstraint("media_type IN ('image/jpeg', 'image/png')", name="media_type"),)
