"""Files of all shapes, read row by row; fields found and checked; places converted and put into counties."""

import csv
import json
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
import shapely
from numpy.typing import ArrayLike

from data.importers import Column, Constant, ImportRefused, ImportReport, import_file, parse_mapping
from data.importers.columns import choose_columns
from data.importers.errors import BadValue
from data.importers.kinds import KINDS
from data.importers.reading import Row, open_table
from data.importers.report import MOST_PROBLEMS
from data.importers.rows import Ready, ready_rows
from gis.position import Datum
from gis.regions import Placement

POINTS, ENTERPRISES, OFFICERS = KINDS["points"], KINDS["enterprises"], KINDS["officers"]


def file(tmp_path: Path, content: str | bytes, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> list[Row]:
    with open_table(path) as table:
        return list(table.rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_whatever_its_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = f"编号{delimiter}名称\r\nA1{delimiter}科干所\r\n".encode(encoding)
    assert read(file(tmp_path, text)) == [Row(2, {"编号": "A1", "名称": "科干所"})]


def test_quoted_values_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    rows = read(file(tmp_path, 'code,name\nA,"one, two\nthree"\nB,x\n'))
    assert rows[0].values["name"] == "one, two\nthree"
    assert rows[1].number == 4


def test_blank_lines_are_skipped_and_short_rows_are_said(tmp_path: Path) -> None:
    rows = read(file(tmp_path, "code,name\n\n,\nA\n"))
    assert [(row.number, row.flaw) for row in rows] == [(4, "1 values for 2 columns")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"  \n \n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xff\xfeA\x00", "UTF-16"),
        (b"a,b\n\x00\x01", "no text file"),
        (b"a,b\n\x81\x20\xff\xff\n", "neither UTF-8 nor GBK"),
        (b'a,b\n"open,1\n2,3\n', "line"),
        (b"a,a\n1,2\n", "column twice"),
        (b"a,b\n" + b"x" * 1_100_000, "million characters"),
        (b'{"type": "Point"}', "FeatureCollection"),
        (b'{"features": []}', "no feature"),
        (b'{"features": [{"type": }]}', "feature 1 is no valid JSON"),
        (b'{"features": [{"a": 1}, {"b"', "feature 2 is no valid JSON"),
        (b'{"crs": {"name": "EPSG:3857"}, "features": [{}]}', "EPSG:4326"),
        (b'{"features": [' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        read(file(tmp_path, content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be read"):
        read(tmp_path / "nothing.csv")


def feature(name: str, lon: float, lat: float) -> dict[str, object]:
    return {"type": "Feature", "properties": {"名称": name}, "geometry": {"type": "Point", "coordinates": [lon, lat]}}


def test_geojson_points_become_columns(tmp_path: Path) -> None:
    collection = {"type": "FeatureCollection", "features": [feature("a", 119.1, 36.7), feature("b", 119.2, 36.8)]}
    rows = read(file(tmp_path, json.dumps(collection), "in.geojson"))
    assert [row.number for row in rows] == [1, 2]
    assert rows[1].values == {"名称": "b", "geometry.lon": "119.2", "geometry.lat": "36.8"}


def test_geojson_lines_are_told_apart_from_points(tmp_path: Path) -> None:
    line = {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}
    assert read(file(tmp_path, json.dumps({"features": [line, 7]})))[0].flaw == "its geometry is no point"


def test_geojson_larger_than_a_chunk_is_read_in_pieces(tmp_path: Path) -> None:
    collection = {"features": [feature("名" * 100, 119.1, 36.7) for _ in range(20_000)]}
    assert len(read(file(tmp_path, json.dumps(collection, ensure_ascii=False)))) == 20_000


def test_rows_are_read_as_they_are_needed(tmp_path: Path) -> None:
    path = file(tmp_path, "code,name\n" + "A,x\n" * 200_000)
    with open_table(path) as table:
        assert len(list(islice(table.rows, 10))) == 10


def test_mappings_name_a_column_or_a_constant() -> None:
    assert parse_mapping(["code=StationCode", "kind:=ambient_air", "name=a=b"]) == {
        "code": Column("StationCode"),
        "kind": Constant("ambient_air"),
        "name": Column("a=b"),
    }


@pytest.mark.parametrize("part", ["code", "=x", ":=x", "code=", "code:="])
def test_a_mapping_of_another_shape_is_refused(part: str) -> None:
    with pytest.raises(ImportRefused, match="FIELD=COLUMN"):
        parse_mapping([part])


def test_a_field_mapped_twice_is_refused() -> None:
    with pytest.raises(ImportRefused, match="twice"):
        parse_mapping(["code=a", "code:=b"])


def test_well_known_columns_need_no_mapping() -> None:
    chosen, _ = choose_columns(ENTERPRISES, ["统一社会信用代码", "企业名称", "经度", "纬度", "行业代码", "备注"], {})
    assert chosen == {
        "uscc": Column("统一社会信用代码"),
        "name": Column("企业名称"),
        "lon": Column("经度"),
        "lat": Column("纬度"),
        "industry": Column("行业代码"),
    }


def test_the_national_air_stations_are_known_by_their_columns() -> None:
    columns = ["StationCode", "PositionName", "Area", "Longitude", "Latitude", "county_adcode"]
    chosen, remarks = choose_columns(POINTS, columns, {})
    assert chosen["kind"] == Constant("ambient_air")
    assert chosen["standard"] == Constant("GB 3095")
    assert len(remarks) == 2


def test_a_guess_that_could_mean_two_columns_is_refused() -> None:
    with pytest.raises(ImportRefused, match="could be any of the columns 名称, 站点名称"):
        choose_columns(POINTS, ["编号", "名称", "站点名称", "经度", "纬度"], {})
    chosen, _ = choose_columns(
        POINTS, ["编号", "名称", "站点名称", "经度", "纬度"], parse_mapping(["name=名称", "kind:=stack"])
    )
    assert chosen["name"] == Column("名称")


def test_a_column_of_exactly_the_fields_name_is_meant() -> None:
    chosen, _ = choose_columns(POINTS, ["code", "编号", "name", "lon", "lat", "kind"], {})
    assert chosen["code"] == Column("code")


def test_missing_columns_are_named_with_what_the_file_has() -> None:
    with pytest.raises(ImportRefused, match=r"no column for code, lon, lat, kind; the file has: name, foo\."):
        choose_columns(POINTS, ["name", "foo"], {})


@pytest.mark.parametrize(
    ("part", "message"),
    [("colour=x", "no field colour"), ("code=Kode", "no column 'Kode'"), ("kind:=volcano", "must be one of")],
)
def test_a_mapping_that_leads_nowhere_is_refused(part: str, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        choose_columns(POINTS, ["code", "name", "lon", "lat", "kind"], parse_mapping([part]))


def parsed(kind: str, field: str, text: str) -> object:
    found = KINDS[kind].field(field)
    assert found is not None
    return found.parse(text)


@pytest.mark.parametrize(
    ("kind", "field", "text", "value"),
    [
        ("enterprises", "uscc", "91370700ma3c0de0tb", "91370700MA3C0DE0TB"),
        ("enterprises", "tags", "化工；重点源企业,化工 | ", ["化工", "重点源企业"]),
        ("enterprises", "risk", "高", "high"),
        ("enterprises", "permit_valid_to", "2027年3月5日", date(2027, 3, 5)),
        ("enterprises", "permit_valid_to", "20270305", date(2027, 3, 5)),
        ("enterprises", "permit_valid_to", "2027/3/5 00:00:00", date(2027, 3, 5)),
        ("points", "kind", "废水排放口", "outfall"),
        ("officers", "level", "县级", "county"),
        ("officers", "shift", "夜班", "night"),
    ],
)
def test_values_are_read_as_people_write_them(kind: str, field: str, text: str, value: object) -> None:
    assert parsed(kind, field, text) == value


@pytest.mark.parametrize(
    ("kind", "field", "text", "message"),
    [
        ("points", "lon", "NaN", "degrees between"),
        ("points", "lon", "inf", "degrees between"),
        ("points", "lon", "—", "not a number"),
        ("points", "lat", "119.1", "looks like a longitude"),
        ("enterprises", "uscc", "91370700MA3C0DE0TX", "check digit"),
        ("enterprises", "permit_valid_to", "2027-02-30", "not a day"),
        ("officers", "region", "潍坊", "six digits"),
    ],
)
def test_values_that_are_wrong_are_told_what_they_should_be(kind: str, field: str, text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        parsed(kind, field, text)


class OneCounty:
    """A county that holds everything west of 120° east; up to 121° is offshore."""

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> Sequence[Placement | None]:
        return [
            Placement("370705") if lon < 120 else Placement("370705", 1200.0) if lon < 121 else None
            for lon in list(lons)  # type: ignore[arg-type]
        ]


def ready(rows: list[dict[str, str]], datum: Datum = Datum.WGS84) -> tuple[list[Ready], ImportReport]:
    report = ImportReport("points", "in.csv", datum, dry_run=False)
    sources = {name: Column(name) for name in ("code", "name", "lon", "lat", "kind", "grade")}
    numbered = (Row(number, row) for number, row in enumerate(rows, start=2))
    return list(ready_rows(numbered, POINTS, sources, datum, OneCounty(), report)), report


def point(**more: str) -> dict[str, str]:
    return {"code": "A", "name": "n", "lon": "119.1", "lat": "36.7", "kind": "stack", **more}


def test_good_rows_get_their_county_and_bad_ones_a_line_each() -> None:
    rows, report = ready([point(), point(lon="nan", kind="volcano"), point(name=""), point(lon="130")])
    assert [(row.number, row.region) for row in rows] == [(2, "370705")]
    assert (report.rows, report.refused) == (4, 3)
    assert [(one.row, one.field) for one in report.problems] == [(3, "lon"), (3, "kind"), (4, "name"), (5, "lon")]


def test_a_place_offshore_goes_to_the_nearest_county_with_a_note() -> None:
    rows, report = ready([point(lon="120.5")])
    assert rows[0].region == "370705"
    assert "1200 m outside every county" in report.notes[0].problem


def test_zero_degrees_of_both_are_no_place() -> None:
    assert "never filled in" in ready([point(lon="0", lat="0")])[1].problems[0].problem


def test_swapped_coordinates_are_recognised() -> None:
    _, report = ready([point(lon="121.5", lat="36.7")])
    assert "check the datum" in report.problems[0].problem


def test_gcj02_lands_where_its_wgs84_twin_does() -> None:
    (twin,), _ = ready([point(lon="119.107078", lat="36.709250")])
    (moved,), _ = ready([point(lon="119.113045", lat="36.709764")], Datum.GCJ02)
    assert shapely.from_wkb(twin.geom).distance(shapely.from_wkb(moved.geom)) < 1e-6  # both are rounded to six decimals


def test_the_report_counts_more_than_it_keeps() -> None:
    report = ImportReport("points", "in.csv", "wgs84", dry_run=False)
    for row in range(MOST_PROBLEMS + 5):
        report.add(row, "lon", "x" * 1000, "wrong")
    assert len(report.problems) == MOST_PROBLEMS
    assert report.problem_count == MOST_PROBLEMS + 5
    assert len(report.problems[0].value) == 200


def test_the_report_is_written_as_json_or_as_a_table(tmp_path: Path) -> None:
    report = ImportReport("points", "in.csv", "wgs84", dry_run=True)
    report.add(3, "lon", "—", "not a number of degrees")
    report.note(4, "region", "x", "nearest")
    report.write(tmp_path / "report.json")
    report.write(tmp_path / "report.csv")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["problems"][0]["value"] == "—"
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as table:
        assert [row[1] for row in csv.reader(table)] == ["severity", "error", "note"]


@pytest.mark.parametrize(
    ("kind", "datum", "message"),
    [("volcanoes", "wgs84", "choose one of: enterprises"), ("points", "mars", "choose one of: wgs84")],
)
def test_an_unknown_kind_or_datum_is_refused_before_anything_is_opened(
    tmp_path: Path, kind: str, datum: str, message: str
) -> None:
    with pytest.raises(ImportRefused, match=message):
        import_file(kind, tmp_path / "x.csv", database="postgresql://nobody@/none", datum=datum)


def test_every_kind_has_its_key_among_its_required_fields() -> None:
    for kind in KINDS.values():
        key = kind.field(kind.key)
        assert key is not None
        assert key.required
    assert not OFFICERS.placed
