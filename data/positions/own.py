"""What our own field page and gateways send: a JSON array of positions, metres and metres a second."""

from datetime import datetime
from typing import Final

from data.positions.errors import FixError
from data.positions.fix import CHINA, Bounds, Fix
from data.positions.reports import Manner, Report
from data.positions.values import Reported, read_json, read_object
from gis.position import Datum

MOST_FIXES: Final = 10_000  # in one batch
_GREATEST_ID: Final = 2**63 - 1


def parse(
    body: bytes,
    *,
    received_at: datetime,
    datum: Datum = Datum.WGS84,
    bounds: Bounds | None = CHINA,
) -> list[tuple[int | None, Fix]]:
    """Read a batch into (officer id, fix) pairs in the order sent; the id is None where the sender speaks for itself.

    One unusable item refuses the batch, and `FixError.item` says which, so that the sender can leave it out.
    """
    sent = read_json(body)
    if not isinstance(sent, list):
        raise Reported("body", sent).wrong("must be a JSON array of positions")
    if len(sent) > MOST_FIXES:
        raise FixError("body", f"holds {len(sent)} positions; send at most {MOST_FIXES:,} at once")
    manner = Manner(received_at, datum, bounds, zone=None)
    read = []
    for item, one in enumerate(sent):
        try:
            read.append(_read(one, manner))
        except FixError as error:
            raise FixError(error.field, error.why, item=item) from None
    return read


def _read(one: object, manner: Manner) -> tuple[int | None, Fix]:
    if not isinstance(one, dict):
        raise Reported("", one).wrong("must be a JSON object")
    sent = read_object(one, "")

    def value(name: str) -> Reported:
        return Reported(name, sent.get(name))

    report = Report(
        lon=value("lon"),
        lat=value("lat"),
        at=value("at"),
        speed=value("speed_mps"),
        heading=value("heading"),
        accuracy=value("accuracy_m"),
        altitude=value("altitude_m"),
        battery=value("battery_pct"),
        mock=value("mock"),
    )
    return _officer(value("officer_id")), report.fix(manner)


def _officer(sent: Reported) -> int | None:
    if sent.value is None:
        return None
    if isinstance(sent.value, bool) or not isinstance(sent.value, int) or not 1 <= sent.value <= _GREATEST_ID:
        raise sent.wrong("must be the number of an officer")
    return sent.value
