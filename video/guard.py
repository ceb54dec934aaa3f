"""When the hub takes no more legs: one that is overloaded would spoil the calls that run."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from video.errors import HubBusy

LOOK_S: Final = 0.2
_LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hub bears. A leg whose event loop lags is hung up by its peer in the end: docs/decisions/media.md."""

    lag_s: float = 0.1  # of the event loop, through a whole second
    cpu: float = 0.8  # of one core
    joining: int = 4  # legs being set up at once
    waiting: int = 32  # more legs waiting for that than these are sent away


class Guard:
    """Watches the process it runs in.

    Args:
        cpu_time: seconds of processor time this process has had.
    """

    def __init__(
        self,
        limits: Limits = Limits(),
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_time: Callable[[], float] = time.process_time,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._cpu_time = cpu_time
        self._late: deque[float] = deque(maxlen=_LOOKS)
        self._cpu: deque[tuple[float, float]] = deque([(clock(), cpu_time())], maxlen=_LOOKS + 1)
        self._joining = asyncio.Semaphore(limits.joining)
        self._waiting = 0

    @property
    def lag_s(self) -> float:
        """The least lateness of the last second: a single hiccup is none."""
        return min(self._late) if len(self._late) == _LOOKS else 0.0

    @property
    def cpu(self) -> float:
        """Share of one core over the last whole second: what a start takes is no load."""
        (since, used), (until, used_by_then) = self._cpu[0], self._cpu[-1]
        return (used_by_then - used) / (until - since) if len(self._cpu) > _LOOKS else 0.0

    def look(self, late_s: float) -> None:
        """Note how late the last look came; call it each `LOOK_S`."""
        self._late.append(late_s)
        self._cpu.append((self._clock(), self._cpu_time()))

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            before = self._clock()
            await asyncio.sleep(LOOK_S)
            self.look(max(0.0, self._clock() - before - LOOK_S))

    @asynccontextmanager
    async def joining(self) -> AsyncIterator[None]:
        """Set up a leg in here.

        Raises:
            HubBusy: not now.
        """
        if self.lag_s > self._limits.lag_s:
            raise HubBusy(f"the media hub is {self.lag_s * 1000:.0f} ms late; try again in a moment")
        if self.cpu > self._limits.cpu:
            raise HubBusy(f"the media hub uses {self.cpu:.0%} of its processor; try again in a moment")
        if self._waiting >= self._limits.waiting:
            raise HubBusy("too many are joining at once; try again in a moment", 1.0)
        self._waiting += 1
        try:
            await self._joining.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._joining.release()
