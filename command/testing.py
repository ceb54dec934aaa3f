"""`./onemap test`: all checks and all tests, most side by side; with pytest's own arguments only what they name.

Much of it waits, for a database or for a product that starts: it takes three strands to keep two cores busy. None
shares a home, a database or a port with another. Journeys in a browser come when these have ended: two pages with a map
and a call fill a small machine by themselves, and what people see there must not depend on what else runs.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import BinaryIO

from command.checks import ROOT, checks_of, run_checks, summary

# Names, and what pytest is to take.
_BESIDE = {
    "database tests": ("tests/postgis",),
    "journeys without a browser": ("tests/journeys", "-m", "not browser"),
}
_MEANWHILE = {"unit tests": ("tests", "--ignore=tests/journeys", "--ignore=tests/postgis")}
_AFTERWARDS = {"journeys in a browser": ("tests/journeys", "-m", "browser")}
_NO_TESTS_COLLECTED = 5
_LOOK_EVERY_S = 0.2
_CLEANED_UP_WITHIN_S = 60.0


class Aside:
    """A command that runs beside what we do; its words wait in a file, so that they do not mix with ours."""

    def __init__(self, command: Sequence[str], words: Path) -> None:
        self._words = words
        with words.open("wb") as kept:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT)  # noqa: S603 - ours

    def __enter__(self) -> "Aside":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave nothing running, not even when we were interrupted: an interrupted pytest still cleans up."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_CLEANED_UP_WITHIN_S)
        except subprocess.TimeoutExpired:  # started in the background of a shell, it does not hear an interrupt
            self._process.terminate()
            self._process.wait()

    def show(self, out: BinaryIO) -> int:
        """Write what it has said, and what it still says until its end; its exit code."""
        with self._words.open("rb") as kept:
            while (code := self._process.poll()) is None:
                out.write(kept.read())
                out.flush()
                time.sleep(_LOOK_EVERY_S)
            out.write(kept.read())
            out.flush()
        return code


def pytest_on(arguments: Sequence[str]) -> list[str]:
    """The command of a pytest in a process of its own."""
    return [sys.executable, "-m", "pytest", *arguments]


def run(command: Sequence[str]) -> int:
    """Run it with our output; its exit code."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - ours


def verdict(code: int) -> str:
    """What the exit code of a pytest means."""
    return {0: "passed", _NO_TESTS_COLLECTED: "were not there"}.get(code, "failed")


def _run_each(tests: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {name: run(pytest_on(some)) for name, some in tests.items()}


def main(arguments: Sequence[str]) -> int:
    if arguments:
        return run(pytest_on(arguments))
    started = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        beside = {name: stack.enter_context(Aside(pytest_on(some), folder / name)) for name, some in _BESIDE.items()}
        verdicts = run_checks(checks_of())
        codes = _run_each(_MEANWHILE)
        for name, aside in reversed(beside.items()):
            print(f"The {name}, which ran beside all this:", flush=True)
            codes[name] = aside.show(sys.stdout.buffer)
        codes |= _run_each(_AFTERWARDS)
    ended = "; ".join(f"{name} {verdict(code)}" for name, code in codes.items())
    print(f"onemap test: {summary(verdicts)}; {ended}; {time.monotonic() - started:.0f} s in all")
    return next((code for code in codes.values() if code), int(not all(one.passed for one in verdicts)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
