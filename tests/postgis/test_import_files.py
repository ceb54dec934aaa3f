"""Importing files into a real database: all of a file or nothing of it."""

import json
import os
from pathlib import Path

import psycopg
import pytest

from data.boundaries import load_shandong
from data.importers import ImportRefused, import_file, parse_mapping
from gis.datum import convert_arrays
from gis.position import Datum

ROOT = Path(__file__).resolve().parents[2]
STATIONS = (
    Path(os.environ.get("ONEMAP_SHARED", ROOT.parent / "shared")) / "data/points/cnemc_stations_shandong_2019.csv"
)
HEADER = "code,name,lon,lat,kind\n"


def sql(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        cursor = connection.execute(query, values)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def regions_url(postgis_url: str) -> str:
    """A database with the regions of Shandong and nothing else."""
    with psycopg.connect(postgis_url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.cursor().executemany(
            "INSERT INTO region (adcode, name, level, parent, geom)"
            " VALUES (%s, %s, %s, %s, ST_Multi(ST_GeomFromWKB(%s, 4326)))",
            [(a.adcode, a.name, a.level, a.parent, a.geometry.wkb) for a in load_shandong()],
        )
    return postgis_url


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.skipif(not STATIONS.exists(), reason="the shared data folder is not here")
@pytest.mark.parametrize("mapping", [[], ["code=StationCode", "name=PositionName", "lon=Longitude", "lat=Latitude"]])
def test_the_national_air_stations_all_find_their_county(regions_url: str, mapping: list[str]) -> None:
    report = import_file("points", STATIONS, database=regions_url, mapping=parse_mapping(mapping))
    assert (report.rows, report.inserted, report.refused, report.committed) == (100, 100, 0, True)
    assert {note.value for note in report.notes} == {"120.2992, 36.0543", "122.0508, 37.5325"}
    assert sql(regions_url, "SELECT count(*), min(kind), bool_or(demo) FROM monitoring_point") == [
        (100, "ambient_air", False)
    ]
    again = import_file("points", STATIONS, database=regions_url, mapping=parse_mapping(mapping))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 100)


def test_one_bad_row_keeps_the_whole_file_out(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "A,a,119.16,36.71,stack\nB,b,nan,36.7,stack\n")
    report = import_file("points", path, database=regions_url)
    assert (report.inserted, report.refused, report.committed) == (1, 1, False)
    assert [(one.row, one.field) for one in report.problems] == [(3, "lon")]
    assert sql(regions_url, "SELECT count(*) FROM monitoring_point") == [(0,)]


def test_the_good_rows_are_kept_when_that_is_asked_for(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "A,a,119.16,36.71,stack\nB,b,nan,36.7,stack\n")
    assert import_file("points", path, database=regions_url, keep_good=True).committed
    assert sql(regions_url, "SELECT code, region FROM monitoring_point") == [("A", "370705")]


def test_a_dry_run_says_what_would_happen_and_does_nothing(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "A,a,119.16,36.71,stack\n")
    report = import_file("points", path, database=regions_url, dry_run=True)
    assert (report.inserted, report.committed) == (1, False)
    assert sql(regions_url, "SELECT count(*) FROM monitoring_point") == [(0,)]


def test_the_same_key_twice_in_a_file_is_refused_with_both_rows(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "A,a,119.16,36.71,stack\nB,b,119.16,36.71,stack\nA,c,119.16,36.71,stack\n")
    report = import_file("points", path, database=regions_url)
    assert [(one.row, one.problem) for one in report.problems] == [(4, "the same as in row 2")]
    assert not report.committed


def test_a_second_import_updates_what_is_in_the_file_and_leaves_the_rest(regions_url: str, tmp_path: Path) -> None:
    import_file("points", file(tmp_path, HEADER.strip() + ",grade\nA,a,119.16,36.71,stack,key\n"), database=regions_url)
    report = import_file("points", file(tmp_path, HEADER + "A,new,119.17,36.71,stack\n"), database=regions_url)
    assert (report.inserted, report.updated) == (0, 1)
    rows = sql(regions_url, "SELECT name, grade, version, ST_X(geom) FROM monitoring_point")
    assert rows == [("new", "key", 2, 119.17)]


def test_gcj02_lands_where_its_wgs84_twin_does(regions_url: str, tmp_path: Path) -> None:
    (lon,), (lat,) = convert_arrays([119.16], [36.71], Datum.WGS84, Datum.GCJ02)
    path = file(tmp_path, HEADER + f"A,a,{lon},{lat},stack\n")
    import_file("points", path, database=regions_url, datum="gcj02")
    ((away_m, datum),) = sql(
        regions_url,
        "SELECT ST_Distance(geom::geography, ST_Point(119.16, 36.71, 4326)::geography), source_datum"
        " FROM monitoring_point",
    )
    assert float(str(away_m)) < 0.001
    assert datum == "gcj02"


def test_a_file_in_the_wrong_datum_is_noticed_by_the_rows_that_are_known(regions_url: str, tmp_path: Path) -> None:
    places = [(119.10 + n / 100, 36.70 + n / 200) for n in range(6)]
    rows = [f"P{n},p,{lon},{lat},stack" for n, (lon, lat) in enumerate(places)]
    import_file("points", file(tmp_path, HEADER + "\n".join(rows)), database=regions_url)
    lons, lats = convert_arrays([p[0] for p in places], [p[1] for p in places], Datum.WGS84, Datum.GCJ02)
    moved = [f"P{n},p,{lon},{lat},stack" for n, (lon, lat) in enumerate(zip(lons, lats, strict=True))]
    report = import_file("points", file(tmp_path, HEADER + "\n".join(moved)), database=regions_url, dry_run=True)
    assert any("looks like gcj02" in warning for warning in report.warnings)


def test_enterprises_points_stations_and_officers_refer_to_each_other(regions_url: str, tmp_path: Path) -> None:
    def load(kind: str, text: str) -> None:
        report = import_file(kind, file(tmp_path, text), database=regions_url)
        assert report.committed, report.problems

    load("enterprises", "统一社会信用代码,企业名称,经度,纬度,行业代码,标签,风险等级\n"
         "91370700MA3C0DE0TB,甲,119.16,36.71,4620,污水处理厂；重点源企业,\n")  # fmt: skip
    load("points", HEADER.strip() + ",enterprise_uscc\nA,a,119.16,36.71,outfall,91370700MA3C0DE0TB\n")
    load("stations", "code,name,organisation,level,lon,lat\nS1,s,o,县级,119.15,36.70\n")
    load("officers", "执法证号,姓名,单位,级别,行政区划代码,驻地编码\nX1,张三,奎文大队,县级,370705,S1\n")
    assert sql(regions_url, "SELECT tags, risk FROM enterprise") == [(["污水处理厂", "重点源企业"], "low")]
    linked = "SELECT count(*) FROM monitoring_point p JOIN enterprise e ON e.id = p.enterprise_id"
    assert sql(regions_url, linked) == [(1,)]
    assert sql(regions_url, "SELECT o.shift, s.code FROM officer o JOIN station s ON s.id = o.station_id") == [
        ("day", "S1")
    ]


def test_a_reference_to_nothing_is_a_problem_of_its_row(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER.strip() + ",enterprise_uscc\nA,a,119.16,36.71,outfall,91370700MA3C0DE0TB\n")
    report = import_file("points", path, database=regions_url)
    assert [(one.field, one.problem) for one in report.problems] == [
        ("enterprise_uscc", "no enterprise with this uscc in the database")
    ]
    officers = file(tmp_path, "code,name,organisation,level,region\nX1,张三,o,county,110101\n")
    assert import_file("officers", officers, database=regions_url).problems[0].field == "region"


def test_geojson_is_imported_as_well(regions_url: str, tmp_path: Path) -> None:
    path = tmp_path / "in.geojson"
    geometry = {"type": "Point", "coordinates": [119.16, 36.71]}
    properties = {"code": "A", "name": "a", "kind": "surface_water", "grade": "III"}
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    assert import_file("points", path, database=regions_url).inserted == 1


def test_a_header_without_rows_is_refused(regions_url: str, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no rows"):
        import_file("points", file(tmp_path, HEADER), database=regions_url)


def test_a_file_that_breaks_off_in_the_middle_leaves_nothing(regions_url: str, tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "A,a,119.16,36.71,stack\n" * 1 + 'B,"b,119.16,36.71,stack\n')
    with pytest.raises(ImportRefused, match="quotation mark"):
        import_file("points", path, database=regions_url)
    assert sql(regions_url, "SELECT count(*) FROM monitoring_point") == [(0,)]


def test_a_database_without_regions_says_so(postgis_url: str, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no regions"):
        import_file("points", file(tmp_path, HEADER + "A,a,119.16,36.71,stack\n"), database=postgis_url)
