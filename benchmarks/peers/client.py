"""Asks a peer in its own process."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.peers.builds import build_osrm, build_osrm_mld, build_valhalla
from benchmarks.peers.environment import PeerMissing

BUILDS = {
    "osrm": build_osrm,
    "osrm-mld": build_osrm_mld,
    "valhalla": build_valhalla,
    "valhalla-tdm": build_valhalla,
}


class Peer:
    """A running peer on one road file. Stands still between questions, so that it does not disturb the others."""

    def __init__(self, name: str, python: Path, roads: Path, cache: Path) -> None:
        self.name = name
        self.built = BUILDS[name](python, roads, cache)
        self.peak_mb = 0.0
        # What the engines log goes to a file; in a pipe that nobody reads it would stop them.
        self._log = (cache / f"{name}.log").open("ab")
        serve = str(Path(__file__).with_name("serve.py"))
        self._process = subprocess.Popen(
            [str(python), serve, name, str(self.built.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.ready_s = float(self._read()["ready"])

    def rank(
        self, target: tuple[float, float], officers: Sequence[tuple[float, float]], routes: int
    ) -> tuple[list[float | None], float]:
        """Return seconds of each officer to the target, and the milliseconds that the answer took inside the peer.

        Raises `PeerMissing` with the peer's words when it cannot answer.
        """
        assert self._process.stdin is not None
        asked = {"target": target, "officers": list(officers), "routes": routes}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        said = self._read()
        if "error" in said:
            raise PeerMissing(f"{self.name}: {said['error']}")
        self.peak_mb = float(said["peak_mb"])
        return said["seconds"], float(said["ms"])

    def isochrone(self, at: tuple[float, float], minutes: float) -> float:
        """Return the milliseconds that Valhalla takes to draw one; raises `PeerMissing` when it cannot."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"isochrone": list(at), "minutes": minutes}) + "\n")
        self._process.stdin.flush()
        said = self._read()
        if "error" in said:
            raise PeerMissing(f"{self.name}: {said['error']}")
        self.peak_mb = float(said["peak_mb"])
        return float(said["ms"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # the engines themselves print now and then
                said: dict[str, Any] = json.loads(line)
                return said
        raise PeerMissing(f"{self.name} ended with code {self._process.wait()}; see {self._log.name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()
