"""`./onemap evidence verify FOLDER`, as it is typed; nothing but the folder is there."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from video.recording.manifest import Manifest

ROOT = Path(__file__).parents[3]


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("ONEMAP_")}
    return subprocess.run(
        [sys.executable, "-m", "command.cli", "evidence", "verify", str(folder)],
        cwd=ROOT,
        env=outside | {"ONEMAP_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording's folder with one sealed file."""
    now = datetime(2026, 11, 26, tzinfo=UTC)
    written = Manifest.open(tmp_path / "recording", {"room": "3"}, now=now)
    number, path = written.open_segment(now, seat="7", suffix=".webm", started_at=now.isoformat())
    path.write_bytes(b"not read, only hashed")
    again = Manifest.open(tmp_path / "recording", {"room": "3"}, now=now)
    assert again.of_kind("sealed")[number].facts["bytes"] == 21
    return tmp_path / "recording"


def test_a_whole_folder_is_as_recorded_and_a_flipped_byte_is_named(folder: Path) -> None:
    answer = verify(folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "as recorded: 1 segments, 21 bytes" in answer.stdout

    segment = next(folder.glob("*.webm"))
    segment.write_bytes(segment.read_bytes().replace(b"only", b"0nly"))
    answer = verify(folder)
    assert answer.returncode == 1
    assert f"FAULT  {segment.name}: was changed" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_folder_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    answer = verify(tmp_path / "nowhere")
    assert answer.returncode == 1
    assert "there is no folder" in answer.stderr
    assert "Traceback" not in answer.stderr
