"""Bulk loading: a plain psycopg connection, and points in the form that COPY takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from numpy.typing import ArrayLike
from sqlalchemy.engine import make_url

_EWKB = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("lon", "<f8"), ("lat", "<f8")])
_POINT_WITH_SRID = 0x20000001
_DIGITS = 2 * _EWKB.itemsize

Connection = psycopg.Connection[Any]


@contextmanager
def connected(database: str | Connection) -> Iterator[Connection]:
    """Yield a connection: the one given, or a new one to a SQLAlchemy address, which is closed again.

    Raises `psycopg.OperationalError` when the database cannot be reached.
    """
    if isinstance(database, psycopg.Connection):
        yield database
        return
    address = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        yield connection


def ewkb_points(lons: ArrayLike, lats: ArrayLike) -> Sequence[str]:
    """Return places (degrees WGS84) as PostGIS points, each in hexadecimal EWKB."""
    lon, lat = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    points = np.empty(len(lon), dtype=_EWKB)
    points["order"], points["type"], points["srid"] = 1, _POINT_WITH_SRID, 4326
    points["lon"], points["lat"] = lon, lat
    digits = points.tobytes().hex()
    return [digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS)]
