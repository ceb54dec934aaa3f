"""Files of roads, good and bad."""

import bz2
import gzip
import json
import shutil

import numpy as np
import osmium
import osmnx
import pytest
from osmium.osm import osm_entity_bits

from routing.errors import NetworkUnusable, NoRoads, RoadsFileError
from routing.export import export_graphml, to_networkx
from routing.importing import import_roads
from routing.network import RoadStore
from routing.osm import direction, read_osm, refusal
from routing.ranking import find_route
from routing.simplification import simplify
from routing.speeds import parse_maxspeed


@pytest.fixture
def store(tmp_path):
    return RoadStore(tmp_path / "roads")


def test_all_four_spellings_of_a_file_give_the_same_network(town_file, town, store, tmp_path):
    text = town_file.read_bytes()
    (tmp_path / "town.osm.gz").write_bytes(gzip.compress(text))
    (tmp_path / "town.osm.bz2").write_bytes(bz2.compress(text))
    with osmium.SimpleWriter(str(tmp_path / "town.osm.pbf")) as writer:
        for element in osmium.FileProcessor(str(town_file)):
            writer.add(element)
    for name in ("town.osm.gz", "town.osm.bz2", "town.osm.pbf"):
        report = import_roads(tmp_path / name, store)
        assert (report.junctions, report.edges, report.islands) == (10, 18, 2)
        assert report.version == town.version, "the version is a checksum of the content"


def test_progress_is_told(town_file, store):
    seen = []
    import_roads(town_file, store, progress=lambda what, _done: seen.append(what))
    assert seen[0] == "reading ways"
    assert seen[-1] == "writing edges"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.osm", b"", "is empty"),
        ("page.osm", b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("page.osm.pbf", b"<html><body>404</body></html>", "web page"),
        ("page.graphml", b"<html></html>", "web page"),
        ("text.osm", b"lorem ipsum " * 1000, "is not osm XML"),
        ("data.osm", b'{"elements": []}', "JSON"),
        ("wrong.osm.gz", b"<osm/>", "not a gzip file"),
        ("wrong.osm.bz2", b"<osm/>", "not a bzip2 file"),
        ("wrong.osm.pbf", b"<?xml version='1.0'?><osm/>", "name it .osm"),
        ("nothing.osm", b"<?xml version='1.0'?><osm version='0.6'></osm>", "no road that a car may use"),
        ("cut.osm", b"<?xml version='1.0'?><osm version='0.6'><node id='1' lat='1' lo", "cannot be read"),
        (
            "nodeless.osm",
            b"<osm version='0.6'><way id='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='road'/></way></osm>",
            "places of their nodes",
        ),
        ("roads.shp", b"whatever", "roads are read from"),
        ("half.graphml", b"<?xml version='1.0'?><graphml><graph", "not a road graph"),
        ("other.graphml", b"<?xml version='1.0'?><graphml></graphml>", "not a road graph|no road|no nodes"),
    ],
)
def test_a_bad_file_is_refused_in_words_and_nothing_is_installed(name, content, message, store, town_file, tmp_path):
    import_roads(town_file, store)
    before = store.current_version()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RoadsFileError, match=message):
        import_roads(tmp_path / name, store)
    assert store.current_version() == before
    assert {path.name for path in store.home.iterdir()} == {"current", before}


def test_a_missing_file_is_named(store, tmp_path):
    with pytest.raises(RoadsFileError, match=r"there is no file .*gone\.osm"):
        import_roads(tmp_path / "gone.osm", store)


@pytest.mark.parametrize("name", ["monaco.osm.gz", "malta_2016.osm.pbf"])
def test_a_truncated_file_is_refused(name, shared_roads, store, tmp_path):
    whole = shared_roads(name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(RoadsFileError, match="cannot be read"):
        import_roads(tmp_path / name, store)
    with pytest.raises(NoRoads, match="import"):
        store.current()


def osmnx_of(path, *, by_street):
    """The same file through osmnx, from the ways that our copy of its filter lets through."""
    nodes, ways, street = {}, [], {}
    for element in osmium.FileProcessor(str(path), osm_entity_bits.NODE | osm_entity_bits.WAY).with_locations():
        if element.is_way():
            tags = {tag.k: tag.v for tag in element.tags}
            if refusal(tags) is None:
                refs = [node.ref for node in element.nodes]
                ways.append({"type": "way", "id": element.id, "nodes": refs, "tags": tags})
                name, bridge = tags.get("name") or tags.get("ref") or "", tags.get("bridge", "no") != "no"
                structure = (bridge, tags.get("tunnel", "no") != "no", tags.get("junction") == "roundabout")
                street[element.id] = (name, tags["highway"], structure, parse_maxspeed(tags.get("maxspeed")))
                for node in element.nodes:
                    nodes[node.ref] = {"type": "node", "id": node.ref, "lat": node.lat, "lon": node.lon}
    graph = osmnx.graph._create_graph([{"elements": [*nodes.values(), *ways]}], False)
    for _, _, data in graph.edges(data=True):
        data["street"] = street[data["osmid"]]
    return osmnx.simplify_graph(graph, edge_attrs_differ=["street"] if by_street else None)


@pytest.mark.parametrize("by_street", [True, False])
@pytest.mark.parametrize("name", ["monaco.osm.gz", "shenzhen_nanshan_2021.osm"])
def test_junctions_edges_and_lengths_are_osmnx_s(name, by_street, shared_roads):
    judge = osmnx_of(shared_roads(name), by_street=by_street)
    graph, _, _ = simplify(read_osm(shared_roads(name)), by_street=by_street, keep_restricted=False)
    ids = graph.node_id.tolist()
    ours = sorted(
        (ids[tail], ids[head], float(graph.shape_length_m[shape]))
        for tail, head, shape in zip(graph.edge_tail, graph.edge_head, graph.edge_shape, strict=True)
    )
    theirs = sorted((tail, head, data["length"]) for tail, head, data in judge.edges(data=True))
    if by_street:  # osmnx compares the tags; to us an untagged street at its class's speed is no other street
        assert set(ids) <= set(judge.nodes)
        assert len(ids) >= 0.98 * len(judge)
    else:
        assert set(ids) == set(judge.nodes)
        assert [edge[:2] for edge in ours] == [edge[:2] for edge in theirs]
        np.testing.assert_allclose([edge[2] for edge in ours], [edge[2] for edge in theirs], rtol=0, atol=1e-6)


def test_an_osmnx_graph_is_imported_without_its_footways(shared_roads, store):
    report = import_roads(shared_roads("shenzhen_futian_osmnx.graphml"), store)
    assert report.junctions == 1146
    assert report.notes["ways left out: not for cars"] == 1782
    network = store.current()
    assert not {"footway", "steps", "cycleway", "pedestrian"} & set(network.classes)


def test_what_we_export_osmnx_reads_and_so_do_we(town, store, tmp_path):
    export_graphml(town, tmp_path / "town.graphml")
    graph = osmnx.load_graphml(tmp_path / "town.graphml")
    assert graph.graph["crs"] == "epsg:4326"
    for _, _, data in graph.edges(data=True):
        assert data["travel_time"] == pytest.approx(data["length"] / (data["speed_kph"] / 3.6), rel=1e-9)
        assert isinstance(data["oneway"], bool)
        assert data["highway"]
    assert {data.get("name") for _, _, data in graph.edges(data=True)} >= {"民主街", "单行路"}
    import_roads(tmp_path / "town.graphml", store)
    again = store.current()
    assert sorted(again.arrays.ms.tolist()) == sorted(town.arrays.ms.tolist())
    start, end = (119.1025, 36.705), (119.105, 36.7075)
    assert find_route(again, start, end).travel_time_s == find_route(town, start, end).travel_time_s
    assert (again.nodes, again.edges, again.shapes) == (town.nodes, town.edges, town.shapes)


def test_copies_of_a_restricted_junction_say_so_in_the_export(town):
    graph = to_networkx(town)
    copies = {node: data["origin"] for node, data in graph.nodes(data=True) if node != data["origin"]}
    assert list(copies.values()) == [5]
    assert all(node < 0 for node in copies)


@pytest.mark.parametrize(
    ("tag", "kph"),
    [
        ("50", 50), ("30 mph", 48.28032), ("30mph", 48.28032), ("60|80", 70), ("50;30", 40), ("CN:urban", 50),
        ("DE:zone:30", 30), ("DE:zone30", 30), ("none", 120), ("signals", None), ("variable", None), ("", None),
        (None, None), ("0", None), ("fast", None), ("50 km/h", 50), ("walk", 7), ("CN:motorway", 120), ("900", 140),
    ],
)  # fmt: skip
def test_maxspeed_is_read_in_all_its_spellings(tag, kph):
    assert parse_maxspeed(tag) == (None if kph is None else pytest.approx(kph))


@pytest.mark.parametrize(
    ("tags", "towards"),
    [
        ({"oneway": "yes"}, 1), ({"oneway": "-1"}, -1), ({"oneway": "reverse"}, -1), ({"oneway": "no"}, 0), ({}, 0),
        ({"junction": "roundabout"}, 1), ({"highway": "motorway"}, 1), ({"highway": "motorway", "oneway": "no"}, 0),
    ],
)  # fmt: skip
def test_directions_are_read(tags, towards):
    assert direction(tags) == towards


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "primary"}, None), ({"highway": "service"}, "not for cars"), ({"route": "ferry"}, "no highway"),
        ({"highway": "residential", "service": "alley"}, "alley"), ({"highway": "footway"}, "not for cars"),
        ({"highway": "unclassified", "access": "private"}, "private"), ({"highway": "track"}, "not for cars"),
        ({"highway": "unclassified", "access": "permissive"}, None), ({"highway": "construction"}, "not for cars"),
        ({"highway": "tertiary", "motor_vehicle": "no"}, "closed to"), ({"highway": "pedestrian"}, "not for cars"),
        ({"highway": "tertiary", "motorcar": "no"}, "closed to motor"), ({"highway": "road", "area": "yes"}, "an area"),
        ({"highway": "residential", "junction": "roundabout"}, None), ({"highway": "living_street"}, None),
    ],
)  # fmt: skip
def test_which_ways_a_car_may_use(tags, reason):
    found = refusal(tags)
    assert found is None if reason is None else reason in found


def test_no_roads_yet_says_what_to_do(store):
    with pytest.raises(NoRoads, match="import roads"):
        store.current()


def damage_a_byte(folder):
    path = folder / "head.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_a_file(folder):
    path = folder / "shape_xy.npy"
    path.write_bytes(path.read_bytes()[:-8])


def change_the_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (damage_a_byte, "head.npy is damaged"),
        (cut_a_file, "shape_xy.npy is missing or cut short"),
        (lambda folder: (folder / "ms.npy").unlink(), "ms.npy is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "half written"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be read"),
        (lambda folder: change_the_manifest(folder, format=1), "format 1, this program reads 3"),
        (lambda folder: change_the_manifest(folder, arrays={}), "missing"),
        (shutil.rmtree, "half written or gone"),
    ],
)
def test_a_damaged_network_is_refused_with_what_to_do_and_a_new_import_mends_it(harm, message, town_file, store):
    version = import_roads(town_file, store).version
    harm(store.home / version)
    with pytest.raises(NetworkUnusable, match=message) as refused:
        store.current()
    assert "import the roads again" in str(refused.value)
    assert import_roads(town_file, store).version == version
    assert store.current().version == version


def test_the_old_network_keeps_answering_while_a_new_one_is_installed(town_file, town, store, tmp_path):
    import_roads(town_file, store)
    old = store.current()
    faster = town_file.read_text().replace('v="60"', 'v="120"')
    (tmp_path / "faster.osm").write_text(faster)
    import_roads(tmp_path / "faster.osm", store)
    start, end = (119.100, 36.705), (119.110, 36.705)
    assert find_route(old, start, end).travel_time_s == find_route(town, start, end).travel_time_s
    assert find_route(store.current(), start, end).travel_time_s < find_route(old, start, end).travel_time_s


def test_a_half_written_folder_of_a_killed_import_is_no_obstacle(town_file, store):
    (store.home / ".writing-abc").mkdir(parents=True)
    (store.home / ".writing-abc" / "head.npy").write_bytes(b"half")
    import_roads(town_file, store)
    assert not list(store.home.glob(".writing-*"))
