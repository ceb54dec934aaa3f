import pytest

from benchmarks.radius import main


def test_the_radius_benchmark_runs_and_its_exact_peers_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", "300", "--queries", "5", "--postgis", "", "--redis", ""]) == 0
    printed = capsys.readouterr().out
    assert "300 officers" in printed
    assert "PostGIS is left out" in printed
    assert "Redis is left out" in printed
