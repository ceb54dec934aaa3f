"""Real files brought into a running product: roads of other places, monitoring points in other datums."""

import csv
import json
import secrets
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from product import ROOT, Person, Product, plain, report_position, until

from gis.datum import convert
from gis.position import Datum, Position

TOWN = ROOT / "tests" / "samples" / "roads" / "town.osm"
FIELDS = ("--map", "code=StationCode", "--map", "name=PositionName", "--map", "lon=Longitude", "--map", "lat=Latitude")


@pytest.fixture
def desk(bureau: Product) -> Iterator[Person]:
    with bureau.signed_in("desk") as person:
        yield person


@pytest.fixture
def stand(bureau: Product, desk: Person) -> Iterator[Callable[[float, float], int]]:
    """Puts an officer who has stood nowhere before at a place, through a tracker of their own; their id."""
    used: list[int] = []
    fresh = (one for one in desk.every("/api/officers") if not one["on_duty"] and one["duty_since"] is None)

    def put(lon: float, lat: float) -> int:
        officer, token = next(fresh), secrets.token_urlsafe(12)
        said = bureau.command("device", "add", "--officer", officer["code"], "--token", token)
        assert said.code == 0, said
        desk.post(f"/api/officers/{officer['id']}/duty", {"on": True})
        used.append(officer["id"])
        report_position(bureau, token, lon, lat)
        return int(officer["id"])

    yield put
    for officer_id in used:
        desk.post(f"/api/officers/{officer_id}/duty", {"on": False})


def use_roads(product: Product, file: Path) -> None:
    """Import roads, unless they are in use already, and wait until the running web process has taken them up."""
    if product.roads == file:
        return
    said = product.command("import", "roads", str(file))
    assert said.code == 0, said
    version = next(line.split()[-1] for line in map(plain, said.out.splitlines()) if line.split()[:1] == ["version"])
    until(
        lambda: product.wait_until_healthy()["checks"]["roads"]["version"].startswith(version),
        "the web process uses the new roads",
    )
    product.roads = file


def exported(product: Product, file: Path) -> "nx.MultiDiGraph[int]":
    """The roads in use as osmnx reads them."""
    said = product.command("roads", "export", str(file))
    assert said.code == 0, said
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries below osmnx, not of ours
        import osmnx

        graph: nx.MultiDiGraph[int] = osmnx.load_graphml(file)
    for _, _, data in graph.edges(data=True):
        assert data["length"] > 0
        assert data["travel_time"] == pytest.approx(data["length"] / data["speed_kph"] * 3.6, abs=0.01)
    return graph


def plain_junctions(graph: "nx.MultiDiGraph[int]") -> list[int]:
    """Junctions where a drive may begin and end in any direction: all their streets are two-way, no turn is barred."""
    copied = {int(data["origin"]) for node, data in graph.nodes(data=True) if int(data["origin"]) != node}
    return [
        node
        for node in graph
        if node not in copied
        and node > 0
        and {v for _, v in graph.out_edges(node)} == {u for u, _ in graph.in_edges(node)}
        and all(not data["oneway"] for _, _, data in graph.out_edges(node, data=True))
        and all(not data["oneway"] for _, _, data in graph.in_edges(node, data=True))
    ]


def raise_at(desk: Person, lon: float, lat: float) -> dict[str, Any]:
    alert: dict[str, Any] = desk.post("/api/alerts", {"lon": lon, "lat": lat, "title": "trial", "kind": "manual"}, 201)
    return alert


def check_against_networkx(
    desk: Person, stand: Callable[[float, float], int], graph: "nx.MultiDiGraph[int]", radius_m: float
) -> None:
    """Officers at junctions around an alert at another: everybody's time is what networkx adds up."""
    usable = plain_junctions(graph)
    centre = usable[len(usable) // 2]
    x, y = graph.nodes[centre]["x"], graph.nodes[centre]["y"]
    near = sorted(usable, key=lambda node: (graph.nodes[node]["x"] - x) ** 2 + (graph.nodes[node]["y"] - y) ** 2)
    starts = {stand(graph.nodes[node]["x"], graph.nodes[node]["y"]): node for node in near[5:200:40][:5]}
    alert = raise_at(desk, x, y)
    answer = desk.get(f"/api/alerts/{alert['id']}/responders", radius_m=radius_m)
    listed = {one["officer_id"]: one for one in answer["responders"]}
    assert listed.keys() == starts.keys()
    reached = nx.single_source_dijkstra_path_length(graph.reverse(copy=False), centre, weight="travel_time")
    for officer_id, one in listed.items():
        expected = reached.get(starts[officer_id])
        if expected is None:
            assert one["travel_time_s"] is None
            assert [reason["code"] for reason in one["reasons"]] == ["unreachable"]
        else:
            # A drive begins and ends within the rounding of a junction's place: a few thousandths of a second.
            assert one["travel_time_s"] == pytest.approx(expected, abs=0.05)
            assert one["route"]["type"] == "LineString"
            assert one["route"]["coordinates"][-1] == pytest.approx([x, y], abs=1e-5)
    times = [one["travel_time_s"] for one in answer["responders"] if one["travel_time_s"] is not None]
    assert times == sorted(times)
    assert len(times) >= 3
    desk.post(f"/api/alerts/{alert['id']}/close", {"version": alert["version"], "note": "over"})


def test_an_imported_town_ranks_by_road_and_the_islander_is_told_apart(
    bureau: Product, desk: Person, stand: Callable[[float, float], int]
) -> None:
    use_roads(bureau, TOWN)
    # The map is drawn in the file: at junction 5 a no-left-turn, across the river one bridge, in the sea an island.
    south = stand(119.105, 36.695)  # junction 8: as the crow flies nearer than the island, over the bridge far
    west = stand(119.100, 36.705)  # junction 4
    island = stand(119.1525, 36.700)
    alert = raise_at(desk, 119.110, 36.705)  # junction 6
    answer = desk.get(f"/api/alerts/{alert['id']}/responders", radius_m=5000)
    assert [one["officer_id"] for one in answer["responders"]] == [west, south, island]
    assert [one["travel_time_s"] is None for one in answer["responders"]] == [False, False, True]
    assert answer["recommended"] == west
    unreachable = answer["responders"][2]
    assert unreachable["route"] is None
    assert unreachable["reasons"][0]["code"] == "unreachable"
    assert unreachable["reasons"][0]["text"]["en"]
    streets = {step["name"] for step in answer["responders"][1]["steps"]}
    assert {"南街", "白浪河桥"} <= streets
    desk.post(f"/api/alerts/{alert['id']}/close", {"version": alert["version"], "note": "over"})


def test_a_file_that_is_no_map_is_refused_and_the_roads_in_use_stay(bureau: Product, tmp_path: Path) -> None:
    use_roads(bureau, TOWN)
    version = bureau.wait_until_healthy()["checks"]["roads"]["version"]
    for name, content in (("a.osm", b"not xml"), ("b.osm.pbf", b"\x00" * 64), ("c.txt", b""), ("d.osm", b"<osm/>")):
        file = tmp_path / name
        file.write_bytes(content)
        said = bureau.command("import", "roads", str(file))
        assert said.code == 1, (name, said)
        assert said.err
        assert "Traceback" not in said.err
    assert bureau.wait_until_healthy()["checks"]["roads"]["version"] == version


@pytest.mark.parametrize("name", ["shenzhen_nanshan_2021.osm", "malta_2016.osm.pbf"])
def test_real_roads_taken_up_while_running_agree_with_networkx(
    bureau: Product,
    desk: Person,
    stand: Callable[[float, float], int],
    shared: Path,
    tmp_path: Path,
    name: str,
) -> None:
    use_roads(bureau, shared / "data" / "roads" / name)
    check_against_networkx(desk, stand, exported(bureau, tmp_path / "roads.graphml"), radius_m=20_000)


def test_an_officer_on_an_island_that_no_road_reaches_is_listed_last_and_says_so(
    bureau: Product, desk: Person, stand: Callable[[float, float], int], shared: Path
) -> None:
    use_roads(bureau, shared / "data" / "roads" / "malta_2016.osm.pbf")
    gozo = stand(14.240, 36.044)
    mosta = stand(14.425, 35.910)
    alert = raise_at(desk, 14.505, 35.895)  # Valletta; to Gozo goes a ferry
    answer = desk.get(f"/api/alerts/{alert['id']}/responders", radius_m=40_000)
    assert [one["officer_id"] for one in answer["responders"]] == [mosta, gozo]
    assert 300 < answer["responders"][0]["travel_time_s"] < 3600
    last = answer["responders"][1]
    assert (last["travel_time_s"], last["road_distance_m"], last["route"]) == (None, None, None)
    assert [reason["code"] for reason in last["reasons"]] == ["unreachable"]
    assert answer["recommended"] == mosta
    desk.post(f"/api/alerts/{alert['id']}/close", {"version": alert["version"], "note": "over"})


def test_stations_get_their_county_and_a_twin_in_gcj02_lands_where_its_wgs84_twin_does(
    bureau: Product, desk: Person, shared: Path, tmp_path: Path
) -> None:
    source = shared / "data" / "points" / "cnemc_stations_shandong_2019.csv"
    said = bureau.command("import", "points", str(source), *FIELDS, "--map", "kind:=ambient_air")
    assert said.code == 0, said
    with source.open(encoding="utf-8-sig") as file:
        stations = {row["StationCode"]: row for row in csv.DictReader(file)}
    stored = {one["code"]: one for one in desk.every("/api/points", kind="ambient_air") if one["code"] in stations}
    assert len(stored) == len(stations) == 100
    for code, row in stations.items():
        assert stored[code]["region"].startswith("37")
        if row["county_adcode"]:
            assert stored[code]["region"] == row["county_adcode"], code
    twin = tmp_path / "gcj02.csv"
    with twin.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["StationCode", "PositionName", "Longitude", "Latitude"])
        for code, row in stations.items():
            place = Position(float(row["Longitude"]), float(row["Latitude"]), Datum.WGS84)
            shifted = convert(place, Datum.GCJ02)
            writer.writerow([f"T-{code}", row["PositionName"], repr(shifted.lon), repr(shifted.lat)])
    said = bureau.command("import", "points", str(twin), *FIELDS, "--map", "kind:=ambient_air", "--datum", "gcj02")
    assert said.code == 0, said
    twins = {one["code"]: one for one in desk.every("/api/points", kind="ambient_air")}
    for code, one in stored.items():
        other = twins[f"T-{code}"]
        assert (other["lon"], other["lat"]) == pytest.approx((one["lon"], one["lat"]), abs=2e-6), code  # 0.2 m
        assert other["region"] == one["region"]


def test_a_file_with_one_bad_row_is_not_imported_and_the_report_says_which(
    bureau: Product, desk: Person, tmp_path: Path
) -> None:
    file, report = tmp_path / "points.csv", tmp_path / "report.json"
    file.write_text(
        "编号,名称,经度,纬度,点位类型\nG-1,一号站,118.9,36.8,空气站\nG-2,二号站,36.8,118.9,空气站\n", encoding="gb18030"
    )
    said = bureau.command("import", "points", str(file), "--report", str(report))
    assert said.code == 1, said
    assert "row 3" in said.out
    assert json.loads(report.read_text())["refused"] == 1
    assert [one for one in desk.every("/api/points") if one["code"] in ("G-1", "G-2")] == []
