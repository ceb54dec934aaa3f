"""The peers' own preparation of a road file, kept in the cache by the file's content."""

import hashlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environment import REQUIREMENTS, PeerMissing

THREADS = 2

# OSRM's own car profile, less the choice to avoid tolls, ferries or motorways: for that, the hierarchy is contracted
# four times over. Questions that exclude nothing have the same answers, at the same speed.
WITHOUT_EXCLUSIONS = """
api_version = 4
package.path = "{profiles}/?.lua;" .. package.path
local car = dofile("{profiles}/car.lua")
local setup = car.setup
car.setup = function()
  local profile = setup()
  profile.excludable = Sequence {{}}
  return profile
end
return car
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What a peer opens, and how long its preparation took (when it was made, maybe in an earlier run)."""

    data: Path
    seconds: float


def build_osrm(python: Path, roads: Path, cache: Path) -> Built:
    """Extract and contract: the contraction hierarchy is OSRM's fastest form for tables of any size."""
    return _build_osrm("osrm", python, roads, cache, [["contract", "-t", str(THREADS)]])


def build_osrm_mld(python: Path, roads: Path, cache: Path) -> Built:
    """Extract, partition and customize: prepared in minutes where the contraction of a province takes hours."""
    return _build_osrm(
        "osrm-mld", python, roads, cache, [[step, "-t", str(THREADS)] for step in ("partition", "customize")]
    )


def _build_osrm(name: str, python: Path, roads: Path, cache: Path, steps: Sequence[Sequence[str]]) -> Built:
    def work(folder: Path) -> Path:
        package = Path(_printed(python, "import osrm, pathlib; print(pathlib.Path(osrm.__file__).parent)"))
        car = folder / "car.lua"
        car.write_text(WITHOUT_EXCLUSIONS.format(profiles=package / "share" / "profiles"))
        osrm = [str(python), "-m", "osrm"]
        (folder / "roads.osm.pbf").symlink_to(roads.resolve())
        _run([*osrm, "extract", "-p", str(car), "-t", str(THREADS), str(folder / "roads.osm.pbf")], folder)
        for step in steps:
            _run([*osrm, *step, str(folder / "roads.osrm")], folder)
        return Path("roads.osrm")

    return _cached(name, roads, cache, work)


def build_valhalla(python: Path, roads: Path, cache: Path) -> Built:
    """Build tiles. What is opened is their folder."""

    def work(folder: Path) -> Path:
        (folder / "tiles").mkdir()
        ask = (
            "import json, sys, valhalla; print(json.dumps(valhalla.get_config(tile_extract='', tile_dir=sys.argv[1])))"
        )
        config = json.loads(_printed(python, ask, str(folder / "tiles")))
        config["mjolnir"]["concurrency"] = THREADS
        (folder / "build.json").write_text(json.dumps(config))
        command = [str(python), "-m", "valhalla", "valhalla_build_tiles", "-c", str(folder / "build.json")]
        _run([*command, str(roads.resolve())], folder)
        return Path("tiles")

    return _cached("valhalla", roads, cache, work)


def _cached(peer: str, roads: Path, cache: Path, work: Callable[[Path], Path]) -> Built:
    """Do `work` in a fresh folder that gets its name only when it is whole."""
    if not roads.name.endswith(".osm.pbf"):
        raise PeerMissing(f"{peer} reads .osm.pbf here, not {roads.name}")
    with roads.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(REQUIREMENTS.read_bytes(), digest_size=6))
    target = cache / "builds" / f"{peer}-{roads.name.removesuffix('.osm.pbf')}-{digest.hexdigest()}"
    note = target / "built.json"
    if not note.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        print(f"{peer} prepares {roads.name}: minutes for a town, up to an hour for a province", flush=True)
        folder = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
        began = time.monotonic()
        data = work(folder)
        told = {"data": str(data), "seconds": round(time.monotonic() - began, 1)}
        (folder / note.name).write_text(json.dumps(told))
        folder.rename(target)
    told = json.loads(note.read_text())
    return Built(target / told["data"], told["seconds"])


def _printed(python: Path, code: str, *arguments: str) -> str:
    return subprocess.run(
        [str(python), "-c", code, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def _run(command: Sequence[str], folder: Path) -> None:
    log = folder / "build.log"
    # Valhalla's starter looks for its own programs on the path.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with log.open("ab") as file:
        done = subprocess.run(
            ["nice", "-n", "10", *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PATH": path},
        )
    if done.returncode:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise PeerMissing(f"{command[2]} {command[3]} failed ({log}): {' '.join(last)}")
