from pathlib import Path

import pytest

from benchmarks.network_size import main

TOWN = Path(__file__).resolve().parents[2] / "samples" / "roads" / "town.osm"


def test_the_size_benchmark_measures_every_kind_of_question_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "size.svg"
    assert main([str(TOWN), "--queries", "2", "--plot", str(drawn)]) == 0
    head, _, row = capsys.readouterr().out.strip().splitlines()[-3:]
    assert "1 closure to new ranking, ms" in head
    assert row.startswith("| town.osm")
    assert drawn.read_text().count("<polyline") == 5
