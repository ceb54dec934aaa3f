"""What a drill shows: each step, when it happened, how long after the frame, and whether all held."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

_SHOWN_IN = ZoneInfo("Asia/Shanghai")


@dataclass
class Report:
    """Steps on one monotonic clock, whose zero is when the report was made."""

    url: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None
    _zero: float = field(default_factory=perf_counter)
    _began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _frame_at: float | None = None

    def clock(self) -> float:
        """Seconds since the report was made."""
        return perf_counter() - self._zero

    def start(self) -> None:
        """The frame goes out now: steps are shown relative to this."""
        self._frame_at = self.clock()

    def since_start(self, at: float) -> float:
        """Seconds from the frame to a moment of the clock."""
        return at - (self._frame_at or 0.0)

    def say(self, **facts: Any) -> None:
        """Facts about the drill as a whole."""
        self.facts |= facts

    def step(self, name: str, at: float, **facts: Any) -> None:
        """A step that held, at a moment of the clock."""
        self.steps.append(
            {
                "step": name,
                "at": (self._began_at + timedelta(seconds=at)).isoformat(timespec="milliseconds"),
                "since_frame_s": None if self._frame_at is None else round(self.since_start(at), 3),
                **facts,
            }
        )

    def failed(self, why: str) -> None:
        """The drill ends here."""
        self.failure = why

    @property
    def exit_code(self) -> int:
        return 0 if self.failure is None else 1

    def print(self, *, as_json: bool) -> None:
        """Show the report on standard output, as a table or as one JSON object."""
        if as_json:
            held = {"ok": self.failure is None, "failure": self.failure}
            print(json.dumps({"url": self.url, **self.facts, **held, "steps": self.steps}, ensure_ascii=False))
            return
        table = Table("step", "clock", "since frame", "", title=f"drill against {self.url}")
        for step in self.steps:
            at = datetime.fromisoformat(step["at"]).astimezone(_SHOWN_IN)
            since = step["since_frame_s"]
            facts = {key: value for key, value in step.items() if key not in {"step", "at", "since_frame_s"}}
            table.add_row(
                step["step"],
                f"{at:%H:%M:%S.%f}"[:-3],
                "" if since is None else f"{since:.3f} s",
                ", ".join(f"{key} {value}" for key, value in facts.items() if value is not None),
            )
        console = Console()
        console.print(table)
        console.print("[green]every step held[/]" if self.failure is None else f"[red]failed:[/] {self.failure}")
