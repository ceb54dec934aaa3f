"""Products as GeoJSON, coordinates to five decimals (a metre), figures to three."""

import orjson
import shapely

from planning import products


def features(content: bytes) -> bytes:
    """A product as a GeoJSON FeatureCollection; every column but the geometry is a property."""
    table = products.read(content)
    shapes = shapely.set_precision(products.geometries(table), 1e-5, mode="pointwise")
    properties = [
        {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
        for row in table.drop_columns(["geometry"]).to_pylist()
    ]
    drawn = shapely.to_geojson(shapes).tolist()
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": orjson.Fragment(shape), "properties": about}
                for shape, about in zip(drawn, properties, strict=True)
            ],
        }
    )
