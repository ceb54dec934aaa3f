"""The benchmark of the tiles, with ways to ask that answer what they are told to."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.peers.tipg import asyncpg_address, tile_path
from benchmarks.tile_grid import addresses, tile_at
from benchmarks.tiles import Ask, columns_of_table, main, measure, printed
from layers.catalog import Layer
from layers.standard import standard_layers

LAYERS = {layer.id: layer for layer in standard_layers()}


def way(ms: float, tile: bytes, said: list[str]) -> Ask:
    """Always takes so long and answers this tile; notes down what it was asked for."""

    async def ask(layer: Layer, z: int, x: int, y: int) -> tuple[float, bytes]:
        said.append(f"{layer.id}/{z}/{x}/{y}")
        return ms, tile

    return ask


def test_both_are_asked_for_the_same_tiles_and_stand_side_by_side() -> None:
    ours: list[str] = []
    theirs: list[str] = []
    ways = {"ours": way(2.0, bytes(1500), ours), "tipg": way(30.0, bytes(2_000_000), theirs)}
    layers = [LAYERS["enterprises"], LAYERS["officers"]]
    found = asyncio.run(measure(layers, ways, zooms=(8, 11), count=5, seconds=60))
    assert theirs == [tile for tile in ours if tile.startswith("enterprises/")], "officers are no table of their own"
    assert len(theirs) == len(set(theirs)) == 10
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed(found).splitlines()[2:]]
    assert rows[0] == ["enterprises", "8", "5", "2.00", "2.00", "1.5", "30.0", "30.0", "2,000.0"]
    assert rows[-1] == ["officers", "11", "5", "2.00", "2.00", "1.5", "-", "-", "-"]


def test_no_time_left_still_asks_for_a_few_of_each() -> None:
    said: list[str] = []
    ways = {"ours": way(1.0, b"", said)}
    [one] = asyncio.run(measure([LAYERS["points"]], ways, zooms=(9,), count=30, seconds=0))
    assert one.tiles == len(said) == 3


def test_the_tiles_lie_over_shandong() -> None:
    assert tile_at(119.16, 36.71, 10) == (850, 399)
    assert tile_at(119.16, 36.71, 10) in addresses(10, 40)
    assert len(set(addresses(16, 40))) == 40
    assert addresses(4, 40)[0] == (13, 6)


def test_tipg_is_asked_for_the_columns_that_ours_shows() -> None:
    table_of = columns_of_table(LAYERS["regions"])
    assert table_of == ("region", ["adcode", "name", "level", "parent"])
    path = tile_path(*table_of, 8, 212, 99)
    assert path == "/collections/public.region/tiles/WebMercatorQuad/8/212/99?properties=adcode,name,level,parent"
    assert columns_of_table(LAYERS["roads"]) is None, "they come from no table"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("postgresql+psycopg://u:p%40ss@db.local:5433/onemap", "postgresql://u:p%40ss@db.local:5433/onemap"),
        ("postgresql+psycopg://postgres@/onemap?host=/run/x/y", "postgresql://postgres@%2Frun%2Fx%2Fy/onemap"),
    ],
)
def test_the_address_of_the_database_as_tipg_wants_it(ours: str, theirs: str) -> None:
    assert asyncpg_address(ours) == theirs


def test_a_folder_whose_database_does_not_run_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--cache", str(tmp_path / "cache")])
    assert "does not run" in capsys.readouterr().err


def test_the_help_says_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "What differs: tipg knows no rights" in said
    assert "--tipg-limit" in said
