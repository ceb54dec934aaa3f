"""`./onemap check`: every tool that reads the code without running the product, each with its time and verdict.

All of them run even when one fails, so that one go shows everything there is to mend.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent  # not resolved: the environment's python is a link to the system's


@dataclass(frozen=True, slots=True)
class Check:
    """One tool: what it looks at in words, and its command, run in `folder`."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tool said, how long it took, and whether it was content."""

    check: Check
    passed: bool
    seconds: float
    output: str


def checks_of(root: Path = ROOT) -> list[Check]:
    """Python's tools always; the web's when its packages are there to run them."""
    python = [
        Check("ruff: mistakes and habits", (sys.executable, "-m", "ruff", "check", "."), root),
        Check("ruff: layout", (sys.executable, "-m", "ruff", "format", "--check", "."), root),
        Check("mypy: types", (sys.executable, "-m", "mypy"), root),
        Check("import-linter: rooms", (str(_BIN / "lint-imports"),), root),
    ]
    web = root / "web"
    if not (web / "package.json").exists():
        return python
    npm = shutil.which("npm") or "npm"
    return [
        *python,
        Check("vue-tsc: types of the pages", (npm, "exec", "--offline", "--", "vue-tsc", "--noEmit"), web),
        Check("vitest: the pages' own tests", (npm, "test"), web),
    ]


def run_check(check: Check, environment: Mapping[str, str]) -> Verdict:
    """Run one tool to its end; a tool that is not installed has failed and says so."""
    started = time.monotonic()
    try:
        result = subprocess.run(  # noqa: S603 - the commands are the ones above
            check.command,
            cwd=check.folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        return Verdict(check, False, time.monotonic() - started, f"not installed: {error.filename}")
    return Verdict(check, result.returncode == 0, time.monotonic() - started, result.stdout)


def run_checks(checks: Sequence[Check]) -> list[Verdict]:
    """Run them one after another, print each verdict as it comes and the output of those that failed."""
    # The tools look for our packages in their own folder; these two would make them look elsewhere as well.
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONSAFEPATH", "PYTHONPATH"}}
    environment["CI"] = "1"  # no watching for changes, no colours
    verdicts = []
    for check in checks:
        verdict = run_check(check, environment)
        print(f"{'ok    ' if verdict.passed else 'FAILED'} {verdict.seconds:6.1f} s  {check.name}", flush=True)
        if not verdict.passed:
            print(verdict.output.rstrip(), flush=True)
        verdicts.append(verdict)
    return verdicts


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line: how many passed, which did not."""
    failed = [verdict.check.name for verdict in verdicts if not verdict.passed]
    seconds = sum(verdict.seconds for verdict in verdicts)
    if failed:
        return f"{len(failed)} of {len(verdicts)} checks failed in {seconds:.0f} s: {', '.join(failed)}"
    return f"{len(verdicts)} checks passed in {seconds:.0f} s"


def main() -> int:
    verdicts = run_checks(checks_of())
    print(summary(verdicts))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
