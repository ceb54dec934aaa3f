"""What runs beside the checks: its words come whole and in order, its exit code counts, nothing is left running."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command.testing import Aside, verdict


def script(words: str) -> list[str]:
    return [sys.executable, "-u", "-c", words]


def test_all_words_are_shown_also_those_that_come_while_they_are_shown(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waits = f"print('first'); open({str(gate)!r}).read(); print('last'); raise SystemExit(3)"

    class Watched(io.BytesIO):
        def write(self, more: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
            if b"first" in bytes(more):
                gate.write_text("go on")
            return super().write(more)

    out = Watched()
    with Aside(script(waits), tmp_path / "words") as aside:
        code = aside.show(out)
    assert (code, out.getvalue()) == (3, b"first\nlast\n")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever started us may have had interrupts ignored, as shells do for what runs in their background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_what_still_runs_when_we_are_interrupted_is_interrupted_and_may_clean_up(tmp_path: Path) -> None:
    gate, traces = tmp_path / "gate", tmp_path / "traces"
    os.mkfifo(gate)
    cleans_up = (
        "import signal, pathlib\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"try:\n    open({str(gate)!r}, 'w').close(); signal.pause()\n"
        f"except KeyboardInterrupt:\n    pathlib.Path({str(traces)!r}).write_text('cleaned up')"
    )

    def interrupted() -> None:
        with Aside(script(cleans_up), tmp_path / "words"):
            gate.read_text()  # until it has come so far
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert traces.read_text() == "cleaned up"


@pytest.mark.parametrize(("code", "words"), [(0, "passed"), (1, "failed"), (5, "were not there"), (-9, "failed")])
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert verdict(code) == words
