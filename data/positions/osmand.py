"""What Traccar Client, OsmAnd and GPSLogger send: parameters of a URL or a form, and Traccar Client's JSON.

The form counts speed in knots unless the device says otherwise (Traccar Client does; OsmAnd probably sends metres a
second); the JSON of Traccar Client 9 and later always in metres a second. `speed_mps` is a name of our own, for
templates that can choose: it says its unit and wins over `speed`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from data.positions.errors import FixError
from data.positions.fix import CHINA, Bounds, Fix, SpeedUnit
from data.positions.reports import Manner, Report
from data.positions.values import Reported, read_json, read_object
from gis.position import Datum

_LONGEST_TOKEN: Final = 255

Params = Mapping[str, Sequence[str]]


def token_in_query(params: Params) -> str:
    """Return the device's token: `id` or `deviceid`."""
    return _token(_first(params, "id", "deviceid"))


def parse_query(
    params: Params,
    *,
    received_at: datetime,
    speed_unit: SpeedUnit = SpeedUnit.KNOTS,
    datum: Datum = Datum.WGS84,
    bounds: Bounds | None = CHINA,
    zone: tzinfo = UTC,
) -> tuple[str, Fix | None]:
    """Read the parameters of a query or form into the token and the fix.

    The fix is None when the report has no position to offer: no coordinates (a start, a stop, cells only), or
    `valid=false`.
    """
    token = token_in_query(params)
    lat, lon = _coordinates(params)
    if lat.missing and lon.missing:
        return token, None
    valid = _first(params, "valid")
    if not valid.missing and not valid.true():
        return token, None
    own_speed = _first(params, "speed_mps")
    report = Report(
        lon=lon,
        lat=lat,
        at=_first(params, "timestamp"),
        speed=_first(params, "speed") if own_speed.missing else own_speed,
        speed_unit=speed_unit if own_speed.missing else SpeedUnit.MPS,
        heading=_first(params, "bearing", "heading"),
        accuracy=_first(params, "accuracy"),
        altitude=_first(params, "altitude"),
        battery=_without_percent(_first(params, "batt")),
        mock=_first(params, "mock"),
    )
    return token, report.fix(Manner(received_at, datum, bounds, zone))


def token_in_json(body: bytes) -> str:
    """Return the device's token: `device_id`."""
    return _token(Reported("device_id", read_object(read_json(body), "body").get("device_id")))


def parse_json(
    body: bytes,
    *,
    received_at: datetime,
    datum: Datum = Datum.WGS84,
    bounds: Bounds | None = CHINA,
) -> tuple[str, Fix | None]:
    """Read one JSON report into the token and the fix, which is None when it has no coordinates."""
    sent = read_object(read_json(body), "body")
    token = _token(Reported("device_id", sent.get("device_id")))
    location = read_object(sent.get("location"), "location")
    coords = read_object(location.get("coords"), "location.coords")
    battery = read_object(location.get("battery"), "location.battery")

    def coordinate(name: str) -> Reported:
        return Reported(f"location.coords.{name}", coords.get(name))

    lon, lat = coordinate("longitude"), coordinate("latitude")
    if lon.missing and lat.missing:
        return token, None
    report = Report(
        lon=lon,
        lat=lat,
        at=Reported("location.timestamp", location.get("timestamp")),
        speed=coordinate("speed"),
        heading=coordinate("heading"),
        accuracy=coordinate("accuracy"),
        altitude=coordinate("altitude"),
        battery=Reported("location.battery.level", battery.get("level")),
        battery_full=1.0,
        mock=Reported("location.mock", location.get("mock")),
    )
    return token, report.fix(Manner(received_at, datum, bounds))


def _token(sent: Reported) -> str:
    # A number is taken too: some templates write the id without quotes.
    value: Any = sent.value
    token = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not token:
        raise FixError(sent.field, "the device's token is missing")
    if len(token) > _LONGEST_TOKEN:
        raise FixError(sent.field, f"a token has at most {_LONGEST_TOKEN} characters, not {len(token)}")
    return token


def _first(params: Params, *names: str) -> Reported:
    """Return the first of the names that was sent with a value; the first name of all when none was."""
    for name in names:
        for value in params.get(name, ()):
            if value.strip():
                return Reported(name, value)
    return Reported(names[0], None)


def _coordinates(params: Params) -> tuple[Reported, Reported]:
    location = _first(params, "location")
    if location.missing:
        return _first(params, "lat"), _first(params, "lon")
    parts = str(location.value).split(",")
    if len(parts) != 2:
        raise location.wrong("must be lat,lon")
    return Reported("location", parts[0]), Reported("location", parts[1])


def _without_percent(battery: Reported) -> Reported:
    if battery.missing:
        return battery
    return Reported(battery.field, str(battery.value).strip().removesuffix("%"))
