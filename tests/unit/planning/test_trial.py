"""Moved, added and left out stations, drawn regions: a trial says at once what a whole scenario would."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import shapely
from pydantic import ValidationError

from planning import products
from planning.changes import Changes, changed, cut_to, inside
from planning.demands import Origins
from planning.drawing import features
from planning.errors import UnusableScenario
from planning.scenario import work_out
from planning.shapes import Scenario
from planning.trial import Kept, Warm, scene, try_out

CHANGES = Changes.model_validate(
    {"moved": [{"id": 1, "lon": 119.25, "lat": 36.78}, {"id": -1, "lon": 119.4, "lat": 36.62}],
     "added": [[119.5, 36.5]], "left_out": [2]}
)  # fmt: skip
HALF = [(119.0, 36.0), (119.4, 36.0), (119.4, 37.0), (119.0, 37.0)]


def quiet(progress, step):
    """Nobody listens."""


def of_job(asked, outcome):
    """The scene of a finished scenario."""
    return scene(outcome.result, outcome.products[products.PLACES], outcome.products[products.CELLS], asked.counties)


@pytest.mark.parametrize("more", [{}, {"weights": {"high": 7}}, {"demand": "area"}])
def test_a_trial_says_what_the_whole_scenario_would(asked, flat, more):
    question = asked(**more)
    if question.scenario.demand == "area":
        question = replace(question, demands=None)
    elif question.scenario.weights:
        question = replace(question, demands=replace(question.demands, weight=question.demands.id % 5 + 1.0))
    before = of_job(question, work_out(question, flat, quiet))
    tried = try_out(before, CHANGES, flat, flat.surface(before.origins(CHANGES).lonlat))
    after = work_out(replace(question, origins=changed(question.origins, CHANGES)), flat, quiet)
    assert tried.total == after.result.total
    assert tried.by_county == after.result.by_county
    assert tried.origins == after.result.origins
    assert [(one.id, one.lon) for one in tried.origins] == [(1, 119.25), (-1, 119.4)]
    drawn = json.loads(features(after.products[products.CELLS]))["features"]
    minutes = [cell["properties"]["minutes"] for cell in drawn]
    assert len(minutes) == len(tried.cell_minutes)
    for told, now in zip(minutes, tried.cell_minutes, strict=True):
        assert (told is None) == (now is None)
        assert told is None or now == pytest.approx(told, abs=0.006)


def test_changes_go_on_from_changes(asked, flat):
    """A scenario that was made of a trial is tried further: what is new in it can be moved, and more be added."""
    question = asked()
    once = replace(question, origins=changed(question.origins, Changes(added=[(119.1, 36.7)])))
    before = of_job(once, work_out(once, flat, quiet))
    more = Changes.model_validate({"moved": [{"id": -1, "lon": 119.2, "lat": 36.6}], "added": [[119.3, 36.7]]})
    assert [(one, lon) for one, (lon, _) in zip(before.origins(more).id, before.origins(more).lonlat, strict=True)] == [
        (1, 119.05),
        (2, 119.2),
        (-1, 119.2),
        (-2, 119.3),
    ]


def test_an_origin_that_nobody_knows_and_the_last_one_are_refused(asked, flat):
    question = asked()
    before = of_job(question, work_out(question, flat, quiet))
    with pytest.raises(UnusableScenario, match="origin 9 "):
        before.origins(Changes(left_out=[9]))
    with pytest.raises(UnusableScenario, match="nobody is left"):
        before.origins(Changes(left_out=[1, 2]))


def test_a_drawn_region_cuts_counties_and_demands(asked, flat):
    question = asked()
    counties = cut_to(question.counties, HALF)
    assert [one.adcode for one in counties] == ["370704", "370705"]
    assert counties[0].boundary.bounds == pytest.approx((119.3, 36.5, 119.4, 36.8))
    assert cut_to(question.counties, [(1, 1), (2, 1), (2, 2)]) == []
    demands = inside(question.demands, HALF)
    assert 0 < len(demands) == (question.demands.lonlat[:, 0] <= 119.4).sum()
    assert demands.lonlat[:, 0].max() <= 119.4
    found = work_out(replace(question, counties=counties, demands=demands), flat, quiet).result
    assert sum(part.demands for part in found.by_county) == found.total.demands == len(demands)


def test_counties_that_only_touch_the_drawn_area_are_outside(asked):
    west = [(119.0, 36.0), (119.3, 36.0), (119.3, 37.0), (119.0, 37.0)]
    assert [one.adcode for one in cut_to(asked().counties, west)] == ["370705"]
    assert isinstance(cut_to(asked().counties, west)[0].boundary, shapely.MultiPolygon)


@pytest.mark.parametrize("corners", [HALF[:2], [(0, 0), (1, 1), (1, 0), (0, 1)], [(0, 0), (1, 1), (2, 2)]])
def test_a_drawing_without_an_inside_is_refused(corners):
    with pytest.raises(ValidationError):
        Scenario.model_validate({"region": "37", "minutes": [5], "from": "stations", "inside": corners})


def test_what_was_used_last_is_kept():
    kept, made = Kept[str](2), []

    def make(key):
        def value():
            made.append(key)
            return key.upper()

        return value

    for key in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(key, make(key)) == key.upper()
    assert made == ["a", "b", "c", "b"]


def test_many_who_ask_at_once_wait_for_one():
    kept, made, go_on = Kept[int](2), [], threading.Event()

    def make():
        go_on.wait(30)
        made.append(1)
        return 7

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(kept.get, "one", make) for _ in range(4)]
        go_on.set()
        assert [answer.result() for answer in answers] == [7] * 4
    assert made == [1]


def test_a_surface_is_of_its_roads_and_origins(flat):
    warm = Warm()
    here = Origins(np.array([1]), ["a"], np.array([[119.1, 36.7]]))
    there = replace(here, lonlat=np.array([[119.2, 36.7]]))
    first = warm.surface(flat, here)
    assert warm.surface(flat, here) is first
    assert warm.surface(flat, there) is not first
