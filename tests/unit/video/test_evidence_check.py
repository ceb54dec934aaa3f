"""The offline check: whatever byte is flipped, whatever file is gone or added, is found and named."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media import encoded_pictures, encoded_sound
from video.recording import manifest
from video.recording.checking import EVENTS, SUMS, check, event_line, file_hash, sums_of
from video.recording.errors import BadManifest
from video.recording.frames import Codec
from video.recording.manifest import Manifest
from video.recording.matroska import Track
from video.recording.segment import Segment

NOW = datetime(2026, 11, 26, 1, 2, 3, 456_000, UTC)


def write_segment(manifest: Manifest, *, seal: bool = True) -> Segment:
    """A short real segment; unsealed it is left as a killed writer leaves it."""
    segment = Segment(
        [Track(Codec.VP8, encoded_pictures(Codec.VP8, 1)[0].shape), Track(Codec.OPUS)],
        lambda _tracks, at: manifest.open_segment(
            NOW, seat="7", suffix=".webm", started_at=at.isoformat(timespec="milliseconds")
        ),
    )
    for number, frame in enumerate(encoded_pictures(Codec.VP8, 3, width=96, height=64)):
        segment.add(frame, 1_790_000_000 + number / 15)
    for number, frame in enumerate(encoded_sound(5)):
        segment.add(frame, 1_790_000_000 + number / 50)
    if seal:
        segment.close()
        assert segment.path is not None
        manifest.add(
            "sealed",
            NOW,
            number=segment.number,
            file=segment.path.name,
            found=False,
            bytes=segment.bytes,
            sha256=segment.sha256,
            ended_at=segment.ended_at.isoformat(timespec="milliseconds"),
        )
    else:
        segment.flush()
        segment.abandon()
    return segment


def write_events(folder: Path, written: Manifest, snapshot: dict[str, Any] | None = None) -> None:
    """Rows as the database hashes them: `words` after the hash of the row before."""
    said = [
        ("recording.sealed", {"number": number, "sha256": entry.facts["sha256"], "manifest_hash": entry.hash})
        for number, entry in written.of_kind("sealed").items()
    ]
    if snapshot is not None:
        said.append(("room.snapshot_taken", {"snapshot": snapshot}))
    previous, out = hashlib.sha256(b"").digest(), b""
    for seq, (kind, data) in enumerate(said, 42):
        words = json.dumps([seq, 1790.5, kind, "recording:1", None, None, "370705", "system:recorder", data])
        digest = hashlib.sha256(previous + words.encode()).digest()
        out += event_line(seq, words, previous, digest)
        previous = digest
    (folder / EVENTS).write_bytes(out)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole folder as it is handed out; tests put back what they change."""
    folder = tmp_path_factory.mktemp("evidence")
    written = Manifest.open(folder, {"room": "3", "title": "演练 3 号"}, now=NOW)
    write_segment(written)
    write_segment(written)
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "1.png").write_bytes(b"\x89PNG picture")
    digest = file_hash(folder / "snapshots" / "1.png")
    write_events(folder, written, {"file": "snapshots/1.png", "bytes": 12, "sha256": digest})
    (folder / "README.txt").write_text("how to check\n")
    names = [path for path in folder.rglob("*") if path.is_file()]
    (folder / SUMS).write_bytes(sums_of({path.relative_to(folder).as_posix(): file_hash(path) for path in names}))
    return folder


def named(folder: Path) -> set[str]:
    return {fault.file for fault in check(folder).faults}


def flipped(path: Path, at: int, look: Callable[[], set[str]], *, mask: int = 1) -> set[str]:
    """What a look finds while one byte of a file is another."""
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :])
    try:
        return look()
    finally:
        path.write_bytes(whole)


def test_a_whole_folder_has_no_fault(package: Path) -> None:
    report = check(package)
    assert report.faults == []
    assert report.notes == []
    assert report.segments == 2
    assert report.bytes == sum(path.stat().st_size for path in package.glob("*.webm"))


@pytest.mark.parametrize("name", [manifest.NAME, EVENTS, SUMS, "README.txt", "snapshots/1.png"])
def test_every_flipped_byte_of_the_small_files_is_found_and_its_file_named(package: Path, name: str) -> None:
    path = package / name
    for at in range(path.stat().st_size):
        assert name in flipped(path, at, lambda: named(package)), f"byte {at} of {name}"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_byte_anywhere_is_found_without_the_sums_too(package: Path, data: st.DataObject) -> None:
    """A recorder's own folder has none: manifest and event log must do it alone."""
    sums = package / SUMS
    kept = sums.read_bytes()
    sums.unlink()
    try:
        names = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
        name = data.draw(st.sampled_from([one for one in names if one != "README.txt"]))
        path = package / name
        at = data.draw(st.integers(0, path.stat().st_size - 1))
        mask = data.draw(st.integers(1, 255))
        assert name in flipped(path, at, lambda: named(package), mask=mask)
    finally:
        sums.write_bytes(kept)


def test_a_missing_and_an_added_file_are_named(package: Path) -> None:
    segment = sorted(package.glob("*.webm"))[0]
    aside = segment.with_name("elsewhere.webm")
    segment.rename(aside)
    try:
        assert named(package) == {segment.name, aside.name}
    finally:
        aside.rename(segment)


def test_a_segment_that_was_cut_or_went_on_is_named(package: Path) -> None:
    path = sorted(package.glob("*.webm"))[1]
    whole = path.read_bytes()
    for other in (whole[:-1], whole + b"\0", b""):
        path.write_bytes(other)
        try:
            assert named(package) == {path.name}
        finally:
            path.write_bytes(whole)


def test_a_manifest_that_was_made_anew_is_betrayed_by_the_event_log(tmp_path: Path) -> None:
    """Somebody who changes a segment and hashes everything again has a sound manifest, but not the log's hashes."""
    first = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    segment = write_segment(first)
    write_events(tmp_path, first)
    assert named(tmp_path) == set()
    assert segment.path is not None
    segment.path.unlink()
    (tmp_path / manifest.NAME).unlink()
    forged = Manifest.open(tmp_path, {"room": "4"}, now=NOW)
    write_segment(forged)
    assert named(tmp_path) == {manifest.NAME}


def test_a_manifest_cut_at_its_end_is_betrayed_by_the_files_and_the_log(tmp_path: Path) -> None:
    written = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    write_segment(written)
    segment = write_segment(written)
    write_events(tmp_path, written)
    path = tmp_path / manifest.NAME
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    assert segment.path is not None
    assert named(tmp_path) == {manifest.NAME, segment.path.name}


def test_a_folder_without_a_manifest_is_no_evidence(tmp_path: Path) -> None:
    assert named(tmp_path) == {manifest.NAME}


def test_what_a_killed_writer_leaves_is_sealed_as_found_and_says_so(tmp_path: Path) -> None:
    written = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    write_segment(written)
    segment = write_segment(written, seal=False)
    assert segment.path is not None
    with segment.path.open("ab") as file:
        file.write(b"\x1f\x43\xb6\x75\x42\x00half a cluster")
    report = check(tmp_path)
    assert report.faults == []
    assert [note.file for note in report.notes] == [segment.path.name]

    again = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    assert again.unsealed() == {}
    facts = again.of_kind("sealed")[2].facts
    assert facts["found"]
    assert facts["bytes"] - facts["whole_bytes"] == 20
    assert facts["sha256"] == file_hash(segment.path)
    report = check(tmp_path)
    assert report.faults == []
    assert "its last 20 bytes are torn" in report.notes[0].what
    assert segment.path.name in flipped(segment.path, 300, lambda: named(tmp_path))


def test_a_segment_lost_before_its_first_second_is_said_to_be_lost(tmp_path: Path) -> None:
    written = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    written.open_segment(NOW, seat="7", suffix=".webm", started_at=NOW.isoformat())
    again = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    assert again.of_kind("sealed")[1].facts["sha256"] is None
    assert check(tmp_path).faults == []
    assert "lost before its first second" in check(tmp_path).notes[0].what


def test_half_a_line_of_a_killed_writer_is_cut_and_the_manifest_goes_on(tmp_path: Path) -> None:
    written = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    write_segment(written)
    with (tmp_path / manifest.NAME).open("ab") as file:
        file.write(b'{"entry":{"at":"20')
    assert named(tmp_path) == {manifest.NAME}
    again = Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    write_segment(again)
    assert check(tmp_path).faults == []
    assert [entry.kind for entry in again.entries] == ["recording", "opened", "sealed", "resumed", "opened", "sealed"]
    assert again.entries[3].facts["torn_bytes"] == 18


def test_nothing_is_added_to_a_manifest_that_was_changed(tmp_path: Path) -> None:
    write_segment(Manifest.open(tmp_path, {"room": "3"}, now=NOW))
    path = tmp_path / manifest.NAME
    changed = path.read_bytes().replace(b'"room":"3"', b'"room":"4"')
    path.write_bytes(changed)
    with pytest.raises(BadManifest, match="line 1 was changed"):
        Manifest.open(tmp_path, {"room": "3"}, now=NOW)
    assert path.read_bytes() == changed


@given(st.binary(max_size=200))
def test_a_line_of_any_bytes_is_no_entry(line: bytes) -> None:
    with pytest.raises(BadManifest):
        manifest.Entry.parse(line, "00")
