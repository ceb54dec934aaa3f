"""The whole product as a user starts it: real processes, real ports, its own home; and the people who use it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import httpx
from typer.testing import CliRunner
from websockets.sync.client import ClientConnection, connect

from command.cli.__main__ import app
from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from gis.cluster import PrivateCluster

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "onemap-demo"
CHINA = timezone(timedelta(hours=8))

T = TypeVar("T")


def until(question: Callable[[], T | None], what: str, *, within_s: float = 30.0) -> T:
    """Ask again and again until the answer is something (neither None nor False); fail in words after `within_s`."""
    give_up_at = time.monotonic() + within_s
    while True:
        answer = question()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > give_up_at:
            raise AssertionError(f"after {within_s:g} s still not: {what}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Product:
    """One OneMap of our own: started with `demo --small` or `serve`, and stopped, by its process id."""

    def __init__(self, home: Path, command: str = "demo") -> None:
        self.home = home
        self.port = free_port()
        self.gateway_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = home.with_name(f"{home.name}.out")
        self.roads: Path | None = None  # the file of those in use, where a test has imported some
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    # --- its life ---

    def start(self) -> float:
        """Start it and wait until it is ready, as its own words say; how long that took, in seconds."""
        began = time.monotonic()
        self.launch()
        until(lambda: self._ended() or self._says("OneMap is ready"), "the product is ready", within_s=120)
        assert self._says("OneMap is ready"), self.words()
        return time.monotonic() - began

    def launch(self) -> None:
        """Start it and do not wait."""
        demo = ["--small", "--no-simulate"] if self._command == "demo" else []
        ports = ["--port", str(self.port), "--hj212-port", str(self.gateway_port)]
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._words(self._command, *demo, *ports),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal to its own process alone; its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(sign)
        return self._process.wait(60)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def words(self) -> str:
        """What it and its children have said: for the message of a test that failed."""
        logs = [self.output, *sorted((self.home / "log").glob("*.log"))]
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs if log.exists())

    def child(self, name: str) -> int:
        """The process id of web or intake at this moment, or of the database's first process."""
        if name == "database":
            first_line, *_ = (self.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
            return int(first_line)
        return int((self.home / "run" / f"{name}.pid").read_text())

    def kill(self, name: str) -> int:
        """`kill -9` of one of its processes; the process id that it had."""
        pid = self.child(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def standing_still(self, name: str) -> Iterator[None]:
        """One of its processes hangs for a while: it is there, and does nothing."""
        pid = self.child(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def wait_for_successor(self, name: str, killed: int) -> None:
        """Until another process has taken the place of the one that was killed."""

        def another() -> bool:
            try:
                pid = self.child(name)
            except (FileNotFoundError, ValueError):
                return False
            return pid != killed and pid in self.processes()

        until(another, f"{name} is started again")

    def listening(self) -> bool:
        """Whether anybody takes connections on one of its ports."""
        return takes_connections(self.port) or takes_connections(self.gateway_port)

    def processes(self) -> set[int]:
        """All live processes that work for this home: by their command, environment or folder."""
        return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._is_ours(entry)}

    def wait_until_healthy(self, within_s: float = 60.0) -> dict[str, Any]:
        def healthy() -> dict[str, Any] | None:
            try:
                answer = httpx.get(f"{self.url}/api/health", trust_env=False, timeout=5)
            except httpx.TransportError:
                return None
            return answer.json() if answer.status_code == 200 else None

        return until(healthy, "the product is healthy", within_s=within_s)

    def clean_up(self) -> None:
        """Stop whatever still runs, the database too, also after a test that failed half-way."""
        if self.running:
            self.stop()
        cluster = PrivateCluster(self.home)
        cluster.stop()
        if not cluster.socket.is_relative_to(self.home):
            cluster.socket.rmdir()

    # --- its commands ---

    def command(self, *arguments: str, home: bool = True, input: str | None = None) -> "Said":
        """Run a command on this installation as `./onemap` does, but in this process, which has all imported."""
        own = ["--home", str(self.home)] if home else []
        result = CliRunner().invoke(app, [*arguments, *own], input=input, env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a process of its own; it is not told of the home."""
        words = self._words(*arguments, home=False)
        return subprocess.Popen(
            words, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def drill(self, *more: str) -> list[str]:
        """The words of a drill against this product; options in `more` win."""
        gateway = f"127.0.0.1:{self.gateway_port}"
        return ["drill", "--json", "--url", self.url, "--hj212", gateway, *more]

    def environment(self) -> Mapping[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("ONEMAP_")}
        return others | {"COLUMNS": "200"} | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}

    def _words(self, command: str, *arguments: str, home: bool = True) -> list[str]:
        own = ["--home", str(self.home)] if home else []
        return [sys.executable, "-m", "command.cli", command, *arguments, *own]

    # --- its users ---

    @contextmanager
    def signed_in(self, username: str, password: str = PASSWORD) -> Iterator["Person"]:
        """Somebody who has signed in, as a program does: with a token."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=30) as door:
            answer = door.post("/api/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        with Person(self, answer.json()) as person:
            yield person

    def send(self, frame: Frame, *, patience_s: float = 30) -> Frame:
        """Send a frame as a logger does; the gateway's answer. `OSError` or `FrameError` when there is none."""
        with socket.create_connection(("127.0.0.1", self.gateway_port), timeout=patience_s) as logger:
            logger.sendall(bytes(frame))
            with logger.makefile("rb") as answers:
                return Frame.parse(answers.readline())

    # --- inside ---

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _says(self, text: str) -> bool:
        return text in self.output.read_text(errors="replace")

    def _is_ours(self, process: Path) -> bool:
        home = os.fsencode(self.home)
        try:
            if (process / "cwd").readlink().is_relative_to(self.home):
                return True
            words = (process / "cmdline").read_bytes().split(b"\0")
            return home in words or b"ONEMAP_HOME=" + home in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False  # ended meanwhile, or a zombie


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


class Person:
    """Somebody's program: every request must succeed unless the test says which refusal it expects."""

    def __init__(self, product: Product, session: dict[str, Any]) -> None:
        self.token: str = session["token"]
        self.user: dict[str, Any] = session["user"]
        self._product = product
        self._client = httpx.Client(
            base_url=product.url, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {self.token}"}
        )

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, expect: int = 200, /, **query: Any) -> Any:
        return self._ask("GET", path, expect, params=query)

    def post(self, path: str, body: Any = None, expect: int = 200, /, **more: Any) -> Any:
        return self._ask("POST", path, expect, json=body, **more)

    def delete(self, path: str, expect: int = 204, /) -> Any:
        return self._ask("DELETE", path, expect)

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page."""
        rows: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = self.get(path, limit=1000, **cursor, **query)
            rows += page["items"]
            if page["next"] is None:
                return rows
            cursor = {"cursor": page["next"]}

    @contextmanager
    def live(self, since: int | None = None, topics: str = "alerts,assignments") -> Iterator["Live"]:
        """One's live feed."""
        after = "" if since is None else f"&since={since}"
        address = f"ws://127.0.0.1:{self._product.port}/api/live?topics={topics}{after}"
        headers = {"Authorization": f"Bearer {self.token}"}
        with connect(address, additional_headers=headers, proxy=None) as socket:
            yield Live(socket)

    def _ask(self, method: str, path: str, expect: int, **more: Any) -> Any:
        answer = self._client.request(method, path, **more)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


class Live:
    """An open live feed; `hello_seq` is how far the log was when it opened."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.frames: list[dict[str, Any]] = []
        hello = json.loads(socket.recv(timeout=10))
        assert hello["kind"] == "hello", hello
        self.hello_seq: int = hello["data"]["seq"]

    def wait_for(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first frame of this kind that fits, of those that came or will come."""
        give_up_at = time.monotonic() + 20
        looked_at = 0
        while True:
            for frame in self.frames[looked_at:]:
                if frame["kind"] == kind and fits(frame["data"]):
                    return frame
            looked_at = len(self.frames)
            try:
                self.frames.append(json.loads(self._socket.recv(timeout=max(0.0, give_up_at - time.monotonic()))))
            except TimeoutError:
                came = ", ".join(frame["kind"] for frame in self.frames)
                raise AssertionError(f"no {kind} that fits came over the live feed; there came: {came}") from None


def exceedance(drill: Mapping[str, Any], at: datetime, cod_mg_l: float = 86.4) -> Frame:
    """A real-time frame of a drill's logger: COD over the limit of 50 mg/L, acknowledgement wanted (Flag=5)."""
    local = at.astimezone(CHINA)
    return Frame(
        qn=local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03d}",
        st="32",
        cn="2011",
        pw=drill["password"],
        mn=drill["mn"],
        flag=5,
        cp=f"DataTime={local:%Y%m%d%H%M%S};w01018-Rtd={cod_mg_l},w01018-Flag=N",
    )


class Logger(threading.Thread):
    """A drill's logger that reports ever worse values, each until it is acknowledged, and remembers which were."""

    def __init__(self, product: Product, drill: Mapping[str, Any]) -> None:
        super().__init__(name="logger")
        self.acknowledged: dict[datetime, float] = {}
        self.refused: list[Frame] = []
        self._product = product
        self._drill = drill
        self._stopping = threading.Event()
        self._began_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=45)  # recent enough to be judged

    def run(self) -> None:
        number = 0
        while not self._stopping.wait(0.03):  # some thirty frames a second are enough to be in the middle of one
            at, value = self._began_at + timedelta(seconds=number), round(60 + number / 10, 1)
            try:
                answer = self._product.send(exceedance(self._drill, at, value), patience_s=4)
            except (OSError, FrameError):
                continue  # no answer: the same again
            if answer.cn == "9014":
                self.acknowledged[at] = value
            else:
                self.refused.append(answer)
            number += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def wait_for_more(self, count: int = 10) -> None:
        """Until so many more frames have been acknowledged."""
        goal = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= goal, f"{count} more frames are acknowledged", within_s=60)


def report_position(product: Product, token: str, lon: float, lat: float) -> None:
    """As OsmAnd does: a GET with everything in the query."""
    query = {"id": token, "lon": lon, "lat": lat, "timestamp": f"{datetime.now(UTC).timestamp():.0f}", "accuracy": 5}
    answer = httpx.get(f"{product.url}/api/positions/osmand", params=query, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"accepted": 1, "refused": []}


def plain(text: str) -> str:
    """A command's table without its frame and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"[─-╿]", " ", text))
