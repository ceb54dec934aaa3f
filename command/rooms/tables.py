"""Rooms, the seats in them, and what carries their pictures and sound."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Sequence,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

KINDS = ("dispatch", "consultation", "conference", "drill")
ROLES = ("host", "dispatcher", "officer", "expert", "guest", "device")
SEAT_STATES = ("invited", "ringing", "present", "away", "left", "declined", "missed", "removed")

_REGION = String(6, collation="C")

MEDIA_WORD = Sequence("media_word", metadata=Base.metadata)
"""Numbers what hubs are told; see `command.rooms.floor.mutings`."""


class MediaHub(Base):
    """A media process and where its internal door is; one not seen for five seconds is dead."""

    __tablename__ = "media_hub"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]  # Bearer of its internal door
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Room(Base):
    """One call, from its opening to its end. An alert has one open dispatch room at a time."""

    __tablename__ = "room"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    title: Mapped[str]
    region: Mapped[str] = mapped_column(_REGION)  # the alert's, or the opener's
    state: Mapped[str] = mapped_column(server_default="open")
    locked: Mapped[bool] = mapped_column(server_default=text("false"))
    recording: Mapped[bool] = mapped_column(server_default=text("false"))
    audio_group: Mapped[bool] = mapped_column(server_default=text("false"))  # push to talk: one voice at a time
    speaker_id: Mapped[int | None] = mapped_column(BigInteger)  # the seat that has the word in an audio group
    spoke_at: Mapped[datetime | None]  # since when
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    hub_id: Mapped[UUID | None]  # no key: a dead hub's row goes, the room remembers until it moves
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        Index(
            "uq_room_one_open_dispatch",
            "alert_id",
            unique=True,
            postgresql_where=text("state = 'open' AND kind IN ('dispatch', 'drill') AND alert_id IS NOT NULL"),
        ),
        Index(None, "region", "state"),
    )


class RoomSeat(Base):
    """One person or device of one room; a seat is kept when its holder leaves, and taken again on coming back."""

    __tablename__ = "room_seat"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"))
    user_name: Mapped[str | None]  # who signs in; officers are known by `officer_id` as well
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id", ondelete="SET NULL"))
    name: Mapped[str]
    organisation: Mapped[str] = mapped_column(server_default="")
    field: Mapped[str] = mapped_column(server_default="")  # an expert's
    role: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="invited")
    hand_raised_at: Mapped[datetime | None]
    muted: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))  # by others: 'audio', 'video'
    publishing: Mapped[bool] = mapped_column(server_default=text("false"))
    generation: Mapped[int] = mapped_column(server_default=text("0"))  # counts rebuilds of what is published
    stalled: Mapped[bool] = mapped_column(server_default=text("false"))
    video_paused: Mapped[bool] = mapped_column(server_default=text("false"))  # sees nothing for its poor network
    sound_only: Mapped[bool] = mapped_column(server_default=text("false"))  # sends no pictures for the same reason
    poor: Mapped[int] = mapped_column(server_default=text("0"))  # how badly this seat receives: 0 well … 2
    clock_offset_ms: Mapped[float | None]  # the device's clock minus ours
    rang_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]  # by its presence socket; a device has none
    left_at: Mapped[datetime | None]  # or went away
    presence: Mapped[UUID | None]  # the newest presence socket: an older one that ends says nothing any more
    region: Mapped[str] = mapped_column(_REGION)  # the room's

    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint(f"state IN {SEAT_STATES}", name="state"),
        CheckConstraint("muted <@ ARRAY['audio', 'video']", name="muted"),
        CheckConstraint("poor BETWEEN 0 AND 2", name="poor"),
        Index("uq_room_seat_user", "room_id", "user_name", unique=True, postgresql_where=text("user_name IS NOT NULL")),
        Index(
            "uq_room_seat_officer",
            "room_id",
            "officer_id",
            unique=True,
            postgresql_where=text("officer_id IS NOT NULL"),
        ),
        Index(None, "room_id"),
        Index(None, "user_name"),
        Index(None, "officer_id"),
        Index("ix_room_seat_live", "seen_at", postgresql_where=text("state IN ('ringing', 'present', 'away')")),
    )


class RoomLeg(Base):
    """One connection between a seat and a hub: the resource behind WHIP's and WHEP's `Location`."""

    __tablename__ = "room_leg"

    id: Mapped[str] = mapped_column(primary_key=True)  # the engine's
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)
    seat_id: Mapped[int] = mapped_column(ForeignKey("room_seat.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    of_id: Mapped[int | None] = mapped_column(BigInteger)  # the seat that is viewed
    hub_id: Mapped[UUID | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint("purpose IN ('publish', 'view')", name="purpose"),
        CheckConstraint("(purpose = 'view') = (of_id IS NOT NULL)", name="view_has_publisher"),
    )


class RoomTokenUse(Base):
    """A room token that has been used; the row is kept until the token has expired anyway."""

    __tablename__ = "room_token_use"

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    leg_id: Mapped[str | None]  # what it opened
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Expert(Base):
    """The roster from which a consultation invites. `region` is where an expert serves: all of it, county by county."""

    __tablename__ = "expert"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    organisation: Mapped[str]
    field: Mapped[str]
    phone: Mapped[str | None]
    region: Mapped[str] = mapped_column(_REGION)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (Index(None, "region", "field"),)


class HouseSecret(Base):
    """What this installation signs with; made when first needed, the same for all its processes."""

    __tablename__ = "house_secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
