"""A siting over 6,600 demands: put together, solved, and counted again in full."""

import numpy as np
import pytest

from planning.errors import Cancelled
from planning.scenario import work_out
from planning.shapes import Scenario, Siting
from planning.siting.working import site


def quiet(progress, step):
    """Nobody listens."""


@pytest.mark.parametrize("objective", ["mclp", "p-median"])
def test_what_it_promises_is_what_a_scenario_of_its_sites_finds(asked, flat, objective):
    question = asked(6600)
    wanted = Siting(new=2, objective=objective, minutes=10, time_limit_s=60)
    found = site(question, wanted, flat, quiet)
    assert found.aggregated < found.demands == 6600
    assert found.share_full > found.share_before
    # The error of putting together, which the result states, is small here.
    assert found.share_aggregated == pytest.approx(found.share_full, abs=0.03)
    assert found.mean_aggregated == pytest.approx(found.mean_full, rel=0.05)
    assert len(found.sites) == 2
    places = [*question.origins.lonlat.tolist(), *([one.lon, one.lat] for one in found.sites)]
    again = asked(6600, minutes=[10], **{"from": places})
    origins = type(question.origins)(np.arange(len(places)), ["x"] * len(places), np.array(places))
    after = work_out(type(question)(again.scenario, "x", question.counties, origins, question.demands), flat, quiet)
    assert after.result.total.reached[0].share == pytest.approx(found.share_full)
    assert found.not_coverable >= found.after.no_road


def test_a_cancelled_search_ends(asked, flat):
    def stop(progress, step):
        if step.startswith("solving"):
            raise Cancelled

    with pytest.raises(Cancelled):
        site(asked(300), Siting(new=2, minutes=10), flat, stop)


def test_the_fewest_that_reach_everybody_who_can_be_reached(asked, flat):
    question = asked(600)
    found = site(question, Siting(new=50, objective="lscp", minutes=12, time_limit_s=60), flat, quiet)
    assert found.status == "optimal"
    assert found.value == len(found.sites)
    assert found.after.reached[[band.minutes for band in found.after.reached].index(12)].demands == (
        600 - found.not_coverable
    )
    assert Scenario.model_validate(question.scenario.model_dump(by_alias=True)) == question.scenario
