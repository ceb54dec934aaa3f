"""What the lists of this room answer with: the shape of each row, which is also what the OpenAPI says."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Risk = Literal["low", "medium", "high"]
Credit = Literal["green", "blue", "yellow", "black"]
PointKind = Literal["outfall", "stack", "ambient_air", "surface_water"]
Level = Literal["province", "city", "county"]
Period = Literal["realtime", "minute", "hour", "day"]


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Placed(_Row):
    """Stands somewhere: degrees in WGS84, and the county's adcode."""

    lon: float
    lat: float
    region: str


class EnterpriseItem(_Placed):
    id: int
    uscc: str
    name: str
    address: str | None
    industry: str
    tags: list[str]
    risk: Risk
    credit: Credit
    permit_number: str | None
    permit_class: str | None
    permit_valid_to: date | None
    demo: bool
    version: int
    updated_at: datetime


class PointItem(_Placed):
    id: int
    code: str
    name: str
    kind: PointKind
    enterprise_id: int | None
    enterprise_name: str | None
    standard: str | None
    grade: str | None
    reference_oxygen: float | None
    demo: bool
    drill: bool
    version: int
    updated_at: datetime


class EnterpriseDetail(EnterpriseItem):
    points: list[PointItem]


class LatestReading(_Row):
    """The newest value of one factor and period."""

    factor: str
    period: Period
    at: datetime
    value: float | None
    converted: float | None
    flag: str | None


class PointDetail(PointItem):
    latest: list[LatestReading] = Field(description="of the last three days")


class ReadingItem(_Row):
    """`converted` is the value at reference oxygen; `at` the start of the period, or the instant."""

    at: datetime
    value: float | None
    converted: float | None
    flag: str | None
    received_at: datetime


class LimitItem(_Row):
    """The limit that holds on the day; `period` is the averaging period that it is made for."""

    low: float | None
    high: float | None
    unit: str
    period: Period
    source: str


class ReadingListing(BaseModel):
    items: list[ReadingItem]
    factor: str
    period: Period
    unit: str | None
    limit: LimitItem | None
    next: str | None = None


class StationItem(_Placed):
    id: int
    code: str
    name: str
    organisation: str
    level: Level
    demo: bool
    version: int
    updated_at: datetime


class DeviceItem(_Row):
    """A data logger; `frames_quarantined` counts the frames that we could not take from it."""

    id: int
    mn: str
    point_id: int | None
    point_name: str | None
    state: Literal["active", "quarantined"]
    quarantine_reason: str | None
    dialect: str | None
    region: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    demo: bool
    frames_quarantined: int


class QuarantinedFrameItem(_Row):
    """A frame that we could not take; `raw` is what came, with U+FFFD for bytes that are no UTF-8."""

    id: int
    received_at: datetime
    mn: str | None
    peer: str
    reason: str
    raw: str
    region: str


class RegionItem(_Placed):
    """A region and its boundary; `lon`, `lat` is a place inside it for its name."""

    adcode: str
    name: str
    level: Level
    parent: str | None
    geometry: dict[str, Any] | None


class RegionListing(BaseModel):
    items: list[RegionItem]
    next: str | None = None
