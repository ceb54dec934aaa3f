"""A private PostgreSQL with PostGIS under `<home>/postgres`, made, started, mended and stopped by us.

    <home>/postgres/data      the cluster; postgresql.conf includes onemap.conf (ours) and local.conf (the operator's)
    <home>/postgres/socket    the only door: a Unix socket, no TCP, so no fixed port and nothing to reach from outside
    <home>/postgres/start.log what the server said before its own log in data/log began

Whoever can enter the socket's folder (mode 0700: its owner and root) is let in without a password.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from gis.postgres_install import ClusterError, PostgresInstall, choose, installed
from gis.run_as import Account, able_to_enter, account_for

__all__ = ["ClusterError", "PrivateCluster"]

SUPERUSER = "onemap"
_LOCALE = "C.UTF-8"
_READY_WITHIN_S = 600  # crash recovery replays at most max_wal_size; minutes on a slow disk
_ORPHANS_END_WITHIN_S = 10.0
_LONGEST_SOCKET_FOLDER = 90  # a socket's address has room for 107 bytes, "/.s.PGSQL.5432.lock" included
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/-]+")  # commas and quotes mean something to libpq and to postgresql.conf
_INCLUDES = "\n# OneMap's settings, written anew at every start; yours go into local.conf and win.\n" + (
    "include 'onemap.conf'\ninclude_if_exists 'local.conf'\n"
)


class PrivateCluster:
    """The cluster of one home folder. Any number of processes may hold one for the same home.

    With `durable=False` a crash of the machine may lose it: only for tests.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.expanduser().resolve()
        self.root = self.home / "postgres"
        self.data = self.root / "data"
        self.socket = _socket_folder(self.root)
        self._durable = durable

    def ensure(self) -> None:
        """Make it if there is none, start it if it does not run, and wait until it answers.

        Harmless when it already runs; after a crash of the server it waits for the rest of it to end, and recovers.

        Raises:
            ClusterError: PostgreSQL is missing, of another major version, not allowed to work here, or does not start.
        """
        with self._one_at_a_time():
            if self.running() and self._answers():
                return
            install = choose(self.data, installed())
            account = account_for(self.data if self.data.exists() else self.root)
            self._make_folders(account)
            account = able_to_enter(account, self.root)
            if not self.data.exists():
                self._initialise(install, account)
            if not self.running():
                self._clear_remains_of_a_crash()
                self._start(install, account)
            self._wait_until_it_answers()

    def url(self, database: str) -> str:
        """SQLAlchemy address of a database in here, for psycopg 3, synchronous or not."""
        return URL.create(
            "postgresql+psycopg", username=SUPERUSER, database=database, query={"host": str(self.socket)}
        ).render_as_string(hide_password=False)

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create it unless it exists; as a copy of `template` (which nobody may be using) when given."""
        with self._connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            if template is not None:
                # Copying files is much quicker than logging every page of a small template.
                statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
            connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop it if it exists, and end the connections to it."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def running(self) -> bool:
        """Whether the server process lives; it may still be recovering (`ensure` waits for that)."""
        pid = self.postmaster_pid()
        return pid is not None and self._is_ours(pid)

    def postmaster_pid(self) -> int | None:
        """The process id in the cluster's pid file, which may be stale; None without a file."""
        try:
            first_line, *_ = (self.data / "postmaster.pid").read_text().splitlines()
            return int(first_line)
        except (FileNotFoundError, ValueError):
            return None

    def stop(self) -> None:
        """End all connections and shut down in order; harmless when it does not run."""
        if not self.running():
            return
        install = choose(self.data, installed())
        account = able_to_enter(account_for(self.data), self.root)
        command = [install.program("pg_ctl"), "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "120"]
        result = account.run(command)
        if result.returncode != 0 and self.running():
            raise ClusterError(f"The database in {self.data} did not stop: {result.stdout.strip()}")

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Two processes that both find the server dead must not both start it."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / "postgres.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ClusterError(f"{self.home} cannot be written ({error.strerror}): choose another --home.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _make_folders(self, account: Account) -> None:
        self.root.mkdir(mode=0o700, exist_ok=True)
        _hand_over(self.root, account)
        self.socket.mkdir(mode=0o700, exist_ok=True)
        found = self.socket.lstat()
        if found.st_uid not in {account.uid, os.geteuid()} or self.socket.is_symlink():
            raise ClusterError(f"{self.socket} is there already and belongs to somebody else; remove it.")
        self.socket.chmod(0o700)
        _hand_over(self.socket, account)

    def _initialise(self, install: PostgresInstall, account: Account) -> None:
        """Build beside and rename, so that an interrupted start never leaves half a cluster behind."""
        unfinished = self.root / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [install.program("initdb"), "-D", str(unfinished), "-U", SUPERUSER, "-E", "UTF8"]
        command += [f"--locale={_LOCALE}", "--auth-local=trust", "--auth-host=reject", "--data-checksums"]
        if not self._durable:
            command.append("--no-sync")
        result = account.run(command)
        if result.returncode != 0:
            raise ClusterError(f"PostgreSQL could not make a cluster in {self.root}:\n{result.stdout.strip()}")
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write(_INCLUDES)
            configuration.flush()
            os.fsync(configuration.fileno())
        unfinished.rename(self.data)

    def _start(self, install: PostgresInstall, account: Account) -> None:
        ours = self.data / "onemap.conf"
        ours.write_text(_settings(self.socket, durable=self._durable))
        _hand_over(ours, account)
        log = self.root / "start.log"
        log.write_text("")
        _hand_over(log, account)
        command = [install.program("pg_ctl"), "start", "-D", str(self.data), "-l", str(log), "-W"]
        result = account.run(command)
        if result.returncode != 0:
            raise ClusterError(f"PostgreSQL did not start: {result.stdout.strip()}\n{self._last_words()}")

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + _READY_WITHIN_S
        unseen_until = time.monotonic() + 10  # pg_ctl is back before the server has written its pid file
        while not self._answers():
            now = time.monotonic()
            if now > give_up_at or (now > unseen_until and not self.running()) or self._gave_up():
                raise ClusterError(f"PostgreSQL in {self.data} does not come up.\n{self._last_words()}")
            time.sleep(0.02)

    def _gave_up(self) -> bool:
        """Whether the server has ended with a message; its log file would otherwise be the only one to know."""
        return not self.running() and "FATAL" in (self.root / "start.log").read_text(errors="replace")

    def _clear_remains_of_a_crash(self) -> None:
        """Wait for the dead server's other processes, then take its lock files away.

        They end by themselves once they notice; a new server must not write beside them. The files go because the
        process id in them may by now be another program's, or a zombie's that nobody has collected yet, and
        PostgreSQL would refuse to start for that.
        """
        give_up_at = time.monotonic() + _ORPHANS_END_WITHIN_S
        while orphans := self._processes():
            if time.monotonic() > give_up_at:
                for pid in orphans:
                    _kill(pid, signal.SIGKILL)  # safe without a postmaster: its next start recovers from the log
            time.sleep(0.02)
        for left_over in [self.data / "postmaster.pid", *self.socket.glob(".s.PGSQL.*")]:
            left_over.unlink(missing_ok=True)

    def _processes(self) -> set[int]:
        """All live processes of this cluster."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return {pid for pid in pids if self._is_ours(pid)}

    def _is_ours(self, pid: int) -> bool:
        """PostgreSQL's processes work in the data directory, and nobody else's do."""
        process = Path("/proc") / str(pid)
        try:
            return (process / "cwd").readlink() == self.data and (process / "comm").read_text().startswith("postgres")
        except OSError:
            return False  # it has ended (a zombie too has no folder), or is not ours to look at

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket), user=SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=10
        )

    def _last_words(self) -> str:
        """The end of what the server wrote, for an error message."""
        logs = [
            self.root / "start.log",
            *sorted((self.data / "log").glob("*.log"), key=lambda log: log.stat().st_mtime),
        ]
        lines = [line for log in logs if log.exists() for line in log.read_text(errors="replace").splitlines()]
        return "\n".join(lines[-15:])


def _settings(socket: Path, *, durable: bool) -> str:
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    shared_mb = max(32, min(512, memory_mb // 8))
    on = "on" if durable else "off"
    settings = {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{socket}'",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{shared_mb}MB",
        "effective_cache_size": f"{max(128, memory_mb // 2)}MB",
        "work_mem": f"{max(4, min(32, memory_mb // 256))}MB",
        "maintenance_work_mem": f"{max(32, min(256, memory_mb // 16))}MB",
        "jit": "off",  # our queries are short; compiling them costs more than it saves
        "random_page_cost": "1.1",
        "wal_compression": "on",
        "max_wal_size": "4GB",
        "fsync": on,
        "synchronous_commit": on,
        "full_page_writes": on,
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "logging_collector": "on",
        "log_directory": "'log'",
        "log_filename": "'postgresql-%a.log'",  # a week of days, each overwritten by the next week's
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "'1d'",
        "log_rotation_size": "0",
        "log_min_duration_statement": "'2s'",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _socket_folder(root: Path) -> Path:
    """Beside the data, or when that path is too long or too odd for a socket, a private folder in /tmp named by it."""
    beside = root / "socket"
    if len(os.fsencode(beside)) <= _LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(str(beside)):
        return beside
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return Path("/tmp") / f"onemap-{digest}"  # noqa: S108 - its owner is checked before use


def _hand_over(path: Path, account: Account) -> None:
    if os.geteuid() == 0:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _kill(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return
