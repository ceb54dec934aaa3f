"""What the doors of recordings take and answer."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

RecordingId = Annotated[int, Path(ge=1, le=2**63 - 1)]
SegmentNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]


class ActionIn(BaseModel):
    action: Literal["start", "stop"]


class SegmentOut(BaseModel):
    """One file of one participant; without `sha256` it is still written, and can be played as far as it goes."""

    number: int
    seat_id: int | None
    seat_name: str
    codecs: list[str]
    started_at: datetime
    clock_offset_ms: float | None = Field(description="the sender's clock minus the server's, where it was known")
    ended_at: datetime | None
    bytes: int | None
    sha256: str | None
    found: bool = Field(description="sealed as it was found after the recorder was lost")
    url: str


class RecordingOut(BaseModel):
    id: int
    room_id: int
    alert_id: int | None
    region: str
    state: Literal["recording", "finished"]
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    why: Literal["stopped", "room_closed", "disk_full", "write_error"] | None = Field(description="how it ended")
    legal_hold: bool
    hold_reason: str | None
    hold_by: str | None
    keep_until: datetime
    deleted_at: datetime | None
    bytes: int
    drill: bool
    version: int
    segments: list[SegmentOut]


class HoldIn(BaseModel):
    held: bool
    reason: str = Field(default="", max_length=200, description="why it must be kept; needed to hold")
    version: int = Field(ge=1, le=2**31 - 1)


class SnapshotOut(BaseModel):
    id: int
    room_id: int
    of_seat_id: int | None
    taken_by: str
    taken_at: datetime
    media_type: Literal["image/jpeg", "image/png"]
    bytes: int
    sha256: str
    url: str
