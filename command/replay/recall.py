"""What it takes to play an alert again: who was where, what was closed and offered. Rights are the tables' own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from command.dispatch.rankings import RANKING_RECORDED
from command.events.tables import Event
from routing.tables import RoadClosure

MOST_TRACK_POINTS = 60_000
# More steps than a screen has pixels for show nothing more, and a replay of hours stays a few megabytes.
_FINEST, _STEPS = timedelta(seconds=2), 2_000


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when is recalled."""

    start: datetime
    end: datetime

    @property
    def step(self) -> timedelta:
        """Fixes nearer to each other than this count as one."""
        return max(_FINEST, (self.end - self.start) / _STEPS)


@dataclass(frozen=True, slots=True)
class Track:
    """Where one officer was: (seconds since the window's start, lon, lat), oldest first."""

    officer_id: int
    name: str
    organisation: str
    points: list[tuple[float, float, float]]


async def events_of(session: AsyncSession, alert_id: int) -> Sequence[Event]:
    """The whole timeline of an alert."""
    return (await session.scalars(select(Event).where(Event.alert_id == alert_id).order_by(Event.seq))).all()


async def rankings_of(session: AsyncSession, alert_id: int) -> Sequence[Event]:
    """What was offered for an alert, as recorded at the moment of sending."""
    return (
        await session.scalars(
            select(Event)
            .where(Event.kind == RANKING_RECORDED, Event.subject == f"alert:{alert_id}")
            .order_by(Event.seq)
        )
    ).all()


_TRACKS = text(
    """
    WITH concerned AS (
        SELECT unnest(CAST(:officers AS bigint[])) AS officer_id
        UNION
        SELECT officer_id FROM track
        WHERE at >= :start AND at < :end AND suspect IS NULL
          AND ST_DWithin(geom::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :radius)
    )
    SELECT DISTINCT ON (t.officer_id, date_bin(:step, t.at, :start))
        t.officer_id, o.name, o.organisation, extract(epoch FROM t.at - :start)::float8 AS s,
        ST_X(t.geom) AS lon, ST_Y(t.geom) AS lat
    FROM track t JOIN officer o ON o.id = t.officer_id
    WHERE t.officer_id IN (SELECT officer_id FROM concerned)
      AND t.at >= :start AND t.at < :end AND t.suspect IS NULL
    ORDER BY t.officer_id, date_bin(:step, t.at, :start), t.at
    LIMIT :most
    """
)


async def tracks_near(
    session: AsyncSession, window: Window, place: tuple[float, float], radius_m: float, officer_ids: Collection[int]
) -> tuple[list[Track], bool]:
    """The ways of these officers and of everybody who was within the radius of a place (lon, lat) in the window;
    whether there was more than can be sent at once.

    Only time on duty has a track, and only those officers whom the session's person may see have one here.
    """
    rows = (
        await session.execute(
            _TRACKS,
            {
                "officers": list(officer_ids),
                "start": window.start,
                "end": window.end,
                "step": window.step,
                "lon": place[0],
                "lat": place[1],
                "radius": radius_m,
                "most": MOST_TRACK_POINTS + 1,
            },
        )
    ).all()
    tracks: dict[int, Track] = {}
    for row in rows[:MOST_TRACK_POINTS]:
        track = tracks.setdefault(row.officer_id, Track(row.officer_id, row.name, row.organisation, []))
        track.points.append((round(row.s, 1), round(row.lon, 6), round(row.lat, 6)))
    return list(tracks.values()), len(rows) > MOST_TRACK_POINTS


async def closures_during(
    session: AsyncSession, window: Window, place: tuple[float, float], within_degrees: float
) -> Sequence[RoadClosure]:
    """Roads that were closed at some time of the window, around a place (lon, lat)."""
    lon, lat = place
    near = text("geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)").bindparams(
        west=lon - within_degrees, south=lat - within_degrees, east=lon + within_degrees, north=lat + within_degrees
    )
    return (
        await session.scalars(
            select(RoadClosure)
            .where(
                near,
                RoadClosure.closed_at < window.end,
                or_(RoadClosure.reopened_at.is_(None), RoadClosure.reopened_at > window.start),
                or_(RoadClosure.until.is_(None), RoadClosure.until > window.start),
            )
            .order_by(RoadClosure.id)
        )
    ).all()
