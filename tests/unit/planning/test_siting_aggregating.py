"""Putting demands together loses nobody."""

import h3
import numpy as np
import pytest

from planning.demands import Demands
from planning.siting.aggregating import put_together


def scattered(count=3000):
    random = np.random.default_rng(1)
    return Demands(
        id=np.arange(count),
        name=np.array(["x"] * count, object),
        lonlat=np.stack([random.uniform(119, 119.6, count), random.uniform(36.5, 36.8, count)], axis=1),
        region=np.array(random.choice(["370704", "370705"], count), object),
        risk=np.array(random.choice(["high", "low"], count), object),
        tags=[()] * count,
        weight=random.integers(0, 5, count).astype(float),
    )


@pytest.mark.parametrize("most", [50, 400, 2000])
def test_weights_and_numbers_are_kept_and_groups_do_not_mix(most):
    demands = scattered()
    usable = np.arange(len(demands)) % 7 != 0
    groups = put_together(demands, usable, most)
    assert len(groups) <= most
    assert groups.weight.sum() == pytest.approx(demands.weight[usable].sum())
    assert groups.count.sum() == usable.sum()
    assert usable[groups.row].all()
    cell = [h3.latlng_to_cell(lat, lon, 10) for lon, lat in demands.lonlat.tolist()]
    key = [
        (h3.cell_to_parent(cell[row], groups.resolution), demands.region[row], demands.risk[row])
        for row in range(len(demands))
    ]
    for row, weight, count in zip(groups.row, groups.weight, groups.count, strict=True):
        mine = [other for other in np.flatnonzero(usable) if key[other] == key[row]]
        assert len(mine) == count
        assert demands.weight[mine].sum() == pytest.approx(weight)


def test_few_demands_stay_as_they_are():
    demands = scattered(20)
    groups = put_together(demands, np.ones(20, bool), 20)
    assert groups.resolution is None
    assert groups.row.tolist() == list(range(20))
    assert groups.weight.tolist() == demands.weight.tolist()
