"""What a drill prints, for people and for machines."""

import json

import pytest

from command.drill.report import Report


@pytest.fixture
def report() -> Report:
    made = Report("http://127.0.0.1:1")
    made.say(drill="0a1b2c3d")
    made.step("officers on duty", made.clock(), officers=4)
    made.start()
    made.step("frame sent", made.clock(), limit=None)
    return made


def test_steps_before_the_frame_have_no_time_since_it(report: Report) -> None:
    assert [step["since_frame_s"] for step in report.steps] == [None, pytest.approx(0, abs=0.5)]


def test_a_drill_in_which_every_step_held_is_a_success(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    report.print(as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["failure"], said["drill"]) == (True, None, "0a1b2c3d")
    assert [step["step"] for step in said["steps"]] == ["officers on duty", "frame sent"]
    assert report.exit_code == 0
    report.print(as_json=False)
    assert "every step held" in capsys.readouterr().out


def test_a_drill_that_failed_says_why_and_exits_with_1(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    report.failed("no alert.raised came over the live feed")
    report.print(as_json=True)
    assert json.loads(capsys.readouterr().out)["failure"] == "no alert.raised came over the live feed"
    assert report.exit_code == 1
    report.print(as_json=False)
    assert "failed: no alert.raised" in capsys.readouterr().out.replace("\n", " ")
