"""`./onemap test`: all checks, then all tests; with pytest's own arguments only what they name."""

import subprocess
import sys
import time
from collections.abc import Sequence

from command.checks import ROOT, checks_of, run_checks, summary

_NO_TESTS_COLLECTED = 5


def run_pytest(arguments: Sequence[str]) -> int:
    """Pytest in a process of its own, its output ours; its exit code."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - ours


def main(arguments: Sequence[str]) -> int:
    if arguments:
        return run_pytest(arguments)
    started = time.monotonic()
    verdicts = run_checks(checks_of())
    code = run_pytest(["tests"])
    tests = {0: "all tests passed", _NO_TESTS_COLLECTED: "there were no tests"}.get(code, "tests failed")
    print(f"onemap test: {summary(verdicts)}; {tests}; {time.monotonic() - started:.0f} s in all")
    return code or int(not all(verdict.passed for verdict in verdicts))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
