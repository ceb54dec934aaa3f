"""One reported position."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from gis.position import Position


class Bounds(NamedTuple):
    """A box in WGS84 degrees, edges included."""

    west: float
    south: float
    east: float
    north: float


CHINA: Final = Bounds(73.4, 3.4, 135.2, 53.7)


class SpeedUnit(StrEnum):
    """What a device counts its speed in; `position_device.speed_unit` holds the same words."""

    KNOTS = "knots"
    MPS = "mps"
    KMH = "kmh"


METRES_PER_SECOND: Final = {SpeedUnit.KNOTS: 1852 / 3600, SpeedUnit.MPS: 1.0, SpeedUnit.KMH: 1 / 3.6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A position at a time: degrees WGS84, time aware UTC, heading in degrees clockwise from north; None is unknown.

    `mock`: the phone says that an app made the position up. `received_time`: the report carried no time, and `at` is
    when we got it.
    """

    lon: float
    lat: float
    at: datetime
    speed_mps: float | None = None
    heading: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    battery_pct: float | None = None
    mock: bool = False
    received_time: bool = False

    @property
    def position(self) -> Position:
        return Position(self.lon, self.lat)

    def as_json(self) -> dict[str, float | str | bool | None]:
        """Return the fix as every position door shows it on a dry run; `mock` is no part of that contract."""
        return {
            "lon": self.lon,
            "lat": self.lat,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "speed_mps": self.speed_mps,
            "heading": self.heading,
            "accuracy_m": self.accuracy_m,
            "altitude_m": self.altitude_m,
            "battery_pct": self.battery_pct,
            "received_time": self.received_time,
        }
