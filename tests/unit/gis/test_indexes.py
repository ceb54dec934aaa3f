"""Both indexes against the plain truth: every pair measured on the ellipsoid."""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gis.errors import BadPosition, BadRadius
from gis.live_index import LiveIndex
from gis.static_index import StaticIndex

Place = tuple[float, float]
WGS84 = Geod(ellps="WGS84")


class Index(Protocol):
    def within(self, lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]: ...


def live(places: Sequence[Place]) -> Index:
    index = LiveIndex()
    index.put_many((key, lon, lat) for key, (lon, lat) in enumerate(places))
    return index


def crowded(places: Sequence[Place]) -> Index:
    """A live index with so many strangers that it goes by cells and not through everybody."""
    index = LiveIndex()
    strangers = random.Random(7)
    index.put_many((key, strangers.uniform(-60, -50), strangers.uniform(-20, -10)) for key in range(10_000, 14_000))
    for key, (lon, lat) in enumerate(places):
        index.put(key, lon, lat)
    return index


def static(places: Sequence[Place]) -> Index:
    lons, lats = zip(*places, strict=True) if places else ((), ())
    return StaticIndex(range(len(places)), lons, lats)


def brute_force(places: Iterable[Place], lon: float, lat: float, radius_m: float) -> list[tuple[int, float]]:
    measured = [(WGS84.inv(lon, lat, *place)[2], key) for key, place in enumerate(places)]
    return [(key, metres) for metres, key in sorted(measured) if metres <= radius_m]


def beside(lon: float, lat: float, azimuth: float, metres: float) -> Place:
    to_lon, to_lat, _ = WGS84.fwd(lon, lat, azimuth, metres)
    return to_lon, to_lat


ALL_KINDS = pytest.mark.parametrize("build", [live, crowded, static])
ODD_PLACES = {
    "Weifang": (119.107, 36.709),
    "antimeridian": (180.0, 52.0),
    "antimeridian from the west": (-179.999, -16.5),
    "north pole": (77.0, 90.0),
    "beside the north pole": (-120.0, 89.99),
    "south pole": (0.0, -90.0),
    "equator": (0.0, 0.0),
    "corner of the grid": (119.0, 36.0),
    "south-western corner of the grid": (-71.0, -33.0),
    "where the ways round the pole begin": (20.0, 85.0),
    "where cells are narrow": (-20.0, -84.95),
}


@ALL_KINDS
@pytest.mark.parametrize("place", ODD_PLACES)
def test_a_centimetre_decides_everywhere(build: Callable[[Sequence[Place]], Index], place: str) -> None:
    lon, lat = ODD_PLACES[place]
    azimuths = range(0, 360, 5)
    inside = [beside(lon, lat, azimuth, 2_999.99) for azimuth in azimuths]
    outside = [beside(lon, lat, azimuth, 3_000.01) for azimuth in azimuths]
    found = build(inside + outside).within(lon, lat, 3_000.0)
    assert sorted(key for key, _ in found) == list(range(len(inside)))
    assert all(metres == pytest.approx(2_999.99, abs=1e-6) for _, metres in found)


near_odd_places = st.builds(
    lambda place, azimuth, metres: beside(*place, azimuth, metres),
    st.sampled_from(list(ODD_PLACES.values())),
    st.floats(0, 360),
    st.floats(0, 6_000),
)
anywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
radii = st.one_of(st.floats(0, 8_000), st.floats(0, 21_000_000))


@ALL_KINDS
@settings(max_examples=60)
@given(data=st.data())
def test_the_answer_is_that_of_measuring_every_pair(
    build: Callable[[Sequence[Place]], Index], data: st.DataObject
) -> None:
    places = data.draw(st.lists(near_odd_places | anywhere, max_size=40))
    lon, lat = data.draw(near_odd_places | anywhere)
    radius_m = data.draw(radii)
    expected = brute_force(places, lon, lat, radius_m)
    if build is crowded:
        found = [(key, metres) for key, metres in build(places).within(lon, lat, radius_m) if key < 10_000]
    else:
        found = build(places).within(lon, lat, radius_m)
    # Which of two whose distances differ by nanometres comes first is nobody's concern.
    assert [metres for _, metres in found] == sorted(metres for _, metres in found)
    assert sorted(key for key, _ in found) == sorted(key for key, _ in expected)
    truth = dict(expected)
    assert all(abs(metres - truth[key]) < 1e-8 for key, metres in found)


@ALL_KINDS
def test_equal_distances_come_in_the_order_of_their_keys(build: Callable[[Sequence[Place]], Index]) -> None:
    found = build([(119.2, 36.7), (119.1, 36.7), (119.2, 36.7), (119.1, 36.7)]).within(119.1, 36.7, 20_000)
    assert [key for key, _ in found] == [1, 3, 0, 2]


@ALL_KINDS
def test_an_empty_index_finds_nothing(build: Callable[[Sequence[Place]], Index]) -> None:
    assert build([]).within(119.1, 36.7, 3_000) == []


@ALL_KINDS
def test_radius_zero_finds_who_stands_exactly_there(build: Callable[[Sequence[Place]], Index]) -> None:
    assert build([(119.1, 36.7), (119.1000001, 36.7)]).within(119.1, 36.7, 0) == [(0, 0.0)]


@ALL_KINDS
def test_a_search_that_makes_no_sense_is_refused(build: Callable[[Sequence[Place]], Index]) -> None:
    index = build([(119.1, 36.7)])
    with pytest.raises(BadPosition):
        index.within(math.nan, 36.7, 3_000)
    for radius_m in (-1.0, math.nan, math.inf):
        with pytest.raises(BadRadius, match="radius_m"):
            index.within(119.1, 36.7, radius_m)


def test_an_officer_who_moves_is_found_only_where_they_are_now() -> None:
    index = LiveIndex()
    index.put(5, 119.1, 36.7)
    index.put(5, 120.4, 36.1)
    assert index.within(119.1, 36.7, 3_000) == []
    assert index.within(120.4, 36.1, 3_000) == [(5, 0.0)]
    assert (len(index), index.get(5)) == (1, (120.4, 36.1))


def test_an_officer_who_leaves_is_found_no_more_and_their_place_is_used_again() -> None:
    index = LiveIndex()
    index.put(5, 119.1, 36.7)
    index.remove(5)
    index.remove(5)
    assert (5 in index, index.get(5), index.within(119.1, 36.7, 20_100_000)) == (False, None, [])
    index.put(6, 119.1, 36.7)
    assert index.within(119.1, 36.7, 10) == [(6, 0.0)]


def test_a_bad_position_leaves_the_old_one() -> None:
    index = LiveIndex()
    index.put(1, 119.1, 36.7)
    with pytest.raises(BadPosition):
        index.put(1, 119.1, 91.0)
    with pytest.raises(BadPosition):
        index.put_many([(1, 100.0, 30.0), (2, math.nan, 30.0)])
    assert (len(index), index.get(1)) == (1, (119.1, 36.7))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 30), near_odd_places | st.none()), max_size=120))
def test_any_history_of_moves_ends_in_the_same_answer(history: list[tuple[int, Place | None]]) -> None:
    index, truth = LiveIndex(), dict[int, Place]()
    for key, place in history:
        if place is None:
            index.remove(key)
            truth.pop(key, None)
        else:
            index.put(key, *place)
            truth[key] = place
    for lon, lat in ODD_PLACES.values():
        expected = sorted(key for key, place in truth.items() if WGS84.inv(lon, lat, *place)[2] <= 3_000)
        assert sorted(key for key, _ in index.within(lon, lat, 3_000)) == expected


def test_readers_and_writers_do_not_disturb_each_other() -> None:
    """Two officers always stand together; nobody may ever see them apart, or one of them gone."""
    index = crowded([])
    assert isinstance(index, LiveIndex)
    spots = [(119.1 + step / 100, 36.7) for step in range(8)]
    index.put_many([(1, *spots[0]), (2, *spots[0])])

    def write(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(1_500):
            spot = choose.choice(spots)
            index.put_many([(1, *spot), (2, *spot)])
            index.put(100_000 + seed * 10_000 + choose.randrange(2_000), choose.uniform(110, 111), 30.0)

    def read(_: int) -> None:
        for _ in range(500):
            found = index.within(119.135, 36.7, 6_000)
            assert [key for key, _ in found] == [1, 2]
            assert found[0][1] == found[1][1]

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(job, seed) for seed, job in enumerate([write, read, write, read])]
        for job in work:
            job.result()


@settings(max_examples=60)
@given(st.lists(near_odd_places | anywhere, max_size=40), near_odd_places | anywhere, st.integers(1, 12))
def test_the_nearest_are_the_nearest_on_the_ellipsoid(places: list[Place], middle: Place, count: int) -> None:
    index = static(places)
    assert isinstance(index, StaticIndex)
    assert index.nearest(*middle, count) == brute_force(places, *middle, math.inf)[:count]


def test_a_box_holds_its_edges_and_may_cross_the_antimeridian() -> None:
    index = StaticIndex([7, 3, 5], [179.5, -179.5, 0.0], [10.0, 10.0, 10.0])
    assert index.in_box(-180, 10, 180, 20) == [3, 5, 7]
    assert index.in_box(179.5, 0, -179.5, 10) == [3, 7]
    assert index.in_box(-179.5, 0, 0, 10) == [3, 5]
    assert index.in_box(-10, 11, 10, 12) == []


def test_a_static_index_refuses_columns_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="1 keys for 2 places"):
        StaticIndex([1], [119.1, 119.2], [36.7, 36.8])
    with pytest.raises(BadPosition, match="place 1"):
        StaticIndex([1, 2], [119.1, 36.8], [36.7, 119.2])


def test_many_threads_may_search_one_static_index() -> None:
    chance = np.random.default_rng(11)
    lons, lats = chance.uniform(114.8, 122.7, 20_000), chance.uniform(34.4, 38.4, 20_000)
    index = StaticIndex(np.arange(20_000), lons, lats)
    middles = [(float(lon), float(lat)) for lon, lat in zip(lons[:200], lats[:200], strict=True)]
    alone = [index.within(*middle, 5_000) for middle in middles]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda middle: index.within(*middle, 5_000), middles)) == alone
