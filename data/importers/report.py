"""What became of an import, row by row."""

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

MOST_PROBLEMS = 10_000  # kept of either kind; beyond that they are only counted, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one value. `row` is the line of a CSV file or the number of a GeoJSON feature, from 1."""

    row: int
    field: str
    value: str
    problem: str
    severity: Literal["error", "note"] = "error"


@dataclass
class ImportReport:
    """What was read, what was done, and what was wrong.

    `committed` is False for a dry run and when rows were refused: then the database is as it was before, and
    `inserted`, `updated` and `unchanged` say what would have been done with the good rows.
    """

    kind: str
    file: str
    datum: str
    dry_run: bool
    encoding: str = ""
    columns: dict[str, str] = field(default_factory=dict)  # field -> where it came from
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    committed: bool = False
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    note_count: int = 0

    def add(self, row: int, field_name: str, value: object, problem: str) -> None:
        """Note what is wrong with a row that will be refused."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(row, field_name, str(value)[:200], problem))

    def note(self, row: int, field_name: str, value: object, remark: str) -> None:
        """Note something worth knowing about a row that is taken."""
        self.note_count += 1
        if len(self.notes) < MOST_PROBLEMS:
            self.notes.append(Problem(row, field_name, str(value)[:200], remark, "note"))

    def write(self, path: Path) -> None:
        """Write the report: as CSV (problems and notes, one a line) for a `.csv` name, else everything as JSON."""
        if path.suffix.lower() == ".csv":
            self._write_csv(path)
        else:
            path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def _write_csv(self, path: Path) -> None:
        # with a byte order mark, without which spreadsheets take Chinese for something else
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "severity", "field", "value", "problem"])
            for one in (*self.problems, *self.notes):
                writer.writerow([one.row, one.severity, one.field, one.value, one.problem])
