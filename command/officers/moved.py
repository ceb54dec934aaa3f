"""What `officers.moved` says of an officer, and who may hear it.

Every mover is read and encoded once, whoever listens. Who may hear of whom is the rule of row-level security on
`officer_position`, said here a second time; `tests/postgis/test_moved_rights.py` holds the two against each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from command.officers.status import status
from data.tables import Officer, OfficerPosition
from gis.database import Database, Scope

View = tuple[float, float, float, float]  # west, south, east, north, degrees

_SEE_PEOPLE = ("duty", "dispatcher", "planner", "admin")


@dataclass(frozen=True, slots=True)
class Moved:
    """An officer who moved. `before` is where whoever follows the feed has seen him last."""

    officer_id: int
    region: str
    lon: float
    lat: float
    before: tuple[float, float] | None
    encoded: bytes


def select_moved(stale_after: timedelta) -> Select[Any]:
    """Officers with their newest position; the caller says of whom."""
    return select(
        Officer.id,
        Officer.region,
        Officer.drill,
        func.ST_X(OfficerPosition.geom).label("lon"),
        func.ST_Y(OfficerPosition.geom).label("lat"),
        OfficerPosition.at,
        OfficerPosition.speed_mps,
        OfficerPosition.heading,
        OfficerPosition.accuracy_m,
        OfficerPosition.moved,
        status(stale_after),
    ).join(OfficerPosition, OfficerPosition.officer_id == Officer.id)


def encoded(row: Any) -> bytes:
    """A row of `select_moved` as the feed tells it: a tenth of a metre and a tenth of a second are enough to draw."""
    at: datetime = row.at.astimezone(UTC)
    return orjson.dumps(
        {
            "id": row.id,
            "lon": round(row.lon, 6),
            "lat": round(row.lat, 6),
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 100_000}Z",
            "speed_mps": None if row.speed_mps is None else round(row.speed_mps, 1),
            "heading": None if row.heading is None else round(row.heading),
            "accuracy_m": None if row.accuracy_m is None else round(row.accuracy_m),
            "status": row.status,
        }
    )


def frame_of(officers: Iterable[bytes], gone: Sequence[int], at: datetime) -> bytes:
    """An `officers.moved` frame of officers that are encoded already."""
    return b'{"kind":"officers.moved","at":"%b","data":{"officers":[%b],"gone":%b}}' % (
        at.isoformat().encode(),
        b",".join(officers),
        orjson.dumps(gone),
    )


class Batch:
    """What moved in one tick, so that each listener's part is a slice of it and a look at its view."""

    def __init__(self, moved: Iterable[Moved]) -> None:
        self._moved = sorted(moved, key=lambda one: one.region)
        self._regions = np.array([one.region for one in self._moved], dtype="U6")
        self._lons = np.array([one.lon for one in self._moved])
        self._lats = np.array([one.lat for one in self._moved])
        places = [one.before or (one.lon, one.lat) for one in self._moved]
        self._lons_before = np.array([lon for lon, _ in places])
        self._lats_before = np.array([lat for _, lat in places])

    def __len__(self) -> int:
        return len(self._moved)

    def visible_to(self, scope: Scope, view: View | None = None) -> list[Moved]:
        """Those that this person may see, and with a view those that are in it or were when they were last told."""
        if scope.role not in _SEE_PEOPLE:
            return [one for one in self._moved if scope.officer_id is not None and one.officer_id == scope.officer_id]
        if not scope.region:
            return []
        first, end = np.searchsorted(self._regions, [scope.region, scope.region + "z"])
        part = slice(int(first), int(end))
        if view is None:
            return self._moved[part]
        seen = _inside(self._lons[part], self._lats[part], view)
        seen |= _inside(self._lons_before[part], self._lats_before[part], view)
        return [self._moved[part.start + i] for i in np.flatnonzero(seen)]


def _inside(lons: NDArray[np.float64], lats: NDArray[np.float64], view: View) -> NDArray[np.bool_]:
    west, south, east, north = view
    found: NDArray[np.bool_] = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
    return found


async def frame_in_view(database: Database, scope: Scope, view: View, *, stale_after: timedelta) -> bytes:
    """Everybody in a view, under the person's rights: whoever turns to a place must not wait until they move."""
    place = func.ST_MakeEnvelope(*view, 4326)
    query = select_moved(stale_after).where(OfficerPosition.geom.op("&&")(place), ~Officer.drill)
    async with database.for_person(scope) as session:
        rows = (await session.execute(query)).all()
    return frame_of([encoded(row) for row in rows if row.status != "off_duty"], [], datetime.now(UTC))
