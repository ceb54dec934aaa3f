"""Whatever breaks in a prepared network or amid an import: it is refused in words, and the old one serves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from routing.errors import NetworkUnusable
from routing.importing import import_roads
from routing.network import FORMAT, MANIFEST, Arrays, RoadStore
from routing.roads import Roads

FILES = [*(f"{field.name}.npy" for field in fields(Arrays)), MANIFEST]
WEST, EAST = (119.100, 36.705), (119.110, 36.705)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 0x10
    path.write_bytes(content)


def lose(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(8))


@pytest.fixture(scope="module")
def installed(town_file, tmp_path_factory) -> RoadStore:
    store = RoadStore(tmp_path_factory.mktemp("installed"))
    import_roads(town_file, store)
    return store


@pytest.mark.parametrize("harm", [cut, flip, lose, empty, grow])
def test_harm_to_any_file_is_found_and_says_what_to_do(harm, installed, tmp_path):
    version = installed.current_version()
    for name in FILES:
        if harm in (flip, grow) and name == MANIFEST:
            continue  # a letter changed in a text, or blanks behind it: what it says is checked below
        home = tmp_path / name
        shutil.copytree(installed.home, home)
        harm(home / version / name)
        with pytest.raises(NetworkUnusable, match="import the roads again") as refused:
            RoadStore(home).current()
        assert name in str(refused.value) or harm is lose
        shutil.rmtree(home)


@pytest.mark.parametrize("version", [FORMAT - 1, FORMAT + 1, None, "2"])
def test_an_older_or_newer_format_is_refused_with_both_numbers(version, installed, tmp_path):
    shutil.copytree(installed.home, tmp_path / "roads")
    path = tmp_path / "roads" / installed.current_version() / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": version}))
    message = rf"format {version}, this program reads {FORMAT}; import the roads again"
    with pytest.raises(NetworkUnusable, match=message):
        RoadStore(tmp_path / "roads").current()


def test_a_pointer_that_names_no_version_is_refused(installed, tmp_path):
    shutil.copytree(installed.home, tmp_path / "roads")
    (tmp_path / "roads" / "current").write_text("../elsewhere\n")
    with pytest.raises(NetworkUnusable, match="import the roads again"):
        RoadStore(tmp_path / "roads").current()


async def test_a_running_process_keeps_its_roads_whatever_is_wrong_with_the_new_ones(town_file, tmp_path):
    store = RoadStore(tmp_path / "roads")
    version = import_roads(town_file, store).version
    roads = Roads(store)
    roads.open()
    before = await roads.route(WEST, EAST)
    for number, harm in enumerate((cut, flip, lose)):
        (tmp_path / "other.osm").write_text(town_file.read_text().replace('v="60"', f'v="{70 + number}"'))
        broken = import_roads(tmp_path / "other.osm", store).version
        harm(store.home / broken / "up_ms.npy")
        assert not roads.reload_network()
        assert roads.version.startswith(version)
        assert await roads.route(WEST, EAST) == before


IMPORT = """
import os, signal, sys
from pathlib import Path
from routing.importing import import_roads
from routing.network import RoadStore

def progress(what, done):
    if what.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

import_roads(Path(sys.argv[1]), RoadStore(Path(sys.argv[2])), progress)
"""


@pytest.mark.parametrize("stage", ["preparing", "writing"])
def test_an_import_that_is_killed_leaves_the_old_roads_and_the_next_one_works(stage, town_file, tmp_path):
    store = RoadStore(tmp_path / "roads")
    version = import_roads(town_file, store).version
    (tmp_path / "faster.osm").write_text(town_file.read_text().replace('v="60"', 'v="90"'))
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "faster.osm"), str(store.home), stage]
    killed = subprocess.run(command, check=False, env=_environment(), timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert store.current().version == version
    assert import_roads(tmp_path / "faster.osm", store).version == store.current().version != version
    assert not list(store.home.glob(".writing-*"))


def test_an_import_that_is_killed_among_its_files_leaves_the_old_roads(town_file, tmp_path):
    store = RoadStore(tmp_path / "roads")
    version = import_roads(town_file, store).version
    (tmp_path / "faster.osm").write_text(town_file.read_text().replace('v="60"', 'v="90"'))
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "faster.osm"), str(store.home), "never"]
    with subprocess.Popen(command, env=_environment()) as importing:
        while importing.poll() is None and not list(store.home.glob(".writing-*/*.npy")):
            time.sleep(0.0005)
        importing.kill()
    found = store.current().version
    report = import_roads(tmp_path / "faster.osm", store)
    # It may have been quicker than we: then the new roads are there, and whole.
    assert found in (version, report.version)
    assert store.current().version == report.version
    assert not list(store.home.glob(".writing-*"))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
