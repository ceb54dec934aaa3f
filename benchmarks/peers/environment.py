"""The Python environments of the peers, made when first needed, outside the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 12)
DEFAULT_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "onemap-peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class PeerMissing(Exception):
    """A peer cannot take part; the message is the reason."""


def peer_python(cache: Path, asked: Path | None = None, requirements: Path = REQUIREMENTS) -> Path:
    """Return the Python in which these peers are installed, making their environment under `cache` if there is none.

    Raises `PeerMissing` when no Python is new enough or a package cannot be installed.
    """
    folder = cache / requirements.stem
    python = folder / "bin" / "python"
    done = folder / "installed.txt"
    if done.is_file() and done.read_text() == requirements.read_text():
        return python
    _run([new_enough(asked), "-m", "venv", "--clear", folder], "the peers' environment cannot be made")
    _run([python, "-m", "pip", "install", "--quiet", "-r", requirements], "the peers cannot be installed")
    done.write_text(requirements.read_text())
    return python


def new_enough(asked: Path | None) -> Path:
    """Return a Python from 3.12 on: the one asked for, our own, one on the path, or one that pyenv keeps."""
    for python in [asked] if asked else _candidates():
        said = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True
        )
        if said.returncode == 0 and tuple(map(int, said.stdout.split())) >= OLDEST:
            return python
    where = str(asked) if asked else "on this machine"
    raise PeerMissing(f"no Python {OLDEST[0]}.{OLDEST[1]} or newer {where}: name one with --peer-python")


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    for minor in range(OLDEST[1], OLDEST[1] + 4):
        if found := shutil.which(f"python3.{minor}"):
            yield Path(found)
    yield from sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))


def _run(command: list[Path | str], failed: str) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise PeerMissing(f"{failed}: {' '.join(last)}")
