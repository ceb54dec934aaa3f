"""tipg (OGC API Features and Tiles over PostGIS tables) in a process of its own, on a free port of the loopback."""

import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
from sqlalchemy import make_url

from benchmarks.peers.environment import PeerMissing

REQUIREMENTS = Path(__file__).with_name("requirements-tipg.txt")
START_WITHIN_S = 60.0
ITS_OWN_LIMIT = 10_000  # rows in a tile, unless told otherwise


class Tipg:
    """A running tipg on the database at `url`; `limit` is the most rows that it puts into a tile."""

    def __init__(self, python: Path, url: str, cache: Path, limit: int = ITS_OWN_LIMIT) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        settings = {
            "DATABASE_URL": asyncpg_address(url),
            "TIPG_MAX_FEATURES_PER_TILE": str(limit),
            "TIPG_DB_SPATIAL_EXTENT": "false",  # it would scan every table before it begins
            "TIPG_DB_DATETIME_EXTENT": "false",
        }
        command = [python, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "warning"]
        self._log = (cache / "tipg.log").open("ab")
        self._process = subprocess.Popen(
            list(map(str, command)), cwd=cache, env=os.environ | settings, stdout=self._log, stderr=self._log
        )

    def wait(self) -> None:
        """Raise `PeerMissing` unless it answers within a minute."""
        give_up_at = time.monotonic() + START_WITHIN_S
        while self._process.poll() is None and time.monotonic() < give_up_at:
            try:
                httpx.get(f"{self.address}/healthz", trust_env=False).raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise PeerMissing(f"tipg does not start; see {self._log.name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


def tile_path(table: str, columns: Sequence[str], z: int, x: int, y: int) -> str:
    """Return the path of a tile of a table with these columns alone."""
    return f"/collections/public.{table}/tiles/WebMercatorQuad/{z}/{x}/{y}?properties={','.join(columns)}"


def asyncpg_address(url: str) -> str:
    """Return SQLAlchemy's address of a database as tipg wants it; a socket's folder becomes an encoded host."""
    parts = make_url(url)
    socket_folder = parts.query.get("host")
    host = socket_folder if isinstance(socket_folder, str) else parts.host or "localhost"
    who = quote(parts.username or "postgres", safe="")
    secret = f":{quote(str(parts.password), safe='')}" if parts.password else ""
    port = f":{parts.port}" if parts.port else ""
    return f"postgresql://{who}{secret}@{quote(host, safe='')}{port}/{parts.database}"
