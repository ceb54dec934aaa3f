"""From the values of one report to a `Fix`.

Every reader hands its values here, so that one place knows what a usable position is: on Earth, not (0, 0), inside the
bounds, not in the future, and every number finite and possible.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from data.positions.errors import FixError
from data.positions.fix import CHINA, METRES_PER_SECOND, Bounds, Fix, SpeedUnit
from data.positions.values import Reported
from gis.datum import to_wgs84
from gis.position import Datum, Position

_AHEAD: Final = timedelta(minutes=10)  # how far a phone's clock may be ahead of ours
_NULL_ISLAND: Final = 1e-4  # degrees; a receiver without a fix reports (0, 0)
_FASTEST_MPS: Final = 1_000.0
_UNSENT: Final = Reported("", None)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device's reports are to be read.

    `zone` holds for times that name none, and None refuses those; `bounds` None accepts positions anywhere on Earth.
    """

    received_at: datetime
    datum: Datum = Datum.WGS84
    bounds: Bounds | None = CHINA
    zone: tzinfo | None = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The raw values of one report, each under its sender's name, and the units that the sender counts in."""

    lon: Reported
    lat: Reported
    at: Reported
    speed: Reported = _UNSENT
    heading: Reported = _UNSENT
    accuracy: Reported = _UNSENT
    altitude: Reported = _UNSENT
    battery: Reported = _UNSENT
    mock: Reported = _UNSENT
    speed_unit: SpeedUnit = SpeedUnit.MPS
    battery_full: float = 100.0

    def fix(self, manner: Manner) -> Fix:
        """Return the fix in WGS84, UTC and metres a second; raise `FixError` for what cannot be one."""
        place = self._place(manner)
        at = None if self.at.missing else self._instant(manner)
        factor = METRES_PER_SECOND[self.speed_unit]
        speed = self.speed.unsigned(_FASTEST_MPS / factor)
        heading = self.heading.unsigned(360.0)
        battery = self.battery.unsigned(self.battery_full)
        return Fix(
            lon=place.lon,
            lat=place.lat,
            at=at or manner.received_at.astimezone(UTC),
            speed_mps=None if speed is None else speed * factor,
            heading=None if heading is None else heading % 360.0,
            accuracy_m=self.accuracy.unsigned(1_000_000.0),
            altitude_m=None if self.altitude.missing else self.altitude.number(-1_000.0, 20_000.0),
            battery_pct=None if battery is None else round(battery / self.battery_full * 100.0, 2),
            mock=self.mock.true(),
            received_time=at is None,
        )

    def _place(self, manner: Manner) -> Position:
        for coordinate in (self.lon, self.lat):
            if coordinate.missing:
                raise FixError(coordinate.field, "is missing")
        lon, lat = self.lon.number(-180.0, 180.0), self.lat.number(-90.0, 90.0)
        if abs(lon) < _NULL_ISLAND and abs(lat) < _NULL_ISLAND:
            raise FixError(self.lat.field, "(0, 0) is what a receiver without a fix reports")
        place = to_wgs84(Position(lon, lat, manner.datum))
        if manner.bounds is not None:
            west, south, east, north = manner.bounds
            if not (west <= place.lon <= east and south <= place.lat <= north):
                raise FixError(
                    self.lat.field,
                    f"lon {place.lon:.6f}, lat {place.lat:.6f} lies outside the area in use"
                    f" (lon {west:g}…{east:g}, lat {south:g}…{north:g})",
                )
        return place

    def _instant(self, manner: Manner) -> datetime:
        at = self.at.instant(zone=manner.zone)
        if at > manner.received_at + _AHEAD:
            raise FixError(self.at.field, f"{at:%Y-%m-%dT%H:%M:%SZ} is more than 10 minutes in the future")
        return at
