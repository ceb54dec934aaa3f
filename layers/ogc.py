"""OGC API Features and Tiles over the catalogue: the documents that describe it to a GIS, as JSON.

All links are relative to the host that was asked. What a person may see is decided by the session, as everywhere.
"""

from typing import Any, Final

from layers.catalog import Layer, LayerCatalog

CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
)
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
TILE_MATRIX_SET: Final = "WebMercatorQuad"
_TILE_MATRIX_SET_URI: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_TILING_SCHEME: Final = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_VECTOR_TILESETS: Final = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_QUERYABLES: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"

JSON, GEOJSON, SCHEMA, MVT = (
    "application/json",
    "application/geo+json",
    "application/schema+json",
    "application/vnd.mapbox-vector-tile",
)


def link(href: str, rel: str, media_type: str = JSON, title: str | None = None, **more: Any) -> dict[str, Any]:
    """A link of an OGC document."""
    return {"href": href, "rel": rel, "type": media_type, **({"title": title} if title else {}), **more}


def landing(base: str) -> dict[str, Any]:
    """The landing page; `base` is the address of the API without a slash at its end."""
    return {
        "title": "OneMap",
        "description": "环境执法一张图 · the layers of the enforcement map, as the person who asks may see them",
        "links": [
            link(f"{base}/", "self"),
            link(
                f"{base.removesuffix('/ogc')}/api/openapi.json",
                "service-desc",
                "application/vnd.oai.openapi+json;version=3.1",
            ),
            link(f"{base}/conformance", "conformance"),
            link(f"{base}/collections", "data"),
            link(f"{base}/tileMatrixSets", "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"),
        ],
    }


def collections(base: str, catalog: LayerCatalog) -> dict[str, Any]:
    """All layers that have rows or tiles."""
    return {
        "links": [link(f"{base}/collections", "self")],
        "collections": [collection(base, layer) for layer in catalog if offered(layer)],
    }


def offered(layer: Layer) -> bool:
    """Whether a GIS can do anything with the layer."""
    return layer.relation is not None or layer.tiles is not None


def collection(base: str, layer: Layer) -> dict[str, Any]:
    """One layer."""
    here = f"{base}/collections/{layer.id}"
    links = [link(here, "self")]
    if layer.relation is not None:
        links += [link(f"{here}/items", "items", GEOJSON), link(f"{here}/queryables", _QUERYABLES, SCHEMA)]
    if layer.tiles is not None:
        links.append(link(f"{here}/tiles", _VECTOR_TILESETS))
    return {
        "id": layer.id,
        "title": f"{layer.title.zh} · {layer.title.en}",
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]], "crs": CRS84}},
        "links": links,
    }


def queryables(base: str, layer: Layer) -> dict[str, Any]:
    """The filters of a layer as JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/collections/{layer.id}/queryables",
        "type": "object",
        "title": layer.title.zh,
        "properties": {
            entry.id: {
                "type": "string",
                "title": f"{entry.title.zh} · {entry.title.en}",
                **({"enum": [choice.value for choice in entry.choices]} if entry.choices else {}),
            }
            for entry in layer.filters
        },
        "additionalProperties": False,
    }


def tileset(base: str, layer: Layer) -> dict[str, Any]:
    """The vector tiles of a layer in the Web Mercator scheme."""
    here = f"{base}/collections/{layer.id}/tiles/{TILE_MATRIX_SET}"
    return {
        "title": f"{layer.title.zh} · {layer.title.en}",
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": _TILE_MATRIX_SET_URI,
        "tileMatrixSetLimits": [
            {"tileMatrix": str(z), "minTileRow": 0, "maxTileRow": 2**z - 1, "minTileCol": 0, "maxTileCol": 2**z - 1}
            for z in range(layer.min_zoom, layer.max_zoom + 1)
        ],
        "layers": [{"id": name, "dataType": "vector"} for name in layer.vector_layers],
        "links": [
            link(here, "self"),
            link(f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT, templated=True),
            link(_TILE_MATRIX_SET_URI, _TILING_SCHEME),
        ],
    }
