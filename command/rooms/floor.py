"""The floor: who may be seen and heard, and who has the word. One function a use case, one transaction each.

Each returns the seats whose forwarding has changed; the hub is told of them after the commit, and again whenever one
of them builds its connection anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from command.problems import Conflict, Refused
from command.rooms.keeping import hold_room, now, seat_of, told
from command.rooms.people import Caller
from command.rooms.tables import MEDIA_WORD, Room, RoomSeat
from command.rooms.views import decides, own_seat
from gis.http import Forbidden, NotFound
from video.engine import Kind

_IN = ("present", "away")
LONGEST_WORD = timedelta(seconds=60)  # then another may take the floor, should the button have been left pressed


@dataclass(frozen=True, slots=True)
class Muting:
    """What of a seat its hub shall forward to nobody; of two for one seat the one with the higher number holds."""

    seat_id: int
    kinds: Collection[Kind]
    number: int


async def mutings(session: AsyncSession, room: Room, seats: Sequence[RoomSeat]) -> list[Muting]:
    """What to tell the hub of these seats. The room must be held: the order of the numbers is then that of the changes,
    however their words travel (two processes tell a hub, and a connection that is being built tells it as well).
    """
    if not seats:
        return []
    number = (await session.execute(select(MEDIA_WORD.next_value()))).scalar_one()
    return [Muting(seat.id, _muted_kinds(room, seat), number) for seat in seats]


def _muted_kinds(room: Room, seat: RoomSeat) -> set[Kind]:
    """What others muted; in a push-to-talk group all but the speaker's voice."""
    muted = {Kind(one) for one in seat.muted}
    if room.audio_group:
        muted.add(Kind.VIDEO)
        if room.speaker_id != seat.id:
            muted.add(Kind.AUDIO)
    return muted


def take_word_from(room: Room, seat: RoomSeat) -> bool:
    """Nobody speaks any more if it was this seat that did; whether it was."""
    if room.speaker_id != seat.id:
        return False
    room.speaker_id = room.spoke_at = None
    return True


async def mute(
    session: AsyncSession, caller: Caller, room_id: int, seat_id: int, kinds: Collection[str], *, on: bool
) -> list[RoomSeat]:
    """Have nothing of these kinds forwarded from a seat, or forward them again."""
    room = await hold_room(session, room_id)
    await _decider(session, caller, room)
    seat = await seat_of(session, room_id, seat_id)
    muted = set(seat.muted) | set(kinds) if on else set(seat.muted) - set(kinds)
    if muted == set(seat.muted):
        return []
    seat.muted = sorted(muted)
    await told(session, room, "muted" if on else "unmuted", seat, kinds=sorted(kinds))
    return [seat]


async def remove(session: AsyncSession, caller: Caller, room_id: int, seat_id: int) -> RoomSeat:
    """Take somebody out; they come in again only when they are called again."""
    room = await hold_room(session, room_id)
    own = await _decider(session, caller, room)
    seat = await seat_of(session, room_id, seat_id)
    if own is not None and own.id == seat.id:
        raise Refused("leave the room instead of removing yourself", zh="请直接退出房间")
    if seat.state != "removed":
        seat.state, seat.hand_raised_at, seat.publishing = "removed", None, False
        seat.left_at = await now(session)
        take_word_from(room, seat)
        await told(session, room, "removed", seat)
    return seat


async def insert(session: AsyncSession, caller: Caller, room_id: int, seat_id: int) -> list[RoomSeat]:
    """Give a seat the word at once, whoever speaks (强插): its hand comes down and nothing of it stays muted."""
    room = await hold_room(session, room_id)
    await _decider(session, caller, room)
    seat = await seat_of(session, room_id, seat_id)
    if seat.state not in _IN and seat.role != "device":
        raise Conflict(f"{seat.name} is not in the room", zh=f"{seat.name} 不在房间内")
    seat.muted, seat.hand_raised_at = [], None
    before = await _speaker(session, room)
    if room.audio_group:
        room.speaker_id, room.spoke_at = seat.id, await now(session)
    await told(session, room, "inserted", seat)
    return [seat] if before is None or before.id == seat.id else [before, seat]


async def lock(session: AsyncSession, caller: Caller, room_id: int, *, locked: bool) -> None:
    """Let nobody in who has no seat yet; who has one may come back."""
    room = await hold_room(session, room_id)
    await _decider(session, caller, room)
    if room.locked != locked:
        room.locked, room.version = locked, room.version + 1
        await told(session, room, "locked" if locked else "unlocked")


async def raise_hand(session: AsyncSession, caller: Caller, room_id: int, *, raised: bool) -> None:
    """Ask for the word, or not any more."""
    room = await hold_room(session, room_id)
    seat = await _present(session, caller, room)
    if (seat.hand_raised_at is not None) != raised:
        seat.hand_raised_at = await now(session) if raised else None
        await told(session, room, "hand_raised" if raised else "hand_lowered", seat)


async def talk(session: AsyncSession, caller: Caller, room_id: int, *, on: bool) -> list[RoomSeat]:
    """Press or let go of the button in a push-to-talk group: one voice at a time, first come first served."""
    room = await hold_room(session, room_id)
    seat = await _present(session, caller, room)
    if not room.audio_group:
        raise Refused("this room is no push-to-talk group; everybody is heard in it", zh="此房间不是对讲组")
    at = await now(session)
    if not on:
        if not take_word_from(room, seat):
            return []
        await told(session, room, "fell_silent", seat)
        return [seat]
    speaker = await _speaker(session, room)
    held = room.spoke_at is not None and at - room.spoke_at < LONGEST_WORD
    if speaker is not None and speaker.id != seat.id and speaker.state == "present" and held:
        raise Conflict(f"{speaker.name} is speaking", zh=f"{speaker.name} 正在讲话", speaker_id=speaker.id)
    if "audio" in seat.muted:
        raise Forbidden("you were muted by the host")
    room.speaker_id, room.spoke_at = seat.id, at
    if speaker is None or speaker.id != seat.id:
        await told(session, room, "spoke", seat)
    return [seat] if speaker is None or speaker.id == seat.id else [speaker, seat]


async def _decider(session: AsyncSession, caller: Caller, room: Room) -> RoomSeat | None:
    seat = await own_seat(session, caller, room.id)
    if not decides(room.region, caller, seat.role if seat else None):
        raise Forbidden("the host and the desk of the area lead a room")
    return seat


async def _present(session: AsyncSession, caller: Caller, room: Room) -> RoomSeat:
    seat = await own_seat(session, caller, room.id)
    if seat is None:
        raise NotFound(f"you have no seat in room {room.id}")
    if seat.state not in _IN:
        raise Forbidden("join the room first")
    return seat


async def _speaker(session: AsyncSession, room: Room) -> RoomSeat | None:
    if room.speaker_id is None:
        return None
    return await session.scalar(select(RoomSeat).where(RoomSeat.id == room.speaker_id))
