"""What a scenario found as files: a spreadsheet, and a GeoPackage with places, cells and areas."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from gis.spreadsheets import no_formula
from planning import products

_TITLES = {
    "id": "编号",
    "name": "名称",
    "region": "县区代码",
    "risk": "风险等级",
    "tags": "标签",
    "weight": "权重",
    "minutes": "最快到达（分钟）",
    "backup_minutes": "次快到达（分钟）",
    "origin": "最快出发点",
    "no_way_because": "无法到达的原因",
}
_RISKS = {"high": "高", "medium": "中", "low": "低", "": ""}
_REASONS = {"no_road": "附近无道路", "no_way": "无路可通", "": ""}


def as_csv(places: bytes, origins: list[str]) -> bytes:
    """Every demand a row, UTF-8 with a mark so that spreadsheets read it; times to the hundredth of a minute."""
    table = products.read(places)
    points = products.geometries(table)
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow([*_TITLES.values(), "经度", "纬度"])
    for row, point in zip(table.select(list(_TITLES)).to_pylist(), points, strict=True):
        write.writerow(
            [
                row["id"],
                no_formula(row["name"]),
                row["region"],
                _RISKS.get(row["risk"], row["risk"]),
                no_formula(";".join(row["tags"])),
                row["weight"],
                _minutes(row["minutes"]),
                _minutes(row["backup_minutes"]),
                "" if row["origin"] is None else no_formula(origins[row["origin"]]),
                _REASONS.get(row["no_way_because"], row["no_way_because"]),
                round(point.x, 6),
                round(point.y, 6),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def write_geopackage(path: Path, layers: Mapping[str, bytes]) -> None:
    """Write products as layers of one GeoPackage (WGS84); lists become texts with semicolons."""
    import pyogrio  # brings pandas along: a second to load that no start should wait for

    for name, content in layers.items():
        table = products.read(content)
        kind = {"places": "Point", "cells": "Polygon", "areas": "MultiPolygon"}[name]
        pyogrio.write_arrow(
            _flat(table), path, layer=name, driver="GPKG", append=path.exists(),
            geometry_name="geometry", geometry_type=kind, crs="EPSG:4326",
        )  # fmt: skip


def _flat(table: pa.Table) -> pa.Table:
    for number, column in enumerate(table.schema):
        if pa.types.is_list(column.type):
            texts = [";".join(values) for values in table.column(number).to_pylist()]
            table = table.set_column(number, column.name, pa.array(texts, pa.string()))
    # The metadata of GeoParquet would have the geometry read as an extension type.
    return table.replace_schema_metadata(None)


def _minutes(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
