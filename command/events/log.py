"""Writing the event log: one row in the transaction that makes it true."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.tables import Event
from gis.database import Scope

TOPIC_OF = {
    "alert": "alerts",
    "assignment": "assignments",
    "coverage": "coverage",
    "duty": "officers",
    "road": "roads",
    "recording": "rooms",
    "room": "rooms",
    "source": "sources",
    "ranking": "rankings",
}


def topic_of(kind: str) -> str:
    """The feed topic of an event kind, e.g. `alerts` of `alert.raised`."""
    return TOPIC_OF[kind.partition(".")[0]]


def record_event(
    session: AsyncSession,
    kind: str,
    *,
    subject: str,
    region: str,
    data: dict[str, Any],
    alert_id: int | None = None,
    officer_id: int | None = None,
    actor: str | None = None,
) -> None:
    """Add a fact to the log; it becomes true, numbered and announced when the session commits.

    Call it last in a transaction: the log's lock is taken when the row is flushed and held until commit.
    The actor is the session's person, or `actor` (`system:…`) for the system itself.
    """
    topic_of(kind)  # an unknown kind is a mistake of ours; find it before it is in the log for ever
    scope: Scope | None = session.info.get("scope")
    session.add(
        Event(
            kind=kind,
            subject=subject,
            region=region,
            data=data,
            alert_id=alert_id,
            officer_id=officer_id,
            actor=scope.actor if scope else (actor or "system"),
        )
    )


async def record_for_rooms(session: AsyncSession, kind: str, subject: str, region: str, data: dict[str, Any]) -> None:
    """How rooms below write the event log without knowing it."""
    record_event(session, kind, subject=subject, region=region, data=data)


async def chain_breaks(session: AsyncSession) -> list[tuple[int, str]]:
    """Check the whole log; returns (seq, what is wrong) for each broken row, so an empty list is a sound log."""
    rows = await session.execute(text("SELECT seq, problem FROM event_chain_breaks()"))
    return [(row.seq, row.problem) for row in rows]
