"""The demonstration roads, in a small piece around the centre of Weifang."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import osmnx
import pytest
import shapely
from scipy.spatial import cKDTree

from data.demo.roads import (
    County,
    RoadsSummary,
    ScaleImpossible,
    rivers,
    shandong_counties,
    towns,
    write_demo_roads,
)

SCALE = 0.03


@dataclass(frozen=True)
class Way:
    nodes: list[int]
    tags: dict[str, str]


@dataclass(frozen=True)
class Written:
    """The file as any other program reads it."""

    file: Path
    summary: RoadsSummary
    places: dict[int, tuple[float, float]]
    roads: list[Way]
    progress: list[float]

    def of_class(self, highway: str) -> list[Way]:
        return [road for road in self.roads if road.tags["highway"] == highway]

    def graph(self) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph(crs="epsg:4326")
        for way_id, road in enumerate(self.roads):
            pairs = list(zip(road.nodes, road.nodes[1:], strict=False))
            if road.tags.get("oneway") != "yes":
                pairs += [(b, a) for a, b in pairs]
            graph.add_edges_from((a, b, {"osmid": way_id, "length": 1.0}) for a, b in pairs)
        for node in graph:
            graph.nodes[node]["x"], graph.nodes[node]["y"] = self.places[node]
        return graph


@pytest.fixture(scope="module")
def counties() -> list[County]:
    return shandong_counties()


def read_back(file: Path, summary: RoadsSummary, progress: list[float]) -> Written:
    places, roads = {}, []
    for item in osmium.FileProcessor(str(file)):
        if item.is_node():
            places[item.id] = (item.lon, item.lat)
        elif item.is_way() and "highway" in item.tags:
            roads.append(Way([node.ref for node in item.nodes], {tag.k: tag.v for tag in item.tags}))
    return Written(file, summary, places, roads, progress)


@pytest.fixture(scope="module")
def written(counties: list[County], tmp_path_factory: pytest.TempPathFactory) -> Written:
    file = tmp_path_factory.mktemp("roads") / "demo.osm.pbf"
    progress: list[float] = []
    return read_back(file, write_demo_roads(file, counties=counties, scale=SCALE, progress=progress.append), progress)


def test_the_file_says_that_it_is_made_up(written: Written) -> None:
    with osmium.io.Reader(str(written.file)) as reader:
        assert reader.header().get("generator") == "OneMap demonstration roads"


def test_every_place_can_be_reached_from_every_other(written: Written) -> None:
    assert nx.is_strongly_connected(nx.DiGraph(written.graph()))


def test_beihai_road_crosses_minzhu_street_in_weifang(written: Written) -> None:
    crossing = written.summary.place("北海路与民主街路口")
    assert 119.107 < crossing.lon < 119.16
    assert 36.70 < crossing.lat < 36.72
    by_name = {
        name: {node for road in written.roads if road.tags.get("name") == name for node in road.nodes}
        for name in ("北海路", "民主街")
    }
    (junction,) = by_name["北海路"] & by_name["民主街"]
    assert written.places[junction] == pytest.approx((crossing.lon, crossing.lat), abs=1e-6)
    assert written.graph().out_degree(junction) == 4


def test_roads_run_north_and_streets_run_east_in_the_centre(written: Written) -> None:
    for name, axis in (("北海路", 1), ("潍州路", 1), ("东风街", 0), ("福寿街", 0)):
        ends = [written.places[r.nodes[i]] for r in written.roads if r.tags.get("name") == name for i in (0, -1)]
        extent = np.ptp(np.array(ends), axis=0)
        assert extent[axis] > 4 * extent[1 - axis]


def test_streets_cross_rivers_only_on_bridges(written: Written) -> None:
    near = [river.line for river in rivers()]
    tree = shapely.STRtree(near)
    on_the_ground = [
        shapely.linestrings([written.places[node] for node in road.nodes])
        for road in written.roads
        if road.tags.get("bridge") != "yes" and not road.tags["highway"].startswith("motorway")
    ]
    crossing, _ = tree.query(on_the_ground, predicate="intersects")
    assert len(crossing) == 0
    bridges = [road for road in written.roads if road.tags.get("bridge") == "yes"]
    assert len(bridges) >= 20
    assert all(road.tags["layer"] in "12" for road in bridges)
    assert {bridge.river for bridge in written.summary.bridges} == {"白浪河", "虞河"}


def test_the_city_has_every_kind_of_road(written: Written) -> None:
    kinds = Counter(road.tags["highway"] for road in written.roads)
    assert {"residential", "tertiary", "secondary", "primary", "trunk"} <= set(kinds)
    assert kinds["residential"] > sum(kinds.values()) / 2
    assert all("maxspeed" in road.tags for road in written.of_class("trunk"))


def test_the_listed_bridges_stand_at_their_river(written: Written) -> None:
    course = {river.name: river.line for river in rivers()}
    assert len(written.summary.bridges) >= 20
    for bridge in written.summary.bridges:
        assert course[bridge.river].distance(shapely.Point(bridge.lon, bridge.lat)) < 0.002


def test_many_streets_are_one_way(written: Written) -> None:
    one_way = [road for road in written.of_class("residential") if road.tags.get("oneway") == "yes"]
    assert len(one_way) > 0.2 * len(written.of_class("residential"))


def test_motorways_pass_the_city_and_are_reached_by_ramps(counties: list[County], tmp_path: Path) -> None:
    file = tmp_path / "wide.osm.pbf"
    wide = read_back(file, write_demo_roads(file, counties=counties, scale=0.1), [])
    motorways, ramps = wide.of_class("motorway"), wide.of_class("motorway_link")
    assert all(road.tags["oneway"] == "yes" for road in motorways + ramps)
    assert {"青银高速", "潍日高速"} <= {road.tags["name"] for road in motorways}
    assert wide.summary.interchanges >= 3
    assert wide.summary.roundabouts > 0
    assert any(road.tags.get("junction") == "roundabout" for road in wide.roads)
    assert nx.is_strongly_connected(nx.DiGraph(wide.graph()))


def test_the_counted_junctions_are_those_that_osmnx_finds(written: Written) -> None:
    simple = osmnx.simplify_graph(written.graph())
    assert written.summary.junctions == pytest.approx(len(simple), rel=0.002)
    assert written.summary.directed_edges == pytest.approx(simple.number_of_edges(), rel=0.005)
    assert 2.2 < simple.number_of_edges() / len(simple) < 2.6


def test_every_road_lies_inside_the_province(written: Written, counties: list[County]) -> None:
    land = shapely.union_all([county.polygon for county in counties])
    shapely.prepare(land)
    used = np.array([written.places[node] for node in {node for road in written.roads for node in road.nodes}])
    assert shapely.contains_xy(land, used).all()


def test_nowhere_in_the_piece_is_a_road_farther_than_two_kilometres(written: Written) -> None:
    used = np.array([written.places[node] for node in {node for road in written.roads for node in road.nodes}])
    km = np.array([89.36, 110.98])
    somewhere = np.random.default_rng(1).uniform((-5, -5), (5, 5), (500, 2)) + np.array([119.13, 36.71]) * km
    assert cKDTree(used * km).query(somewhere)[0].max() < 2


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_network(
    written: Written, counties: list[County], tmp_path: Path
) -> None:
    again, other = tmp_path / "again.osm.pbf", tmp_path / "other.osm.pbf"
    assert write_demo_roads(again, counties=counties, scale=SCALE) == written.summary
    write_demo_roads(other, counties=counties, scale=SCALE, seed=7)
    assert again.read_bytes() == written.file.read_bytes()
    assert other.read_bytes() != written.file.read_bytes()


def test_the_scale_is_about_the_share_of_junctions(written: Written) -> None:
    assert written.summary.junctions == pytest.approx(SCALE * 330_000, rel=0.2)


def test_progress_grows_from_nothing_to_the_whole(written: Written) -> None:
    assert written.progress == sorted(written.progress)
    assert written.progress[0] > 0
    assert written.progress[-1] == 1.0


@pytest.mark.parametrize("scale", [0, -0.5, 1.01])
def test_an_impossible_scale_is_refused(scale: float, counties: list[County], tmp_path: Path) -> None:
    with pytest.raises(ScaleImpossible, match="at most 1"):
        write_demo_roads(tmp_path / "no.osm.pbf", counties=counties, scale=scale)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("density", [0.9, 6.1])
def test_an_impossible_density_is_refused(density: float, counties: list[County], tmp_path: Path) -> None:
    with pytest.raises(ScaleImpossible, match="density"):
        write_demo_roads(tmp_path / "no.osm.pbf", counties=counties, scale=SCALE, density=density)


def test_four_times_the_density_is_about_four_times_the_junctions_on_the_same_land(
    written: Written, counties: list[County], tmp_path: Path
) -> None:
    dense = write_demo_roads(tmp_path / "dense.osm.pbf", counties=counties, scale=SCALE, density=4.0)
    assert dense.junctions / written.summary.junctions == pytest.approx(4.0, rel=0.15)
    assert dense.towns == written.summary.towns


def test_every_county_has_a_seat_in_its_own_land(counties: list[County]) -> None:
    assert len(counties) == 136
    assert all(county.polygon.contains(shapely.Point(county.seat)) for county in counties)


def test_towns_lie_in_their_county_and_have_different_names_there(counties: list[County]) -> None:
    polygon = {county.adcode: county.polygon for county in counties}
    known = towns()
    assert len({(town.county, town.name) for town in known}) == len(known)
    assert all(polygon[town.county].contains(shapely.Point(town.lon, town.lat)) for town in known)
    assert sum(town.weight for town in known) == pytest.approx(1)
    assert {town.county for town in known if town.is_seat} == set(polygon)
    assert towns(counties) == known


def test_the_centre_is_the_same_at_every_scale(written: Written, counties: list[County], tmp_path: Path) -> None:
    larger = write_demo_roads(tmp_path / "larger.osm.pbf", counties=counties, scale=0.06)
    assert larger.junctions > 1.5 * written.summary.junctions
    assert larger.places == written.summary.places
