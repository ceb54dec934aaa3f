"""Figures of coverage: every part against a plain count, and their sums."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planning.demands import County, Demands, demands_of_land, land, resolution_for, weighted
from planning.figures import Reach, by_city, by_county, by_risk, by_tag, figures, histogram

COUNTIES = [
    County("370704", "坊子区", "370700", "潍坊市", "山东省", shapely.box(119.3, 36.5, 119.6, 36.8)),
    County("370705", "奎文区", "370700", "潍坊市", "山东省", shapely.box(119.0, 36.6, 119.3, 36.8)),
    County("370102", "历下区", "370100", "济南市", "山东省", shapely.box(117.0, 36.6, 117.1, 36.7)),
]
BANDS = [5.0, 15.0, 30.0]
TIMES = st.one_of(st.floats(0, 60), st.just(float("inf")))
ROW = st.tuples(
    TIMES,
    TIMES,
    st.booleans(),
    st.sampled_from([county.adcode for county in COUNTIES]),
    st.sampled_from(["high", "medium", "low", ""]),
    st.lists(st.sampled_from(["water", "air", "soil"]), unique=True),
    st.integers(0, 9),
)


def of(rows):
    demands = Demands(
        id=np.arange(len(rows)),
        name=np.array([str(number) for number in range(len(rows))], object),
        lonlat=np.zeros((len(rows), 2)),
        region=np.array([row[3] for row in rows], object),
        risk=np.array([row[4] for row in rows], object),
        tags=[row[5] for row in rows],
        weight=np.array([row[6] for row in rows], float),
    )
    off = np.array([row[2] for row in rows], bool)
    times = np.sort(np.array([row[:2] for row in rows], float).reshape(-1, 2), axis=1)
    times[off] = np.inf
    return demands, Reach(times, np.zeros((len(rows), 2), int), off)


@given(st.lists(ROW, max_size=40))
def test_shares_means_and_the_ninth_tenth_are_those_of_a_plain_count(rows):
    demands, reach = of(rows)
    found = figures(demands, reach, BANDS)
    weights = demands.weight.tolist()
    total = sum(weights)
    for band, times in ((found.reached, reach.first), (found.backup, reach.second)):
        for one in band:
            within = [weight for weight, time in zip(weights, times, strict=True) if time <= one.minutes]
            assert one.demands == len(within)
            assert one.share == (pytest.approx(sum(within) / total) if total else None)
    assert found.with_way + found.no_road + found.no_way == len(rows)
    timed = sorted(zip(reach.first.tolist(), weights, strict=True))
    if found.p90_minutes is None:
        assert total == 0 or sum(weight for time, weight in timed if np.isfinite(time)) < 0.9 * total
    else:
        assert sum(weight for time, weight in timed if time <= found.p90_minutes) >= 0.9 * total - 1e-9
        assert sum(weight for time, weight in timed if time < found.p90_minutes) < 0.9 * total
    finite = [(time, weight) for time, weight in timed if np.isfinite(time)]
    if sum(weight for _, weight in finite):
        mean = sum(time * weight for time, weight in finite) / sum(weight for _, weight in finite)
        assert found.mean_minutes == pytest.approx(mean)
    else:
        assert found.mean_minutes is None


@given(st.lists(ROW, max_size=40))
def test_counties_cities_and_risks_add_up(rows):
    demands, reach = of(rows)
    whole = figures(demands, reach, BANDS)
    for parts in (
        by_county(demands, reach, BANDS, COUNTIES),
        by_city(demands, reach, BANDS, COUNTIES),
        by_risk(demands, reach, BANDS),
    ):
        for name in ("demands", "weight", "with_way", "no_road", "no_way"):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
        for number in range(len(BANDS)):
            for kind in ("reached", "backup"):
                assert (
                    sum(getattr(part, kind)[number].demands for part in parts) == getattr(whole, kind)[number].demands
                )
    assert sum(step.demands for step in histogram(reach, BANDS[-1])) == len(rows)
    tagged = {part.key: part.demands for part in by_tag(demands, reach, BANDS)}
    assert sum(tagged.values()) == sum(len(tags) for tags in demands.tags)


def test_land_is_covered_once_and_counts_its_square_kilometres():
    resolution = resolution_for(COUNTIES, 30_000)
    cells = land(COUNTIES, resolution)
    assert len(cells) <= 30_000
    assert len(set(cells.cell)) == len(cells)
    # One degree of longitude is 89.3 km at 36.65 north.
    expected = (0.3 * 0.3 + 0.3 * 0.2 + 0.1 * 0.1) * 89.3 * 111.0
    assert demands_of_land(cells).weight.sum() == pytest.approx(expected, rel=0.01)
    for county in COUNTIES:
        inside = cells.lonlat[cells.region == county.adcode]
        assert shapely.intersects_xy(county.boundary, inside[:, 0], inside[:, 1]).all()


def test_weights_by_risk_leave_the_others_alone():
    demands, _ = of([(1, 2, False, "370705", risk, [], 2) for risk in ("high", "low", "")])
    assert weighted(demands, {"high": 5.0, "low": 0.5}).weight.tolist() == [10, 1, 2]
    assert weighted(demands, None) is demands
