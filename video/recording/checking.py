"""Checking a folder of evidence, with nothing but the folder.

Three things hold each other: the manifest's chain and the hashes of the segments in it; the rows of the event log, each
with the hash that the log gave it, which repeat what the manifest says; and, in a download, the sums over every file.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from video.recording import manifest
from video.recording.errors import BadManifest
from video.recording.manifest import Entry, lines

SUMS: Final = "SHA256SUMS"
EVENTS: Final = "events.jsonl"
SNAPSHOT: Final = "room.snapshot_taken"
"""The event of a still picture; its `snapshot` says the file's name, size and hash."""
_OWN_SUM: Final = "# sha256 of the lines above: "
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold, and of which file."""

    file: str
    what: str


@dataclass
class Report:
    """What was found. `notes` are no faults: a segment that is still written, or was sealed after a crash."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    segments: int = 0
    bytes: int = 0

    def fault(self, file: str, what: str) -> None:
        self.faults.append(Fault(file, what))

    def note(self, file: str, what: str) -> None:
        self.notes.append(Fault(file, what))


def check(folder: Path) -> Report:
    """Check everything in a folder; a flipped byte, a missing or an added file is a fault that names the file."""
    report = Report()
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()}
    if manifest.NAME not in files:
        report.fault(manifest.NAME, "is missing; without it this folder is no evidence")
        return report
    hashes = {name: file_hash(path) for name, path in files.items()}
    entries = _check_manifest(files[manifest.NAME], report)
    listed = {manifest.NAME, SUMS, *_check_files(entries, files, hashes, report)}
    if EVENTS in files:
        listed |= {EVENTS, *_check_events(files, hashes, entries, report)}
    if SUMS in files:
        listed |= _check_sums(files[SUMS], hashes, report)
    for name in sorted(files.keys() - listed):
        report.fault(name, "does not belong here: nothing that was sealed speaks of it")
    return report


def sums_of(hashes: Mapping[str, str]) -> bytes:
    """The sums file of these files, as `sha256sum --check` reads it, with its own sum at the end."""
    above = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    return f"{above}{_OWN_SUM}{hashlib.sha256(above.encode()).hexdigest()}\n".encode()


def event_line(seq: int, words: str, previous: bytes, digest: bytes) -> bytes:
    """A row of the event log as it is handed out: `words` is what was hashed, after the hash of the row before."""
    row = {"hash": digest.hex(), "previous": previous.hex(), "seq": seq, "words": words}
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_manifest(path: Path, report: Report) -> list[Entry]:
    """The entries that hold, whatever stands between them."""
    entries: list[Entry] = []
    previous = hashlib.sha256(b"").hexdigest()
    for number, line in enumerate(lines(path.read_bytes()), 1):
        try:
            entry = Entry.parse(line, previous)
        except BadManifest as problem:
            report.fault(path.name, f"line {number} {problem}")
            previous = _said_hash(line) or previous
        else:
            entries.append(entry)
            previous = entry.hash
    return entries


def _said_hash(line: bytes) -> str | None:
    """What a broken line says its hash is, so that the lines after it are judged on their own."""
    try:
        return str(json.loads(line)["hash"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _check_files(
    entries: list[Entry], files: Mapping[str, Path], hashes: Mapping[str, str], report: Report
) -> Iterator[str]:
    """Compare each file that the manifest speaks of; gives their names."""
    sealed = {entry.facts.get("number") for entry in entries if entry.kind == "sealed"}
    for entry in entries:
        name = str(entry.facts.get("file", ""))
        match entry.kind:
            case "opened" if entry.facts.get("number") not in sealed:
                report.note(name, "is not sealed: it is still written, or its process was lost")
                yield name
            case "sealed":
                yield from _check_segment(entry, name, files, hashes, report)
            case "copied":
                if name in files:
                    _compare(entry.facts, name, files, hashes, report)
                    yield name


def _check_segment(
    entry: Entry, name: str, files: Mapping[str, Path], hashes: Mapping[str, str], report: Report
) -> Iterator[str]:
    report.segments += 1
    if entry.facts.get("found"):
        report.note(name, _found_words(entry.facts))
    if entry.facts.get("sha256") is None:
        return  # lost before its first second was written: there is no file
    _compare(entry.facts, name, files, hashes, report)
    report.bytes += files[name].stat().st_size if name in files else 0
    yield name


def _found_words(facts: Mapping[str, Any]) -> str:
    if facts.get("sha256") is None:
        return "was opened, and lost before its first second was written"
    torn = int(facts["bytes"]) - int(facts["whole_bytes"])
    return "was sealed as it was found after its process was lost" + (
        f"; its last {torn} bytes are torn" if torn else ""
    )


def _compare(
    facts: Mapping[str, Any], name: str, files: Mapping[str, Path], hashes: Mapping[str, str], report: Report
) -> None:
    if name not in files:
        report.fault(name, "is missing")
        return
    size = files[name].stat().st_size
    if size != facts["bytes"]:
        report.fault(name, f"has {size} bytes; {facts['bytes']} were sealed")
    elif hashes[name] != facts["sha256"]:
        report.fault(name, "was changed: its SHA-256 is not the one that was sealed")


def _check_events(
    files: Mapping[str, Path], hashes: Mapping[str, str], entries: list[Entry], report: Report
) -> Iterator[str]:
    """Each row with its own hash, the rows in order, and what they repeat of the manifest and of pictures.

    Gives the names of the pictures that the rows speak of.
    """
    sealed = {entry.facts.get("number"): entry for entry in entries if entry.kind == "sealed"}
    last_seq, last_hash = 0, ""
    for number, line in enumerate(lines(files[EVENTS].read_bytes()), 1):
        row = _event_in(line)
        if row is None:
            report.fault(EVENTS, f"line {number} was changed: it is no row of the event log, or its hash does not fit")
            continue
        if row["seq"] <= last_seq or (row["seq"] == last_seq + 1 and row["previous"] != last_hash):
            report.fault(EVENTS, f"line {number} does not follow the line before it")
        last_seq, last_hash = row["seq"], row["hash"]
        kind, data = row["said"][2], row["said"][8]
        if kind == "recording.sealed":
            _compare_event(number, data, sealed.get(data.get("number")), report)
        elif kind == SNAPSHOT and isinstance(picture := data.get("snapshot"), dict):
            name = str(picture.get("file"))
            _compare(picture, name, files, hashes, report)
            yield name


def _event_in(line: bytes) -> dict[str, Any] | None:
    """The row on a line with what it says, None when anything of it does not hold."""
    try:
        row = json.loads(line)
        words, previous, digest = row["words"], bytes.fromhex(row["previous"]), bytes.fromhex(row["hash"])
        said = json.loads(words)
        good = (
            event_line(row["seq"], words, previous, digest) == line
            and hashlib.sha256(previous + words.encode()).digest() == digest
            and said[0] == row["seq"]
            and isinstance(said[8], dict)
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return row | {"said": said} if good else None


def _compare_event(number: int, data: Mapping[str, Any], entry: Entry | None, report: Report) -> None:
    if entry is None:
        report.fault(manifest.NAME, f"has no sound line for segment {data.get('number')}, which the event log tells of")
    elif data.get("sha256") != entry.facts.get("sha256") or data.get("manifest_hash") != entry.hash:
        report.fault(manifest.NAME, f"and line {number} of {EVENTS} differ on segment {data.get('number')}")


def _check_sums(path: Path, hashes: Mapping[str, str], report: Report) -> set[str]:
    """Compare every file with the sums; a line that is wrong itself is found by the sums' own sum."""
    said = path.read_bytes()
    above, _, _ = said.rpartition(_OWN_SUM.encode())
    listed: dict[str, str] = {}
    for line in above.decode(errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    if sums_of(listed) != said:
        report.fault(path.name, "was changed: its last line does not fit those above it")
        return set(hashes)
    for name, digest in listed.items():
        if name not in hashes:
            report.fault(name, f"is missing; {path.name} lists it")
        elif hashes[name] != digest and not any(fault.file == name for fault in report.faults):
            report.fault(name, f"was changed: its SHA-256 is not the one in {path.name}")
    return set(listed)
