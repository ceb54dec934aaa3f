from pathlib import Path

import pytest

from benchmarks.road_tiles import main
from routing.importing import import_roads
from routing.network import RoadStore

TOWN = Path(__file__).resolve().parents[2] / "samples" / "roads" / "town.osm"


def test_the_road_tiles_benchmark_measures_the_network_of_a_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_roads(TOWN, RoadStore(tmp_path / "roads"))
    assert main([str(tmp_path), "--zooms", "8,14", "--tiles", "5"]) == 0
    printed = capsys.readouterr().out
    assert "stretches; prepared in" in printed
    assert "encoding" in printed


def test_a_home_without_roads_is_said_to_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "no roads are installed" in capsys.readouterr().err
