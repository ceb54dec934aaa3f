"""A hub in one namespace, an officer in another, a desk beside the hub, and coturn between."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.networks.lands import Lands, lands, missing

ROOT = Path(__file__).resolve().parents[2]
TURN_SECRET = "a secret of this test"
OFFICER, TURN_OUTSIDE = "10.77.1.2", "10.77.1.1"
HUB, TURN_INSIDE = "10.77.2.2", "10.77.2.1"
_REASON = missing()


@dataclass
class End:
    """A program of `tests.networks.ends`, and what it has said."""

    process: asyncio.subprocess.Process
    said: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, condition: Callable[[dict[str, Any]], object], within_s: float = 60) -> dict[str, Any]:
        """The first thing said from now on that is so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(within_s):
            while line := await self.process.stdout.readline():
                self.said.append(json.loads(line))
                if condition(self.said[-1]):
                    return self.said[-1]
        raise AssertionError(f"it has ended; its last words were {self.said[-1:]}")

    async def again(self) -> None:
        """Build the connection anew."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"again\n")
        await self.process.stdin.drain()


StartEnd = Callable[..., Awaitable[End]]


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder with a certificate for the TURN server's address, its own authority."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=turn"),
            *("-addext", f"subjectAltName=IP:{TURN_OUTSIDE}"),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path


@pytest.fixture
def net() -> Iterator[Lands]:
    """officer - turn - hub: the officer reaches the hub by way of TURN only, until a cable is laid."""
    if _REASON:
        pytest.skip(_REASON)
    with lands("officer", "turn", "hub") as made:
        made.cable("officer", OFFICER, "turn", TURN_OUTSIDE)
        made.cable("turn", TURN_INSIDE, "hub", HUB)
        yield made


@pytest.fixture
async def start(net: Lands, papers: Path) -> AsyncIterator[StartEnd]:
    """Starts an end in a namespace; all are ended after the test."""
    running: list[asyncio.subprocess.Process] = []

    async def start(where: str, role: str, *words: str) -> End:
        command = net.into(where, sys.executable, "-m", "tests.networks.ends", role, str(papers / "door"), *words)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(papers / "cert.pem")}
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        running.append(process)
        if role == "hub":
            async with asyncio.timeout(60):
                while not (papers / "door").exists():
                    await asyncio.sleep(0.05)
        return End(process)

    yield start
    for process in running:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@pytest.fixture
def coturn(net: Lands, papers: Path) -> Iterator[Callable[..., None]]:
    """Starts Debian's coturn between the two."""
    server = which("turnserver")
    if server is None:
        pytest.skip("coturn is not installed (apt install coturn)")
    running: list[subprocess.Popen[bytes]] = []

    def start(*words: str, file: Path | None = None) -> None:
        places = (f"--listening-ip={TURN_OUTSIDE}", f"--listening-ip={TURN_INSIDE}", f"--relay-ip={TURN_INSIDE}")
        plain = (
            *("-n", "--use-auth-secret", f"--static-auth-secret={TURN_SECRET}", "--realm=test", "--fingerprint"),
            *("--listening-port=3478", "--tls-listening-port=443", "--no-cli", "--no-rfc5780", "--no-dtls"),
            *(f"--cert={papers / 'cert.pem'}", f"--pkey={papers / 'key.pem'}"),
        )
        command = net.into(
            "turn",
            server,
            *(("-c", str(file)) if file else (*plain, *places)),
            *(f"--pidfile={papers / 'turn.pid'}", f"--userdb={papers / 'turndb'}", "--log-file=stdout"),
            *words,
        )
        with (papers / "turn.log").open("wb") as log:
            running.append(subprocess.Popen(command, stdout=log, stderr=log))
        while not _listens(running[-1], 3478):
            time.sleep(0.05)

    yield start
    for process in running:
        process.terminate()
        process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether somebody in the namespace of a process takes connections on a port."""
    assert process.poll() is None, "coturn has ended; its words are in turn.log"
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any((at := line.split())[1].endswith(f":{port:04X}") and at[3] == "0A" for line in lines)


@pytest.fixture
def as_deployed(papers: Path) -> Callable[[str], Path]:
    """The file of `deploy/`, filled in; what may be reached through it is `media`."""

    def filled_in(media: str) -> Path:
        words = (ROOT / "deploy" / "turnserver.conf").read_text(encoding="utf-8")
        for blank, value in {
            "PUBLIC_ADDRESS": TURN_OUTSIDE,
            "RELAY_ADDRESS": TURN_INSIDE,
            "TURN_NAME": "turn.test",
            "CERTIFICATE": str(papers / "cert.pem"),
            "KEY": str(papers / "key.pem"),
            "=SECRET": f"={TURN_SECRET}",
            "MEDIA_ADDRESS": media,
        }.items():
            assert blank in words
            words = words.replace(blank, value)
        file = papers / "turnserver.conf"
        file.write_text(words, encoding="utf-8")
        return file

    return filled_in
