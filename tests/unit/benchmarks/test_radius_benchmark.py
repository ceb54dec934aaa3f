import pytest

from benchmarks.radius import main


def test_the_radius_benchmark_runs_and_its_exact_peers_agree(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEMAP_DATABASE_URL", raising=False)
    monkeypatch.setenv("PATH", "")
    assert main(["--sizes", "300", "--queries", "5"]) == 0
    printed = capsys.readouterr().out
    assert "300 officers" in printed
    assert "PostGIS is left out" in printed
    assert "Redis is left out" in printed
