"""Putting demands together loses nobody."""

import h3
import numpy as np
import pytest

from planning.demands import Demands
from planning.siting.aggregating import MEMBERS, put_together


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


@pytest.mark.parametrize("most", [50, 400])
def test_the_mean_of_a_group_is_that_of_its_members_not_of_its_middle(most):
    """A station in the middle of every group: by the middles nobody would have any way at all."""
    demands = scattered(6000)
    groups = put_together(demands, np.ones(len(demands), bool), most)
    stations = demands.lonlat[groups.row]
    gaps = (demands.lonlat[:, None] - stations[None]) * [89.3, 111.0]
    minutes = np.linalg.norm(gaps, axis=2).min(axis=1)[:, None]
    true = (minutes[:, 0] * demands.weight).sum() / demands.weight.sum()
    told = (groups.mean(minutes[groups.member])[:, 0] * groups.weight).sum() / groups.weight.sum()
    assert (minutes[groups.row] == 0).all()
    assert told == pytest.approx(true, rel=0.05)  # eight of each stand for all
    assert np.add.reduceat(groups.part, groups.start) == pytest.approx(1.0)
    sizes = np.diff([*groups.start, len(groups.member)])
    assert sizes.tolist() == np.minimum(groups.count, MEMBERS).tolist()


def test_members_to_whom_no_way_leads_are_left_out_of_the_mean():
    demands = scattered(400)
    groups = put_together(demands, np.ones(400, bool), 20)
    minutes = np.full((len(groups.member), 1), 7.0)
    minutes[groups.start[0] + 1] = np.inf
    minutes[groups.start[1] : groups.start[2]] = np.inf
    mean = groups.mean(minutes)[:, 0]
    assert mean[0] == pytest.approx(7.0)
    assert mean[1] == np.inf
