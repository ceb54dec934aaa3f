"""Opening a room, and ringing people into it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from command.access.tables import UserAccount
from command.alerts.tables import Alert
from command.dispatch.tables import OPEN_STATES, Assignment
from command.officers.status import on_duty
from command.problems import Conflict, Refused
from command.rooms.keeping import hold_room, tell, told
from command.rooms.people import Caller
from command.rooms.tables import Room, RoomSeat
from command.rooms.views import room_facts
from data.tables import Officer
from gis.database import Database
from gis.http import Forbidden, NotFound
from gis.tables import RegionRow

_CALLED_AGAIN = ("invited", "left", "declined", "missed", "removed")
_ONE_PER_ALERT = ("dispatch", "drill")


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody to ring: an officer, or somebody with an account."""

    name: str
    organisation: str
    role: str
    officer_id: int | None = None
    user_name: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A room as it is asked for; `region` is the place that it belongs to when it has no alert."""

    kind: str
    region: str
    alert_id: int | None = None
    assignment_id: int | None = None
    title: str | None = None
    audio_group: bool = False


async def open_room(
    session: AsyncSession, caller: Caller, asked: Opening, callees: Collection[Callee]
) -> tuple[int, bool]:
    """Open a room and ring those who are called, and the officers of its assignment or alert.

    An alert has one open dispatch room: whoever opens a second is given the first, and rings in it. Returns the room's
    id, and whether it is new.
    """
    asked, drill = await _of_alert(session, asked)
    ringing = [*callees, *await _officers_of(session, asked, callees)]
    room = await _open_one(session, asked)
    if room is not None:
        await ring(session, await hold_room(session, room.id), ringing)
        return room.id, False
    room = Room(
        kind=asked.kind,
        alert_id=asked.alert_id,
        assignment_id=asked.assignment_id,
        title=asked.title or await _name_of(session, asked.region),
        region=asked.region,
        recording=asked.kind in _ONE_PER_ALERT,  # by rule: what is dispatched is evidence
        audio_group=asked.audio_group,
        opened_by=caller.scope.actor,
        drill=drill,
    )
    try:
        async with session.begin_nested():
            session.add(room)
            await session.flush()
    except IntegrityError:  # somebody opened it at this moment, and is through
        found = await _open_one(session, asked)
        if found is None:
            raise Conflict("the room was closed at this moment; open it again", zh="通话刚刚结束，请重新发起") from None
        await ring(session, await hold_room(session, found.id), ringing)
        return found.id, False
    await hold_room(session, room.id)
    session.add(_seat(room, Callee(caller.name, caller.organisation, "host", None, caller.scope.actor), "invited"))
    await told(session, room, "opened")
    await ring(session, room, ringing)
    return room.id, True


async def _of_alert(session: AsyncSession, asked: Opening) -> tuple[Opening, bool]:
    """Complete what is asked for by its assignment and alert; whether it is a drill."""
    if asked.assignment_id is not None:
        assignment = await session.get(Assignment, asked.assignment_id)
        if assignment is None:
            raise NotFound(f"there is no assignment {asked.assignment_id} in your area")
        if asked.alert_id not in (None, assignment.alert_id):
            raise Refused("the assignment belongs to another alert", zh="该派遣不属于此警情")
        asked = replace(asked, alert_id=assignment.alert_id)
    if asked.alert_id is None:
        return asked, asked.kind == "drill"
    alert = await session.get(Alert, asked.alert_id)
    if alert is None:
        raise NotFound(f"there is no alert {asked.alert_id} in your area")
    if alert.drill and asked.kind == "dispatch":
        asked = replace(asked, kind="drill")
    if asked.kind == "drill" and not alert.drill:
        raise Refused("a real alert takes a real room: kind dispatch", zh="真实警情不能用演练通话")
    return replace(asked, region=alert.region, title=asked.title or alert.title), alert.drill


async def _name_of(session: AsyncSession, region: str) -> str:
    """A room without a title is called by its place alone: each page says the kind before it, in its own language."""
    name = await session.scalar(select(RegionRow.name).where(RegionRow.adcode == region.ljust(6, "0")))
    return name or region


async def alert_is_drill(session: AsyncSession, alert_id: int | None) -> bool:
    """Whether an alert belongs to a drill: its people are the drill's."""
    return bool(alert_id and await session.scalar(select(Alert.drill).where(Alert.id == alert_id)))


async def _officers_of(session: AsyncSession, asked: Opening, callees: Collection[Callee]) -> list[Callee]:
    """Whom a dispatch room rings without being told: the assignment's officer, or all under way to the alert."""
    if asked.kind not in _ONE_PER_ALERT or asked.alert_id is None or (callees and asked.assignment_id is None):
        return []
    query = select(Assignment.officer_id).where(
        Assignment.alert_id == asked.alert_id, Assignment.state.in_(OPEN_STATES)
    )
    if asked.assignment_id is not None:
        query = query.where(Assignment.id == asked.assignment_id)
    ids = [one for one in (await session.scalars(query)).all() if one is not None]
    if asked.assignment_id is not None and not ids:
        raise Conflict("this assignment is over; its officer is not called any more", zh="此派遣已结束，不再呼叫")
    known = {one.officer_id for one in callees}
    return [one for one in await officers(session, ids, drill=None) if one.officer_id not in known]


async def officers(session: AsyncSession, ids: Collection[int], *, drill: bool | None) -> list[Callee]:
    """Officers of one's area who are on duty. Those off duty are not called: `Conflict` names the first."""
    rows = (
        await session.execute(
            select(Officer.id, Officer.name, Officer.organisation, Officer.drill, on_duty().label("is_on_duty"))
            .where(Officer.id.in_(ids))
            .order_by(Officer.id)
        )
    ).all()
    missing = set(ids) - {row.id for row in rows}
    if missing:
        raise NotFound(f"no such officer in your area: {', '.join(map(str, sorted(missing)))}")
    for row in rows:
        if drill is not None and row.drill != drill:
            why = f"{row.name}: drill officers are called in drills, and only they are"
            raise Refused(why, zh="演练人员只参加演练")
        if not row.is_on_duty:
            raise Conflict(f"{row.name} is off duty", zh=f"{row.name} 已下岗")
    return [Callee(row.name, row.organisation, "officer", row.id) for row in rows]


async def officers_found(session: AsyncSession, ids: Collection[int], *, drill: bool) -> list[Callee]:
    """Of officers found on the map those whom one may see and who are on duty."""
    rows = await session.execute(
        select(Officer.id, Officer.name, Officer.organisation)
        .where(Officer.id.in_(ids), Officer.drill == drill, on_duty())
        .order_by(Officer.id)
    )
    return [Callee(row.name, row.organisation, "officer", row.id) for row in rows]


async def people(database: Database, caller: Caller, usernames: Collection[str]) -> list[Callee]:
    """People of desks above, beside or below one's own, and experts with an account."""
    if not usernames:
        return []
    async with database.for_system() as session:
        rows = (await session.scalars(callable_people(caller).where(UserAccount.username.in_(usernames)))).all()
    missing = set(usernames) - {row.username for row in rows}
    if missing:
        raise NotFound(f"nobody whom you may call has this name: {', '.join(sorted(missing))}")
    return [
        Callee(row.display_name, "", "expert" if row.role == "expert" else "dispatcher", None, row.username)
        for row in rows
    ]


def callable_people(caller: Caller) -> Any:
    """Accounts whose area holds the caller's, or lies in it; officers are called by their number."""
    area, theirs = caller.scope.region, UserAccount.region
    related = theirs.startswith(area) | (func.left(area, func.length(theirs)) == theirs)
    return (
        select(UserAccount)
        .where(UserAccount.active, UserAccount.role != "officer", related)
        .order_by(UserAccount.username)
    )


async def _open_one(session: AsyncSession, asked: Opening) -> Room | None:
    if asked.alert_id is None or asked.kind not in _ONE_PER_ALERT:
        return None
    return await session.scalar(
        select(Room).where(Room.alert_id == asked.alert_id, Room.state == "open", Room.kind.in_(_ONE_PER_ALERT))
    )


async def ring(session: AsyncSession, room: Room, callees: Collection[Callee]) -> None:
    """Ring these people into a room that is held; whoever is in it already, or being rung, is left alone."""
    rung = [seat for one in callees if (seat := await _ring_one(session, room, one)) is not None]
    if not rung:
        return
    await session.flush()
    facts = await room_facts(session, room.id)
    for seat in rung:
        tell(session, facts, "rang", seat)


async def _ring_one(session: AsyncSession, room: Room, callee: Callee) -> RoomSeat | None:
    seat = await session.scalar(
        select(RoomSeat).where(
            RoomSeat.room_id == room.id,
            RoomSeat.officer_id == callee.officer_id
            if callee.officer_id is not None
            else RoomSeat.user_name == callee.user_name,
        ),
        execution_options={"populate_existing": True},
    )
    if seat is None:
        seat = _seat(room, callee, "ringing")
        session.add(seat)
    elif seat.state in _CALLED_AGAIN:
        seat.state, seat.left_at = "ringing", None
    else:
        return None
    seat.rang_at = await session.scalar(select(func.now()))
    return seat


def _seat(room: Room, callee: Callee, state: str) -> RoomSeat:
    return RoomSeat(
        room_id=room.id,
        user_name=callee.user_name,
        officer_id=callee.officer_id,
        name=callee.name,
        organisation=callee.organisation,
        role=callee.role,
        state=state,
        region=room.region,
    )


def may_open(caller: Caller, kind: str) -> None:
    """Raise `Forbidden` unless this person opens rooms."""
    if not caller.decides_in(caller.scope.region) or caller.scope.role == "guest":
        raise Forbidden(f"your role ({caller.scope.role}) opens no {kind} rooms; duty officers and dispatchers do")
