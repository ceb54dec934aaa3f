"""How long files are kept: until their time has come, and longer while somebody holds them."""

import asyncio
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from command.recordings.storing import tell
from command.recordings.tables import Recording
from gis.database import Database

log = logging.getLogger(__name__)

_AT_ONCE = 20


async def delete_overdue(database: Database, folder: Path, now: datetime) -> int:
    """Delete the files of finished recordings whose time has come and that nobody holds; how many there were.

    The row, the hashes and the events stay: what was once recorded can be told, only not shown.
    """
    overdue = (
        select(Recording.id)
        .where(
            Recording.state == "finished",
            Recording.keep_until <= now,
            Recording.deleted_at.is_(None),
            ~Recording.legal_hold,
        )
        .order_by(Recording.keep_until)
        .limit(_AT_ONCE)
    )
    async with database.for_system() as session:
        ids = (await session.scalars(overdue)).all()
    for recording_id in ids:
        await _delete(database, folder, recording_id)
    return len(ids)


async def _delete(database: Database, folder: Path, recording_id: int) -> None:
    """Under the row's lock, so that a hold that comes at this moment is either in time or told that it is too late."""
    async with database.for_system() as session, session.begin():
        recording = await session.get(Recording, recording_id, with_for_update=True)
        if recording is None or recording.legal_hold or recording.deleted_at is not None:
            return
        await asyncio.to_thread(_remove, folder / str(recording_id))
        recording.deleted_at = datetime.now(UTC)
        recording.version += 1
        await session.flush()
        tell(session, recording, "deleted", by="system:keeping")
    log.info("recording %d was kept for its time and is deleted", recording_id)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
