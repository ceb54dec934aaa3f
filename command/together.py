"""One answer for all who ask the same at the same moment.

    answers = Together[Key, Answer]()
    answer = await answers.ask(key, work)

When an alert is raised or a road is closed, every desk that sees it asks for the same list within milliseconds. Whoever
asks before the work on an answer begins is given that answer; whoever asks while it goes on waits for the next, which
begins when it has ended. So nobody is ever given anything older than their own question, and fifty who ask at once
cost as much as two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Together(Generic[Key, Answer]):
    """Answers by key, for the tasks of one event loop. Those of different keys know nothing of each other."""

    def __init__(self) -> None:
        self._running: dict[Key, asyncio.Task[Answer]] = {}
        self._next: dict[Key, asyncio.Task[Answer]] = {}

    async def ask(self, key: Key, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what `work`, or that of another who asked for `key`, answers; it begins after this call.

        Whatever it raises is raised to all who wait for it. It goes on when some of them are cancelled.
        """
        turn = self._next.get(key)
        if turn is None:
            turn = self._next[key] = asyncio.create_task(self._take_turn(key, work))
            turn.add_done_callback(_look_at_its_error)
        return await asyncio.shield(turn)

    async def _take_turn(self, key: Key, work: Callable[[], Awaitable[Answer]]) -> Answer:
        if (before := self._running.get(key)) is not None:
            await asyncio.wait([before])
        self._running[key] = self._next.pop(key)
        try:
            return await work()
        finally:
            del self._running[key]


def _look_at_its_error(turn: asyncio.Task[Answer]) -> None:
    """Those who asked may all be gone; an error that nobody is left to hear of is no fault of the program."""
    if not turn.cancelled():
        turn.exception()
