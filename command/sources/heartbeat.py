"""How a process that takes a source in says that it lives.

It writes a row every two seconds over a connection of its own. A process that hangs is known by the age of its row; one
that was killed at once, because the database sees its connection end.
"""

import asyncio
import logging
import uuid
from contextlib import suppress

import psycopg

from gis.listen import own_connection

log = logging.getLogger(__name__)

BEAT_EVERY_S = 2.0
DEAD_AFTER_S = 6.0

_BEAT = """
    INSERT INTO source_heartbeat (instance, source, backend, beat_at)
    VALUES (%(instance)s, %(source)s, pg_backend_pid(), clock_timestamp())
    ON CONFLICT (instance) DO UPDATE SET backend = excluded.backend, beat_at = excluded.beat_at
"""
# Those who died without a word before us.
_BURY = """
    DELETE FROM source_heartbeat h WHERE h.source = %(source)s AND h.instance <> %(instance)s
    AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = h.backend)
"""
_FAREWELL = "DELETE FROM source_heartbeat WHERE instance = %(instance)s"


class Heartbeat:
    """Says of this process that it takes in `source`, until it is cancelled; then it takes leave."""

    def __init__(self, url: str, source: str, *, every_s: float = BEAT_EVERY_S) -> None:
        self._url = url
        self._values = {"instance": uuid.uuid4().hex, "source": source}
        self._every_s = every_s

    async def run(self) -> None:
        """Beat for ever, through losses of the database."""
        while True:
            with suppress(psycopg.Error, OSError):  # without the database nothing is taken in: the silence is true
                await self._beat()
            await asyncio.sleep(self._every_s)

    async def _beat(self) -> None:
        async with await own_connection(self._url) as connection:
            await connection.execute(_BEAT, self._values)
            await connection.execute(_BURY, self._values)
            try:
                while True:
                    await asyncio.sleep(self._every_s)
                    await connection.execute(_BEAT, self._values)
            except asyncio.CancelledError:
                await connection.execute(_FAREWELL, self._values)
                raise
