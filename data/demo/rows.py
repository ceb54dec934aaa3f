"""The rows of the demonstration world, one type a table; positions in WGS84 degrees.

`number` counts from 1 within the world; the loader turns it into the row's id.
"""

from datetime import date
from typing import NamedTuple


class DemoEnterprise(NamedTuple):
    number: int
    uscc: str
    name: str
    address: str
    industry: str
    tags: list[str]
    risk: str
    credit: str
    permit_number: str | None
    permit_class: str | None
    permit_valid_to: date | None
    lon: float
    lat: float
    region: str


class DemoPoint(NamedTuple):
    number: int
    code: str
    name: str
    kind: str
    enterprise: int | None  # its number
    standard: str | None
    grade: str | None
    reference_oxygen: float | None
    lon: float
    lat: float
    region: str


class DemoPermitLimit(NamedTuple):
    point: int  # its number
    standard: str
    factor: str
    period: str
    low: float | None
    high: float | None
    unit: str
    valid_from: date
    valid_to: date
    source: str


class DemoLogger(NamedTuple):
    mn: str
    point: int  # its number
    region: str


class DemoStation(NamedTuple):
    number: int
    code: str
    name: str
    organisation: str
    level: str
    lon: float
    lat: float
    region: str


class DemoOfficer(NamedTuple):
    number: int
    code: str
    name: str
    organisation: str
    level: str
    phone: str
    skills: list[str]
    shift: str
    station: int  # its number
    region: str
    certificate_valid_to: date
