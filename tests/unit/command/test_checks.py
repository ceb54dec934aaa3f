"""The checks: which there are, and what is told of those that pass, fail or are not installed."""

import os
import sys
from pathlib import Path

import pytest

from command.checks import Check, checks_of, run_check, run_checks, summary

CONTENT = Check("content", (sys.executable, "-c", "print('fine')"))
GRUMPY = Check("grumpy", (sys.executable, "-c", "print('line 3 is wrong'); raise SystemExit(1)"))


def test_the_pages_are_checked_only_where_there_are_pages(tmp_path: Path) -> None:
    without = checks_of(tmp_path)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package.json").write_text("{}")
    added = [check for check in checks_of(tmp_path) if check not in without]
    assert [check.folder for check in added] == [tmp_path / "web"] * 2


def test_a_tool_that_is_not_installed_has_failed_and_is_named() -> None:
    verdict = run_check(Check("absent", ("/nowhere/tool",)), os.environ)
    assert not verdict.passed
    assert "/nowhere/tool" in verdict.output


def test_every_check_runs_and_only_those_that_failed_show_their_output(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = run_checks([GRUMPY, CONTENT])
    told = capsys.readouterr().out
    assert [verdict.passed for verdict in verdicts] == [False, True]
    assert "line 3 is wrong" in told
    assert "fine" not in told
    assert summary(verdicts).startswith("1 of 2 checks failed")
    assert summary(verdicts).endswith("grumpy")
    assert summary(run_checks([CONTENT])) == "1 checks passed in 0 s"
