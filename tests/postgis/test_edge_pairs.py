"""The soak at the edge of 3 km, small: the benchmark of the same name asks about a million pairs."""

import numpy as np
import pytest
from sqlalchemy import create_engine

from benchmarks import edge_pairs
from benchmarks.edge_pairs import Pairs, differences, main


def test_nobody_decides_a_pair_at_the_edge_otherwise(module_postgis_url: str) -> None:
    engine = create_engine(module_postgis_url)
    compared, inside, off = differences(engine, 20_000)
    engine.dispose()
    assert compared == 20_000
    assert 0.4 < inside / compared < 0.6
    assert off == {"LiveIndex": 0, "StaticIndex": 0, "PostGIS ST_DWithin": 0}


def test_the_pairs_are_where_a_sphere_would_go_wrong() -> None:
    """Guards the test above: with distances on a sphere, one pair in three is on the wrong side."""
    pairs = Pairs.laid(20_000, seed=2026)
    assert (abs(pairs.metres - edge_pairs.RADIUS_M) < 1.1).all()
    phi, to_phi = np.radians(pairs.lats), np.radians(pairs.to_lats)
    half = np.sin(np.radians(pairs.to_lons - pairs.lons) / 2) ** 2
    squared = np.sin((to_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(to_phi) * half
    sphere = 2 * 6_371_008.8 * np.arcsin(np.sqrt(squared))
    wrong = ((sphere <= edge_pairs.RADIUS_M) != (pairs.metres <= edge_pairs.RADIUS_M)).mean()
    assert wrong > 0.3


def test_the_benchmark_prints_what_it_compared_and_fails_on_a_difference(
    module_postgis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--pairs", "1000", "--postgis", module_postgis_url]) == 0
    assert "1,000 pairs within a metre of 3,000 m" in capsys.readouterr().out
