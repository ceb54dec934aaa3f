"""Starting the processes of one OneMap, and keeping them up.

    supervisor = Supervisor(home, [Child("web", (sys.executable, "-m", …)), …], database=cluster)
    await supervisor.run()          # until SIGTERM or SIGINT; then every child has ended

A child that dies is started again, after 0.2 s at first and up to 5 s when it dies at once every time. Its words go,
with its name before them, to `<home>/log/NAME.log` and its process id to `<home>/run/NAME.pid`. When the supervisor
itself is killed the kernel kills the children (`PR_SET_PDEATHSIG`), so that no orphan holds a port.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from gis.postgres_install import ClusterError

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
STEADY_AFTER_S: Final = 10.0
ORDERLY_END_S: Final = 15.0
LOG_BYTES: Final = 10 * 2**20
LOG_GENERATIONS: Final = 3

_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep alive: its name (also of its log and pid file), command, and additions to the environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait before a restart: doubled each time, back to the first once a child has lived `steady_s`.

    `back_after_s`: how long a child must stand before it is called back. `database_look_s`: between two looks.
    """

    first_s: float = FIRST_PAUSE_S
    longest_s: float = LONGEST_PAUSE_S
    steady_s: float = STEADY_AFTER_S
    back_after_s: float = 3.0  # a child that dies while it imports is not back
    database_look_s: float = 1.0

    def after(self, pause_s: float, lived_s: float) -> float:
        """The pause that follows one of `pause_s` (0 for none yet) when the child then lived `lived_s`."""
        if pause_s == 0 or lived_s >= self.steady_s:
            return self.first_s
        return min(pause_s * 2, self.longest_s)


class RotatingLog:
    """A text file that is set aside as `.1`, `.2`, … when it has grown to `limit` bytes; older ones go."""

    def __init__(self, path: Path, *, limit: int = LOG_BYTES, generations: int = LOG_GENERATIONS) -> None:
        self._path = path
        self._limit = limit
        self._generations = generations
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        if self._file.tell() + len(line) > self._limit and self._file.tell() > 0:
            self._rotate()
        self._file.write(line)

    def close(self) -> None:
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for generation in range(self._generations, 0, -1):
            older = self._numbered(generation - 1)
            if older.exists():
                older.replace(self._numbered(generation))
        self._file = self._path.open("ab", buffering=0)

    def _numbered(self, generation: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{generation}") if generation else self._path


class DatabaseServer(Protocol):
    """What the supervisor needs of `gis.cluster.PrivateCluster`."""

    def ensure(self) -> None: ...

    def running(self) -> bool: ...


class Supervisor:
    """Keeps `children` and the private PostgreSQL running until it is told to stop; the database it leaves running.

    Args:
        home: folder for `log/` and `run/`.
        children: what to keep alive; their names differ.
        database: started before the children and again when it dies; None when it is somebody else's.
        say: where to tell the operator of a loss or a return, once each.
        orderly_end_s: how long a child may take to end after SIGTERM before it is killed.
    """

    def __init__(
        self,
        home: Path,
        children: Sequence[Child],
        *,
        database: DatabaseServer | None = None,
        say: Say = print,
        pauses: Pauses = Pauses(),
        orderly_end_s: float = ORDERLY_END_S,
    ) -> None:
        self._home = home
        self._children = tuple(children)
        self._database = database
        self._say = say
        self._pauses = pauses
        self._orderly_end_s = orderly_end_s
        self._stopping = asyncio.Event()
        self._lost: set[str] = set()

    def stop(self) -> None:
        """End everything in order; `run` returns when all children have ended. Call it from the event loop."""
        self._stopping.set()

    def pid_of(self, name: str) -> int | None:
        """Process id of a child, from its pid file; None while it does not run."""
        try:
            return int(self._pid_file(name).read_text())
        except (FileNotFoundError, ValueError):
            return None

    async def run(self, *, handle_signals: bool = True) -> None:
        """Start all and keep them up until `stop`, SIGTERM or SIGINT.

        Raises:
            ClusterError: the database did not start the first time; no child was started.
        """
        if self._database is not None:
            await asyncio.to_thread(self._database.ensure)
        loop = asyncio.get_running_loop()
        stop_signals = (signal.SIGTERM, signal.SIGINT) if handle_signals else ()
        for number in stop_signals:
            loop.add_signal_handler(number, self.stop)
        try:
            async with asyncio.TaskGroup() as tasks:
                for child in self._children:
                    tasks.create_task(self._keep_up(child))
                if self._database is not None:
                    tasks.create_task(self._keep_database_up(self._database))
        finally:
            for number in stop_signals:
                loop.remove_signal_handler(number)

    async def _keep_up(self, child: Child) -> None:
        log = RotatingLog(self._log_file(child.name))
        pause_s = 0.0
        try:
            while not self._stopping.is_set():
                started = time.monotonic()
                end = await self._one_life(child, log)
                self._pid_file(child.name).unlink(missing_ok=True)
                if self._stopping.is_set():
                    return
                self._say_lost(child.name, f"{end}; starting it again, its log is {self._log_file(child.name)}")
                pause_s = self._pauses.after(pause_s, time.monotonic() - started)
                await self._sleep(pause_s)
        finally:
            log.close()

    async def _one_life(self, child: Child, log: RotatingLog) -> str:
        """Start the child and stay until it has ended; how it ended, in words."""
        try:
            process = await self._start(child)
        except OSError as error:
            return f"cannot start {child.command[0]} ({error.strerror})"
        loop = asyncio.get_running_loop()
        standing = loop.call_later(self._pauses.back_after_s, self._say_back, child.name)
        try:
            return _in_words(await self._live(process, child.name, log))
        finally:
            standing.cancel()

    def _say_lost(self, name: str, how: str) -> None:
        if name not in self._lost:
            self._lost.add(name)
            self._say(f"{name}: {how}")

    def _say_back(self, name: str) -> None:
        if name in self._lost:
            self._lost.remove(name)
            self._say(f"{name}: is back")

    async def _start(self, child: Child) -> asyncio.subprocess.Process:
        parent = os.getpid()

        def end_with_parent() -> None:
            # In the child between fork and exec. The second look is for a parent that died before the first call.
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

        process = await asyncio.create_subprocess_exec(
            *child.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **child.environment},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends the children in order
            preexec_fn=end_with_parent,
            limit=2**20,
        )
        pid_file = self._pid_file(child.name)
        pid_file.parent.mkdir(parents=True, exist_ok=True)
        pid_file.write_text(f"{process.pid}\n")
        return process

    async def _live(self, process: asyncio.subprocess.Process, name: str, log: RotatingLog) -> int:
        """Until the process has ended, by itself or because we stop; its exit code."""
        copying = asyncio.create_task(_copy(process, name, log))
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not ended.done():
                await self._end(process)
        code = await ended
        _kill_group(process.pid)  # what the child had started itself: it would hold its port, and our pipe
        await asyncio.wait({copying}, timeout=1.0)  # its last words; a daemon it left may keep the pipe open for ever
        copying.cancel()
        return code

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._orderly_end_s)
        except TimeoutError:
            _kill_group(process.pid)

    async def _keep_database_up(self, database: DatabaseServer) -> None:
        pause_s = 0.0
        while not self._stopping.is_set():
            await self._sleep(pause_s or self._pauses.database_look_s)
            if self._stopping.is_set() or await asyncio.to_thread(database.running):
                continue
            self._say_lost("database", "ended; starting it again")
            try:
                await asyncio.to_thread(database.ensure)
            except ClusterError as problem:
                if pause_s == 0:
                    self._say(f"database: {problem}")
                pause_s = self._pauses.after(pause_s, 0)
            else:
                pause_s = 0.0
                self._say_back("database")

    async def _sleep(self, seconds: float) -> None:
        """That long, or until we stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _log_file(self, name: str) -> Path:
        return self._home / "log" / f"{name}.log"

    def _pid_file(self, name: str) -> Path:
        return self._home / "run" / f"{name}.pid"


async def _copy(process: asyncio.subprocess.Process, name: str, log: RotatingLog) -> None:
    """Every line the process says into its log; a line longer than the buffer goes in pieces."""
    if process.stdout is None:
        return
    mark = f"{name} | ".encode()
    while True:
        try:
            line = await process.stdout.readuntil(b"\n")
        except asyncio.LimitOverrunError as overrun:
            line = await process.stdout.readexactly(overrun.consumed) + b"\n"
        except asyncio.IncompleteReadError as last:
            if last.partial:
                log.write(mark + last.partial + b"\n")
            return
        log.write(mark + line)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _in_words(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
