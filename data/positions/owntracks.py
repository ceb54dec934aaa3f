"""What OwnTracks sends by HTTP: one JSON object, whose `_type` says what it is. Speed is in km/h."""

from datetime import datetime

from data.positions.errors import FixError
from data.positions.fix import CHINA, Bounds, Fix, SpeedUnit
from data.positions.reports import Manner, Report
from data.positions.values import Reported, read_json, read_object
from gis.position import Datum


def parse(
    body: bytes,
    *,
    received_at: datetime,
    datum: Datum = Datum.WGS84,
    bounds: Bounds | None = CHINA,
) -> Fix | None:
    """Read one message; None for an empty body and for every message that moves nobody.

    Those must be answered with success all the same, or the phone keeps sending them.
    """
    if not body.strip():
        return None
    sent = read_object(read_json(body), "body")
    kind = sent.get("_type")
    if not isinstance(kind, str):
        raise FixError("_type", "is missing: this is no OwnTracks message")
    if kind != "location":
        return None

    def value(name: str) -> Reported:
        return Reported(name, sent.get(name))

    report = Report(
        lon=value("lon"),
        lat=value("lat"),
        at=value("tst"),
        speed=value("vel"),
        speed_unit=SpeedUnit.KMH,
        heading=value("cog"),
        accuracy=value("acc"),
        altitude=value("alt"),
        battery=value("batt"),
    )
    return report.fix(Manner(received_at, datum, bounds))
