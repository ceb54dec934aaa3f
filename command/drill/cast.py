"""Who and what a drill plays with: an outlet, its logger, and officers, marked as drill and taken away afterwards.

Nobody real is ever called to a drill, and nobody of a drill to a real alert. All names carry the drill's number, so
that whatever a broken drill leaves behind can be found and removed.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.access.passwords import hash_password, new_token, token_hash
from command.access.sessions import open_session
from command.access.tables import UserAccount
from command.alerts.tables import Alert
from command.alerts.views import alert_view, assignment_view
from command.dispatch.tables import OPEN_STATES, Assignment, Photo
from command.events.log import record_event
from command.rooms.coming import end
from command.rooms.keeping import hold_room
from command.rooms.tables import Room
from data.tables import (
    DataLogger,
    MonitoringPoint,
    Officer,
    PositionDevice,
    QuarantinedFrame,
    Reading,
    ReadingRevision,
    TrackPoint,
)

LONGEST = timedelta(hours=1)
STANDARD, GRADE = "GB 18918-2002", "1A"


@dataclass(frozen=True, slots=True)
class Player:
    """An officer of the drill: a tracker's token for the position door, a session token for the phone's doors."""

    officer_id: int
    name: str
    device_token: str
    session_token: str


@dataclass(frozen=True, slots=True)
class Drill:
    """What the one who plays the drill needs to know."""

    id: str
    region: str
    point_id: int
    mn: str
    password: str
    players: list[Player]


async def set_up(session: AsyncSession, *, lon: float, lat: float, region: str, officers: int) -> Drill:
    """Make an outlet at a place (WGS84 degrees) with a logger, and officers on duty; the caller commits."""
    drill_id = secrets.token_hex(4)
    point = MonitoringPoint(
        code=f"DRILL-{drill_id}",
        name="演练污水处理厂总排口",
        kind="outfall",
        standard=STANDARD,
        grade=GRADE,
        geom=func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326),
        region=region,
        drill=True,
    )
    session.add(point)
    await session.flush()
    mn, password = f"DRILL{drill_id.upper()}", f"{secrets.randbelow(10**6):06d}"
    session.add(DataLogger(mn=mn, password=password, point_id=point.id, region=region))
    players = [await _player(session, drill_id, number, region) for number in range(1, officers + 1)]
    return Drill(drill_id, region, point.id, mn, password, players)


async def _player(session: AsyncSession, drill_id: str, number: int, region: str) -> Player:
    officer = Officer(
        code=f"DRILL-{drill_id}-{number}",
        name=f"演练{number}号",
        organisation="演练分队",
        level="county",
        region=region,
        on_duty=True,
        duty_since=func.now(),
        duty_until=func.now() + LONGEST,
        drill=True,
    )
    session.add(officer)
    await session.flush()
    user = UserAccount(
        username=officer.code.lower(),
        display_name=officer.name,
        password_hash=hash_password(new_token()),  # nobody signs in with it; the session below is the only way
        role="officer",
        region=region.rstrip("0") if region.endswith("00") else region,
        officer_id=officer.id,
    )
    session.add(user)
    device_token = new_token()
    session.add(
        PositionDevice(token_hash=token_hash(device_token), officer_id=officer.id, label="drill", region=region)
    )
    await session.flush()
    session_token = await open_session(session, user.id, LONGEST)
    return Player(officer.id, officer.name, device_token, session_token)


async def tear_down(session: AsyncSession, drill_id: str, *, actor: str) -> bool:
    """Take the drill's things away; its alert stays, closed, with its timeline. False when there is no such drill."""
    point = await session.scalar(select(MonitoringPoint).where(MonitoringPoint.code == f"DRILL-{drill_id}"))
    if point is None:
        return False
    officer_ids = (await session.scalars(select(Officer.id).where(Officer.code.startswith(f"DRILL-{drill_id}-")))).all()
    alert_ids = (await session.scalars(select(Alert.id).where(Alert.point_id == point.id))).all()
    await _end_open(session, alert_ids, officer_ids, actor)
    open_rooms = select(Room.id).where(Room.alert_id.in_(alert_ids), Room.state == "open")
    for room_id in (await session.scalars(open_rooms)).all():
        await end(session, await hold_room(session, room_id), actor, by_system=True)
    await session.execute(
        delete(Photo).where(Photo.assignment_id.in_(select(Assignment.id).where(Assignment.alert_id.in_(alert_ids))))
    )
    await session.execute(delete(TrackPoint).where(TrackPoint.officer_id.in_(officer_ids)))
    await session.execute(delete(Officer).where(Officer.id.in_(officer_ids)))
    for table in (Reading, ReadingRevision):
        await session.execute(delete(table).where(table.point_id == point.id))
    await session.execute(delete(QuarantinedFrame).where(QuarantinedFrame.mn == f"DRILL{drill_id.upper()}"))
    await session.execute(delete(MonitoringPoint).where(MonitoringPoint.id == point.id))
    return True


async def _end_open(session: AsyncSession, alert_ids: object, officer_ids: object, actor: str) -> None:
    cancelled = await session.scalars(
        update(Assignment)
        .where(Assignment.officer_id.in_(officer_ids), Assignment.state.in_(OPEN_STATES))  # type: ignore[arg-type]
        .values(state="cancelled", cancelled_at=func.now(), cancel_reason="drill over", version=Assignment.version + 1)
        .returning(Assignment.id)
    )
    for assignment_id in cancelled.all():
        view = await assignment_view(session, assignment_id)
        record_event(
            session,
            "assignment.cancelled",
            subject=f"assignment:{view.id}",
            region=view.region,
            data=view.model_dump(mode="json"),
            alert_id=view.alert_id,
            officer_id=view.officer_id,
            actor=actor,
        )
    closed = await session.scalars(
        update(Alert)
        .where(Alert.id.in_(alert_ids), Alert.status != "closed")  # type: ignore[arg-type]
        .values(
            status="closed",
            closed_at=func.now(),
            closed_by=actor,
            close_note="drill over",
            version=Alert.version + 1,
            updated_at=func.now(),
        )
        .returning(Alert.id)
    )
    for alert_id in closed.all():
        alert = await alert_view(session, alert_id)
        record_event(
            session,
            "alert.closed",
            subject=f"alert:{alert_id}",
            region=alert.region,
            data=alert.model_dump(mode="json"),
            alert_id=alert_id,
            actor=actor,
        )


async def forgotten(session: AsyncSession) -> list[str]:
    """Drills that nobody took down in time."""
    codes = await session.scalars(
        select(MonitoringPoint.code).where(MonitoringPoint.drill, MonitoringPoint.updated_at < func.now() - LONGEST)
    )
    return [code.removeprefix("DRILL-") for code in codes]


async def region_of(session: AsyncSession, drill_id: str) -> str | None:
    """Where a drill plays; None when there is none of that number."""
    return await session.scalar(
        select(MonitoringPoint.region).where(MonitoringPoint.code == f"DRILL-{drill_id}", MonitoringPoint.drill)
    )
