"""The supervisor with small real processes: restarts, orderly end, no orphans, logs."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from command.supervise import Child, Pauses, RotatingLog, Supervisor
from gis.postgres_install import ClusterError

QUICK = Pauses(first_s=0.01, longest_s=0.05, steady_s=5.0, back_after_s=0.01, database_look_s=0.01)
STAYS = "import sys, time\nprint('ready', flush=True)\ntime.sleep(600)"


def python(name: str, program: str) -> Child:
    return Child(name, (sys.executable, "-c", program))


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another process does; the test's own time limit ends a vain wait."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncIterator[None]:
    running = asyncio.create_task(supervisor.run(handle_signals=False))
    try:
        yield
    finally:
        supervisor.stop()
        await running


async def test_a_killed_child_is_started_again_and_each_change_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, [python("web", STAYS)], say=said.append, pauses=QUICK)
    async with supervised(supervisor):
        await until(lambda: supervisor.pid_of("web"))
        first = supervisor.pid_of("web")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pid_of("web") not in {None, first})
        await until(lambda: len(said) == 2)
    assert "web: was ended by SIGKILL" in said[0]
    assert said[1:] == ["web: is back"]


async def test_a_child_that_dies_at_once_is_tried_again_but_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    tries = tmp_path / "tries"
    program = f"open({str(tries)!r}, 'a').write('x'); raise SystemExit(3)"
    patient = Pauses(first_s=0.01, longest_s=0.02, back_after_s=60)
    supervisor = Supervisor(tmp_path, [python("intake", program)], say=said.append, pauses=patient)
    async with supervised(supervisor):
        await until(lambda: tries.exists() and len(tries.read_text()) >= 4)
    assert len(said) == 1
    assert said[0].startswith("intake: ended with exit code 3")


async def test_a_program_that_is_not_there_is_told_and_the_others_run(tmp_path: Path) -> None:
    said: list[str] = []
    children = [Child("media", ("/nowhere/media",)), python("web", STAYS)]
    supervisor = Supervisor(tmp_path, children, say=said.append, pauses=QUICK)
    async with supervised(supervisor):
        await until(lambda: said and supervisor.pid_of("web"))
    assert said[0].startswith("media: cannot start /nowhere/media")


async def test_stopping_lets_a_child_end_in_order_and_removes_its_pid_file(tmp_path: Path) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('saved everything')))\n"
        "print('ready'); time.sleep(600)"
    )
    supervisor = Supervisor(tmp_path, [python("web", program)], pauses=QUICK)
    log = tmp_path / "log" / "web.log"
    async with supervised(supervisor):
        await until(lambda: log.exists() and "ready" in log.read_text())
        pid = supervisor.pid_of("web")
        assert pid is not None
    assert log.read_text() == "web | ready\nweb | saved everything\n"
    assert not alive(pid)
    assert supervisor.pid_of("web") is None


async def test_a_child_that_will_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid); time.sleep(600)"
    )
    supervisor = Supervisor(tmp_path, [python("web", program)], pauses=QUICK, orderly_end_s=0.1)
    log = tmp_path / "log" / "web.log"
    async with supervised(supervisor):
        await until(lambda: log.exists() and log.read_text().endswith("\n"))
        pid = supervisor.pid_of("web")
    grandchild = int(log.read_text().split()[-1])
    assert pid is not None
    assert not alive(pid)
    await until(lambda: not alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_supervisor_ends_it_and_its_children(tmp_path: Path, number: signal.Signals) -> None:
    process, child = await supervisor_process(tmp_path)
    process.send_signal(number)
    assert await process.wait() == 0
    assert not alive(child)


async def test_children_do_not_outlive_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    process, child = await supervisor_process(tmp_path)
    process.kill()
    await process.wait()
    await until(lambda: not alive(child))


async def supervisor_process(home: Path) -> tuple[asyncio.subprocess.Process, int]:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom command.supervise import Child, Supervisor\n"
        f"child = Child('web', (sys.executable, '-c', {STAYS!r}))\n"
        "asyncio.run(Supervisor(Path(sys.argv[1]), [child]).run())"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(home), env=environment)
    log = home / "log" / "web.log"
    await until(lambda: log.exists() and "ready" in log.read_text())
    return process, int((home / "run" / "web.pid").read_text())


class FakeDatabase:
    """Runs until told it died; fails to start as often as asked."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.up = False
        self.starts = 0
        self.refusals = refusals

    def ensure(self) -> None:
        self.starts += 1
        if self.starts > 1 and self.refusals:
            self.refusals -= 1
            raise ClusterError("the disk is full")
        self.up = True

    def running(self) -> bool:
        return self.up


async def test_the_database_is_started_first_and_again_when_it_dies(tmp_path: Path) -> None:
    said: list[str] = []
    database = FakeDatabase(refusals=2)
    supervisor = Supervisor(tmp_path, [python("web", STAYS)], database=database, say=said.append, pauses=QUICK)
    async with supervised(supervisor):
        await until(lambda: supervisor.pid_of("web"))
        assert database.starts == 1
        database.up = False
        await until(lambda: database.up and "database: is back" in said)
    assert said == ["database: ended; starting it again", "database: the disk is full", "database: is back"]


async def test_no_child_is_started_without_a_database(tmp_path: Path) -> None:
    class NoDatabase(FakeDatabase):
        def ensure(self) -> None:
            raise ClusterError("PostgreSQL with PostGIS is not installed")

    with pytest.raises(ClusterError, match="not installed"):
        await Supervisor(tmp_path, [python("web", STAYS)], database=NoDatabase()).run(handle_signals=False)
    assert not (tmp_path / "run").exists()


async def test_a_very_long_line_and_a_last_one_without_an_end_are_logged(tmp_path: Path) -> None:
    program = "import sys, time\nsys.stdout.write('a' * 3_000_000 + '\\nlast'); sys.stdout.flush()"
    patient = Pauses(first_s=60)
    supervisor = Supervisor(tmp_path, [python("web", program)], say=lambda _: None, pauses=patient)
    log = tmp_path / "log" / "web.log"
    async with supervised(supervisor):
        await until(lambda: log.exists() and log.read_bytes().endswith(b"last\n"))
    assert log.read_bytes().count(b"a") >= 3_000_000


def test_pauses_grow_to_the_longest_and_start_anew_after_a_steady_life() -> None:
    pauses = Pauses()
    waited = [pauses.after(0, 0)]
    for _ in range(6):
        waited.append(pauses.after(waited[-1], 0))
    assert waited == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    assert pauses.after(5.0, lived_s=60) == 0.2


def test_a_log_is_set_aside_when_full_and_the_oldest_goes(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "web.log", limit=10, generations=2)
    with contextlib.closing(log):
        for line in (b"first...\n", b"second..\n", b"third...\n", b"fourth..\n"):
            log.write(line)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log", "web.log.1", "web.log.2"]
    assert (tmp_path / "web.log").read_bytes() == b"fourth..\n"
    assert (tmp_path / "web.log.2").read_bytes() == b"second..\n"
