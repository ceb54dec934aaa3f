"""The hand-written town of tests/samples/roads/town.osm: every rule of the road once, with times worked out by hand."""

from itertools import pairwise

import numpy as np
import pytest
from shapely import LineString, Point, Polygon, box

from routing.closures import blocked_edges, closed_by
from routing.errors import NoRoute, OutsideRoads, UnusableClosure
from routing.isochrones import isochrones
from routing.ranking import find_route, rank
from routing.snapping import snap, snap_all

NODE = {
    1: (119.100, 36.710), 2: (119.105, 36.710), 3: (119.110, 36.710), 4: (119.100, 36.705), 5: (119.105, 36.705),
    6: (119.110, 36.705), 7: (119.100, 36.695), 8: (119.105, 36.695), 9: (119.110, 36.695), 21: (119.150, 36.700),
    22: (119.155, 36.700),
}  # fmt: skip


def between(a: int, b: int, share: float = 0.5) -> tuple[float, float]:
    (x1, y1), (x2, y2) = NODE[a], NODE[b]
    return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share


def test_the_town_has_its_junctions_and_neither_footways_nor_private_roads_nor_the_lonely_ring(town):
    counts = town.manifest["counts"]
    assert counts["junctions"] == 10  # 8 and 10 are shape, 31-33 are a ring
    assert counts["islands"] == 2
    assert town.manifest["notes"]["ways left out: private"] == 1
    assert town.manifest["notes"]["ways left out: not for cars"] == 1
    assert town.manifest["notes"]["steps of rings that touch no other road, left out"] == 6
    assert town.manifest["notes"]["turn restrictions honoured"] == 1


def test_a_street_is_driven_at_its_limit_in_either_direction(town):
    east, west = find_route(town, NODE[4], NODE[6]), find_route(town, NODE[6], NODE[4])
    assert east.travel_time_s == west.travel_time_s == pytest.approx(east.distance_m / (60 / 3.6), abs=0.01)
    assert [step.name for step in east.steps] == ["民主街"]
    assert east.coordinates == [NODE[4], NODE[5], NODE[6]] == west.coordinates[::-1]


def test_miles_an_hour_are_read(town):
    route = find_route(town, NODE[1], NODE[4])
    assert route.travel_time_s == pytest.approx(route.distance_m / (20 * 1.609344 / 3.6), abs=0.01)


def test_a_one_way_street_drawn_against_its_direction_is_driven_as_signed(town):
    assert [step.name for step in find_route(town, NODE[5], NODE[2]).steps] == ["单行路"]
    assert "单行路" not in [step.name for step in find_route(town, NODE[2], NODE[5]).steps]


def test_the_forbidden_left_turn_is_not_taken_but_others_may_turn_there(town):
    from_the_west = find_route(town, between(4, 5), between(5, 2))
    assert [step.name for step in from_the_west.steps][:1] != ["单行路"]
    assert from_the_west.distance_m > 900, "it has to turn round or come from the other side"
    from_the_east = find_route(town, between(6, 5), between(5, 2))
    assert [step.name for step in from_the_east.steps] == ["民主街", "单行路"]


def test_who_stands_past_the_alarm_on_a_one_way_street_has_to_go_round(town):
    before, past = between(5, 2, 0.3), between(5, 2, 0.7)
    assert find_route(town, before, past).distance_m == pytest.approx(0.4 * 556, abs=2)
    assert find_route(town, past, before).distance_m > 1500


def test_the_start_of_a_one_way_street_cannot_be_reached_and_the_reason_is_said(town):
    ranked = rank(town, between(7, 8), [("south", *NODE[9]), ("island", *NODE[22]), ("sea", 119.3, 36.5)])
    assert [(each.id, each.travel_time_s) for each in ranked] == [("south", None), ("island", None), ("sea", None)]
    assert "one-way" in ranked[0].unreachable_reason
    assert "no road leads from there" in ranked[1].unreachable_reason
    assert ranked[2].unreachable_reason == "no road within 2 km"


def test_equal_times_keep_the_order_of_the_candidates(town):
    ranked = rank(town, NODE[2], [(name, *NODE[3]) for name in "cab"])
    assert [each.id for each in ranked] == ["c", "a", "b"]


def test_only_the_first_few_get_routes(town):
    ranked = rank(town, NODE[2], [(n, *NODE[n]) for n in (3, 1, 6, 4)], routes=2)
    assert [each.route is not None for each in ranked] == [True, True, False, False]
    assert rank(town, NODE[2], []) == []


def test_a_lower_class_comes_first_however_long_it_takes_and_takes_routes_and_distances_first(town):
    places = [between(5, 6), between(1, 2), between(4, 5), between(2, 3)]
    alone = rank(town, between(1, 2), [(k, *place) for k, place in enumerate(places)], routes=0)
    by_time = [one.id for one in alone if one.travel_time_s is not None]
    classes = [k % 2 for k in range(4)]
    ranked = rank(
        town,
        between(1, 2),
        [(k, *place) for k, place in enumerate(places)],
        classes=classes,
        routes=1,
        distances=2,
    )
    able = [one for one in ranked if one.travel_time_s is not None]
    assert [one.id for one in able] == sorted(by_time, key=lambda number: classes[number])
    assert {one.id: one.travel_time_s for one in ranked} == {one.id: one.travel_time_s for one in alone}
    assert [one.route is not None for one in able] == [True] + [False] * (len(able) - 1)
    assert [one.road_distance_m is not None for one in able] == [True, True] + [False] * (len(able) - 2)
    lengths = {one.id: one.road_distance_m for one in alone}
    assert all(one.road_distance_m == pytest.approx(lengths[one.id], abs=0.1) for one in able[:2])


def test_slower_than_asked_for_counts_as_unreachable(town):
    ranked = rank(town, NODE[3], [("near", *NODE[2]), ("far", *NODE[9])], within_s=60)
    assert [each.travel_time_s is None for each in ranked] == [False, True]
    assert ranked[1].unreachable_reason == "farther than 1 minutes"


def test_standing_at_the_alarm_takes_no_time(town):
    ranked = rank(town, NODE[5], [("here", *NODE[5])])
    assert ranked[0].travel_time_s == 0
    assert ranked[0].route.coordinates == [NODE[5], NODE[5]]


def test_a_place_off_the_road_adds_its_walk_and_one_too_far_is_refused(town):
    at = between(4, 5)
    beside = (at[0], at[1] - 0.001)  # 111 m south of the street
    walk = (111.2 - 25) / (5 / 3.6)
    assert rank(town, at, [("a", *beside)])[0].travel_time_s == pytest.approx(walk, abs=1)
    assert rank(town, at, [("a", *beside)])[0].walk_s == pytest.approx(walk, abs=1)
    with pytest.raises(OutsideRoads, match="destination: no road within 2 km"):
        find_route(town, at, (119.2, 36.8))


def test_a_snapped_place_knows_its_side_and_how_far_along(town):
    x, y = between(4, 5, 0.25)
    north, south = snap(town, (x, y + 0.0001)), snap(town, (x, y - 0.0001))
    assert north.shape == south.shape
    assert {north.side, south.side} == {"left", "right"}
    line = town.line_of(north.shape)
    assert north.side == ("left" if line[0, 0] < line[-1, 0] else "right")
    assert min(north.fraction, 1 - north.fraction) == pytest.approx(0.25, abs=1e-3)
    assert north.distance_m == pytest.approx(11.12, abs=0.05)


def test_snapping_finds_the_nearest_road_of_all(town):
    random = np.random.default_rng(3)
    places = np.stack([random.uniform(119.09, 119.165, 400), random.uniform(36.685, 36.72, 400)], axis=1)
    snaps = snap_all(town, places)
    for number, (lon, lat) in enumerate(places):
        scale = np.array([111_195.08 * np.cos(np.radians(lat)), 111_195.08])
        least = min(
            Point(np.array([lon, lat]) * scale).distance(LineString(town.line_of(shape) * scale))
            for shape in range(town.shapes)
        )
        if least <= 2000:
            assert snaps.distance_m[number] == pytest.approx(least, abs=0.01)
        else:
            assert snaps[number] is None


def test_the_closed_bridge_cuts_the_south_off_in_both_directions(town):
    bridge = closed_by(town, box(119.109, 36.699, 119.112, 36.701))
    assert [town.name_of(int(shape)) for shape in bridge] == ["白浪河桥"]
    blocked = blocked_edges(town, bridge)
    find_route(town, NODE[6], NODE[9])
    for start, end in ((6, 9), (9, 6)):
        with pytest.raises(NoRoute, match="closed roads"):
            find_route(town, NODE[start], NODE[end], blocked=blocked)


def test_who_stands_on_the_closed_road_may_leave_it_and_the_alarm_on_it_can_be_reached(town):
    blocked = blocked_edges(town, closed_by(town, Point(between(5, 6))))
    assert find_route(town, between(5, 6), NODE[2], blocked=blocked).travel_time_s > 0
    assert find_route(town, NODE[4], between(5, 6), blocked=blocked).steps[-1].name == "民主街"
    through = find_route(town, NODE[4], NODE[6], blocked=blocked)
    assert "北街" in [step.name for step in through.steps]


def names_closed(town, geometry) -> set[str]:
    return {town.name_of(int(shape)) for shape in closed_by(town, geometry)}


def test_a_line_along_a_street_leaves_the_side_streets_open(town):
    assert names_closed(town, LineString([(119.1001, 36.70503), (119.1049, 36.70497)])) == {"民主街"}


def test_a_line_across_a_street_closes_it(town):
    x, y = between(2, 3)
    assert names_closed(town, LineString([(x, y - 0.0003), (x, y + 0.0003)])) == {"北街"}


def test_a_point_at_a_junction_closes_all_its_arms(town):
    assert names_closed(town, Point(NODE[6])) == {"民主街", "东路", "白浪河桥"}


def test_an_area_closes_what_it_touches(town):
    assert names_closed(town, box(119.104, 36.7045, 119.106, 36.7105)) == {"民主街", "单行路", "北街"}


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (Point(119.3, 36.3), "no road lies within 15 m"),
        (Point(), "empty"),
        (Point(float("nan"), 36), "no road|longitude|empty"),
        (Point(36.7, 119.1), "longitude"),
        (Polygon([(119, 36), (120, 37), (120, 36), (119, 37)]), "not valid"),
        (Point(119.1, 36.7).buffer(0.1, quad_segs=9000), "vertices"),
    ],
)
def test_what_closes_nothing_or_cannot_be_read_is_refused(town, geometry, message):
    with pytest.raises(UnusableClosure, match=message):
        closed_by(town, geometry)


def test_isochrones_hold_the_roads_reached_and_grow(town):
    areas = [each.area for each in isochrones(town, between(4, 5), [0.25, 1, 3])]
    for smaller, larger in pairwise(areas):
        assert larger.buffer(1e-9).covers(smaller)
    assert all(area.is_valid for area in areas)
    assert areas[0].covers(Point(between(4, 5)))
    assert areas[2].covers(Point(NODE[9]))
    assert not areas[2].covers(Point(NODE[21]))
    assert not areas[0].covers(Point(NODE[3]))


def test_isochrones_keep_the_holes_to_which_one_walks_too_long(town):
    area = isochrones(town, NODE[5], [2])[0].area
    block = Point(119.1075, 36.7075)
    assert not area.covers(block)
    assert any(Polygon(ring).covers(block) for part in area.geoms for ring in part.interiors)


def test_isochrones_obey_closures_and_refuse_the_open_sea(town):
    blocked = blocked_edges(town, closed_by(town, Point(119.1105, 36.700)))
    assert not isochrones(town, NODE[5], [5], blocked=blocked)[0].area.covers(Point(between(8, 9)))
    with pytest.raises(OutsideRoads):
        isochrones(town, (119.3, 36.3), [5])
