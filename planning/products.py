"""What a job leaves behind besides its figures: places, cells and areas, as GeoParquet (1.1, WKB, WGS84).

One form for all: it is stored as it is handed out, and every other export is made from it.
"""

import json
from collections.abc import Mapping, Sequence

import h3
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from planning.demands import Cells, Demands, outlines
from planning.figures import Reach

PLACES, CELLS, AREAS = "places", "cells", "areas"

_CRS84 = {
    "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
    "type": "GeographicCRS",
    "name": "WGS 84 (CRS84)",
    "datum": {
        "type": "GeodeticReferenceFrame",
        "name": "World Geodetic System 1984",
        "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6378137, "inverse_flattening": 298.257223563},
    },
    "coordinate_system": {
        "subtype": "ellipsoidal",
        "axis": [
            {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
            {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"},
        ],
    },
    "id": {"authority": "OGC", "code": "CRS84"},
}


def places(demands: Demands, reach: Reach) -> pa.Table:
    """Every demand with its minutes; null minutes where no way leads, and why."""
    never = ~np.isfinite(reach.first)
    reason = np.where(reach.no_road, "no_road", np.where(reach.no_way, "no_way", ""))
    columns = {
        "id": pa.array(demands.id),
        "name": pa.array(demands.name.tolist(), pa.string()),
        "region": pa.array(demands.region.tolist(), pa.string()),
        "risk": pa.array(demands.risk.tolist(), pa.string()),
        "tags": pa.array([list(tags) for tags in demands.tags], pa.list_(pa.string())),
        "weight": pa.array(demands.weight),
        **_times(reach),
        "origin": pa.array(reach.origin[:, 0].astype(np.int32), mask=never),
        "backup_origin": pa.array(reach.origin[:, 1].astype(np.int32), mask=~np.isfinite(reach.second)),
        "no_way_because": pa.array(reason.tolist(), pa.string()),
    }
    return _geoparquet(columns, np.asarray(shapely.points(demands.lonlat), object), "Point")


def cells(
    covering: Cells, reach: Reach, resolution: int, demands: Demands, served: Reach, bands: Sequence[float]
) -> pa.Table:
    """Every cell of land with the minutes to its centre, and how many of the demands in it are reached in each band."""
    number = {cell: row for row, cell in enumerate(covering.cell)}
    inside = np.array(
        [number.get(h3.latlng_to_cell(lat, lon, resolution), -1) for lon, lat in demands.lonlat.tolist()], np.int64
    )
    known = inside >= 0
    counted = {"demands": np.bincount(inside[known], minlength=len(covering))}
    for limit in bands:
        within = known & (served.first <= limit)
        counted[f"reached_{limit:g}"] = np.bincount(inside[within], minlength=len(covering))
    columns = {
        "cell": pa.array(covering.cell, pa.string()),
        "region": pa.array(covering.region.tolist(), pa.string()),
        "km2": pa.array(covering.km2),
        **_times(reach),
        **{name: pa.array(counts.astype(np.int32)) for name, counts in counted.items()},
    }
    return _geoparquet(columns, outlines(covering), "Polygon")


def areas(bands: Sequence[float], reached: Sequence[shapely.MultiPolygon]) -> pa.Table:
    """What is reached within each band, the longest first so that the shorter ones are drawn over it."""
    columns = {"minutes": pa.array(list(bands)[::-1])}
    return _geoparquet(columns, np.array(list(reached)[::-1], object), "MultiPolygon")


def written(table: pa.Table) -> bytes:
    """A product as the bytes of a file."""
    file = pa.BufferOutputStream()
    pq.write_table(table, file, compression="zstd")
    content: bytes = file.getvalue().to_pybytes()
    return content


def read(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a product."""
    return pq.read_table(pa.BufferReader(content), columns=None if columns is None else list(columns))


def geometries(table: pa.Table) -> npt.NDArray[np.object_]:
    found: npt.NDArray[np.object_] = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    return found


def _times(reach: Reach) -> dict[str, pa.Array]:
    return {
        "minutes": pa.array(reach.first, mask=~np.isfinite(reach.first)),
        "backup_minutes": pa.array(reach.second, mask=~np.isfinite(reach.second)),
    }


def _geoparquet(columns: Mapping[str, pa.Array], geometry: npt.NDArray[np.object_], kind: str) -> pa.Table:
    extent = shapely.total_bounds(geometry)
    column = {"encoding": "WKB", "geometry_types": [kind], "crs": _CRS84}
    if np.isfinite(extent).all():
        column["bbox"] = extent.tolist()
    about = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({**columns, "geometry": pa.array(shapely.to_wkb(geometry).tolist(), pa.binary())})
    return table.replace_schema_metadata({"geo": json.dumps(about)})
