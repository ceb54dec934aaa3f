"""The benchmark of coverage runs, and finds scipy to say the same."""

from pathlib import Path

from benchmarks.coverage import main

TOWN = Path(__file__).resolve().parents[2] / "samples" / "roads" / "town.osm"


def test_a_surface_of_the_town_is_scipys(capsys, tmp_path: Path):
    picture = tmp_path / "cost.svg"
    asked = [str(TOWN), "--origins", "2", "--demands", "50", "--repeats", "1", "--plot", str(picture)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "town.osm" in said
    assert "surface ms" in said
    assert "<svg" in picture.read_text()
