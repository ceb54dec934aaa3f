"""What the doors of rooms take and answer."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from command.alerts.api import Id

RoomId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Kind = Literal["dispatch", "consultation", "conference", "drill"]
SeatRole = Literal["host", "dispatcher", "officer", "expert", "guest", "device"]
SeatState = Literal["invited", "ringing", "present", "away", "left", "declined", "missed", "removed"]
TrackKind = Literal["audio", "video"]
May = Literal[
    "publish",
    "view",
    "hand",
    "talk",
    "snapshot",
    "close",
    "lock",
    "mute",
    "remove",
    "insert",
    "invite",
    "ring",
    "record",
]
"""What one may do in a room, by the name of its door."""

MOST_CALLED = 50
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]


class PublicationOut(BaseModel):
    """What a seat sends: `generation` counts its rebuilds, so that a viewer replaces its leg once and only once."""

    generation: int
    stalled: bool
    video_paused: bool


class SeatOut(BaseModel):
    id: int
    name: str
    organisation: str
    field: str
    role: SeatRole
    officer_id: int | None
    state: SeatState
    hand_raised_at: datetime | None
    muted: list[TrackKind]
    publication: PublicationOut | None
    video_paused: bool = Field(description="its network is too poor for pictures: it hears on, and sees none")
    poor: int = Field(description="how badly this seat receives: 0 well, 1, 2 very badly")
    joined_at: datetime | None
    left_at: datetime | None


class RoomFacts(BaseModel):
    """A room as everybody in it knows it; the events carry this."""

    id: int
    kind: Kind
    title: str
    alert_id: int | None
    assignment_id: int | None
    region: str
    state: Literal["open", "closed"]
    locked: bool
    recording: bool
    audio_group: bool
    speaker_id: int | None = Field(description="the seat that has the word, in a push-to-talk group")
    drill: bool
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    version: int
    seats: list[SeatOut]


class MeOut(BaseModel):
    """One's own seat, and what one may do from it."""

    seat_id: int
    role: SeatRole
    may: list[May]


class IceServerOut(BaseModel):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceOut(BaseModel):
    """What a connection is built with; `relay_only` asks for `iceTransportPolicy: relay`."""

    servers: list[IceServerOut]
    relay_only: bool


class LimitOut(BaseModel):
    """What one shall send at most: pixels, pictures a second, bits a second."""

    width: int
    height: int
    fps: int
    bitrate: int


class RoomOut(RoomFacts):
    """A room as one person sees it. `me` is null for who sees it without a seat in it."""

    me: MeOut | None
    ice: IceOut
    limit: LimitOut


class JoinedOut(RoomOut):
    seat_id: int


class CircleIn(BaseModel):
    """All officers on duty who were last seen inside it; WGS84 degrees."""

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    radius_m: float = Field(gt=0, le=50_000, allow_inf_nan=False)


class Called(BaseModel):
    """Who shall be rung."""

    officer_ids: list[Id] = Field(default=[], max_length=MOST_CALLED)
    usernames: list[Name] = Field(default=[], max_length=MOST_CALLED, description="people of desks, and experts")
    circle: CircleIn | None = None


class NewRoom(Called):
    kind: Kind
    alert_id: Id | None = None
    assignment_id: Id | None = None
    title: Name | None = Field(default=None, description="the alert's title, or the name of the place, when left out")
    audio_group: bool = Field(default=False, description="push to talk: one voice at a time")


class CloseIn(BaseModel):
    version: int = Field(ge=1, le=2**31 - 1)


class NewToken(BaseModel):
    purpose: Literal["publish", "view"]
    of: Id | None = Field(default=None, description="whom it views: a seat; needed to view")
    device: bool = Field(default=False, description="for OBS, a gateway, a body camera: a seat and a token of its own")
    name: Name | None = Field(default=None, description="what the device is called in the room")


class LiveKitOut(BaseModel):
    url: str
    token: str


class TokenOut(BaseModel):
    """A token for one leg. An ordinary one works once; a device's again and again, but for one leg at a time."""

    token: str
    expires_at: datetime
    seat_id: int
    livekit: LiveKitOut | None = Field(description="where LiveKit carries the rooms: what its client joins with")
