"""A scenario from the question to its pages, without a database."""

import json

import numpy as np
import pytest
import shapely

from planning import products
from planning.demands import Origins
from planning.drawing import features
from planning.errors import Cancelled, UnusableScenario
from planning.offline_map import offline_map
from planning.report import report
from planning.scenario import Asked, work_out
from planning.uncovered import gravest_first, named


def quiet(progress, step):
    """Nobody listens."""


def test_figures_products_and_list_are_the_same_count(asked, flat):
    outcome = work_out(asked(), flat, quiet)
    places = products.read(outcome.products[products.PLACES])
    total = outcome.result.total
    minutes = places["minutes"].to_numpy(zero_copy_only=False)
    for band in total.reached:
        assert (minutes <= band.minutes).sum() == band.demands
        assert len(gravest_first(places, band.minutes)) == total.demands - band.demands
        assert sum(len(gravest_first(places, band.minutes, part.region)) for part in outcome.result.by_county) == (
            total.demands - band.demands
        )
    cells = json.loads(features(outcome.products[products.CELLS]))["features"]
    # A demand at the very edge may lie in a cell whose centre is in no county.
    for name, expected in (("demands", total.demands), ("reached_20", total.reached[-1].demands)):
        counted = sum(cell["properties"][name] for cell in cells)
        assert 0.97 * expected <= counted <= expected
    assert total.no_road == (asked().demands.lonlat[:, 0] > 119.55).sum()
    assert len(outcome.result.unreachable) == 200


def test_the_gravest_stand_first(asked, flat):
    places = products.read(work_out(asked(), flat, quiet).products[products.PLACES])
    rows = named(places, gravest_first(places, 5.0))
    rank = ["high", "medium", "low"]
    keys = [(rank.index(row.risk), -row.weight, -(np.inf if row.minutes is None else row.minutes)) for row in rows]
    assert keys == sorted(keys)


def test_areas_are_drawn_longest_first(asked, flat):
    table = products.read(work_out(asked(), flat, quiet).products[products.AREAS])
    assert table["minutes"].to_pylist() == [20, 10, 5]
    sizes = [shape.area for shape in products.geometries(table)]
    assert sizes == sorted(sizes, reverse=True)
    region = shapely.union_all([county.boundary for county in asked().counties])
    assert all(region.buffer(1e-9).contains(shape) for shape in products.geometries(table))


def test_a_cancelled_job_ends_at_its_next_step(asked, flat):
    steps = []

    def stop(progress, step):
        steps.append(step)
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        work_out(asked(), flat, stop)
    assert len(steps) == 3


@pytest.mark.parametrize(
    ("places", "said"), [(np.empty((0, 2)), "nobody to set out from"), (np.array([[119.58, 36.7]]), "near a road")]
)
def test_a_scenario_without_usable_origins_says_so(asked, flat, places, said):
    question = asked()
    origins = Origins(np.arange(len(places)), ["x"] * len(places), places)
    with pytest.raises(UnusableScenario, match=said):
        work_out(Asked(question.scenario, "潍坊市", question.counties, origins, question.demands), flat, quiet)


@pytest.mark.parametrize("demo", [False, True])
def test_pages_say_the_figures_and_keep_texts_texts(asked, flat, demo):
    question = asked()
    outcome = work_out(question, flat, quiet)
    found, areas = outcome.result, outcome.products[products.AREAS]
    places = products.read(outcome.products[products.PLACES])
    rows = gravest_first(places, 20.0)
    share = f"{found.total.reached[-1].share:.1%}"
    page = offline_map("试点<b>", found, question.counties, areas, named(places, rows[:3000]), len(rows), demo=demo)
    printed = report(
        "试点<b>", "planner", question.scenario, found, question.counties, areas,
        named(places, rows[:400]), len(rows), named(places, rows[:50]), len(rows), demo=demo,
    )  # fmt: skip
    for text in (page, printed):
        assert share in text
        assert ("演示数据" in text) == demo
        assert "试点<b>" not in text.partition("<body>")[2]
        assert "</script>站" not in text
    assert printed.count("<circle") == 400 + 2
    assert shapely.from_wkb(products.read(areas)["geometry"][0].as_py()).is_valid
