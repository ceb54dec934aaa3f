"""The doors of OGC API Features and Tiles; `docs/decisions/ogc-api.md` says why they are our own."""

from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from gis.http import BadQuery, NotFound, PageParams, ScopeDep, SessionDep
from layers import ogc
from layers.api import CatalogDep, filters_in, find_layer, layer_tile
from layers.catalog import Layer, LayerCatalog
from layers.features import feature, feature_collection


def _only_json(f: Annotated[str | None, Query(description="json, which is all there is")] = None) -> None:
    if f not in (None, "json", "geojson", "application/json", "application/geo+json"):
        raise BadQuery("f: json")


router = APIRouter(prefix="/ogc", tags=["ogc"], dependencies=[Depends(_only_json)])

_MOST = 10_000
_JSON_OBJECT: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}
_GEOJSON: dict[int | str, dict[str, Any]] = {200: {"content": {ogc.GEOJSON: {"schema": {"type": "object"}}}}}


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/ogc"


@router.get("/", response_class=JSONResponse, responses=_JSON_OBJECT)
async def landing_page(request: Request, _: ScopeDep) -> Any:
    """Where everything is."""
    return ogc.landing(_base(request))


@router.get("/conformance", response_class=JSONResponse, responses=_JSON_OBJECT)
async def conformance(_: ScopeDep) -> Any:
    """What of the standards is there."""
    return {"conformsTo": list(ogc.CONFORMANCE)}


@router.get("/collections", response_class=JSONResponse, responses=_JSON_OBJECT)
async def list_collections(request: Request, catalog: CatalogDep, _: ScopeDep) -> Any:
    """The layers."""
    return ogc.collections(_base(request), catalog)


@router.get("/collections/{collection}", response_class=JSONResponse, responses=_JSON_OBJECT)
async def get_collection(collection: str, request: Request, catalog: CatalogDep, _: ScopeDep) -> Any:
    """One layer."""
    return ogc.collection(_base(request), _offered(catalog, collection))


@router.get("/collections/{collection}/queryables", responses={200: {"content": {ogc.SCHEMA: {}}}})
async def get_queryables(collection: str, request: Request, catalog: CatalogDep, _: ScopeDep) -> Response:
    """The filters of a layer."""
    schema = ogc.queryables(_base(request), _with_rows(catalog, collection))
    return Response(orjson.dumps(schema), media_type=ogc.SCHEMA)


@router.get("/collections/{collection}/items", response_class=Response, responses=_GEOJSON)
async def list_items(
    collection: str,
    request: Request,
    catalog: CatalogDep,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, description=f"more than {_MOST} counts as {_MOST}")] = 100,
    offset: Annotated[str | None, Query(description="from the `next` link of the page before")] = None,
    bbox: Annotated[str | None, Query(description="minlon,minlat,maxlon,maxlat (CRS84)")] = None,
) -> Response:
    """The rows of a layer as GeoJSON; further parameters are its queryables."""
    layer = _with_rows(catalog, collection)
    given = filters_in(request, "limit", "offset", "bbox", "f")
    page = PageParams(limit=min(limit, _MOST), cursor=offset)
    found = await feature_collection(session, layer, page=page, bbox=bbox, filters=layer.read_filters(given))
    answer = orjson.loads(found)
    here = f"{_base(request)}/collections/{layer.id}/items"
    links = [ogc.link(str(request.url), "self", ogc.GEOJSON), ogc.link(here.removesuffix("/items"), "collection")]
    following = answer.pop("next")
    if following is not None:
        asked = {**request.query_params, "offset": following}
        links.append(ogc.link(f"{here}?{urlencode(asked)}", "next", ogc.GEOJSON))
    answer |= {"numberReturned": len(answer["features"]), "links": links}
    return Response(orjson.dumps(answer), media_type=ogc.GEOJSON)


@router.get("/collections/{collection}/items/{item}", response_class=Response, responses=_GEOJSON)
async def get_item(collection: str, item: str, request: Request, catalog: CatalogDep, session: SessionDep) -> Response:
    """One row."""
    layer = _with_rows(catalog, collection)
    if not (item.isascii() and item.isdigit() and len(item) <= 18):
        raise BadQuery("item: the number of a feature")
    found = await feature(session, layer, int(item))
    if found is None:
        raise NotFound(f"layer {layer.id} has no feature {item} in your area")
    above = f"{_base(request)}/collections/{layer.id}"
    found["links"] = [
        ogc.link(f"{above}/items/{item}", "self", ogc.GEOJSON),
        ogc.link(above, "collection"),
    ]
    return Response(orjson.dumps(found), media_type=ogc.GEOJSON)


@router.get("/collections/{collection}/tiles", response_class=JSONResponse, responses=_JSON_OBJECT)
async def list_tilesets(collection: str, request: Request, catalog: CatalogDep, _: ScopeDep) -> Any:
    """The tilesets of a layer."""
    return {"tilesets": [ogc.tileset(_base(request), _with_tiles(catalog, collection))]}


@router.get(
    f"/collections/{{collection}}/tiles/{ogc.TILE_MATRIX_SET}", response_class=JSONResponse, responses=_JSON_OBJECT
)
async def get_tileset(collection: str, request: Request, catalog: CatalogDep, _: ScopeDep) -> Any:
    """The tiles of a layer in the Web Mercator scheme."""
    return ogc.tileset(_base(request), _with_tiles(catalog, collection))


@router.get(
    f"/collections/{{collection}}/tiles/{ogc.TILE_MATRIX_SET}/{{z}}/{{row}}/{{column}}",
    response_class=Response,
    responses={
        200: {"content": {ogc.MVT: {"schema": {"type": "string", "format": "binary"}}}},
        204: {"description": "Nothing to draw here"},
        304: {"description": "The tile that you have still holds"},
    },
)
async def get_tile(
    collection: str, z: int, row: int, column: int, request: Request, catalog: CatalogDep, session: SessionDep
) -> Response:
    """A vector tile; query parameters are the layer's queryables."""
    return await layer_tile(collection, z, column, row, request, catalog, session)


@router.get("/tileMatrixSets", response_class=JSONResponse, responses=_JSON_OBJECT)
async def tile_matrix_sets(_: ScopeDep) -> Any:
    """The one scheme in which there are tiles."""
    name = ogc.TILE_MATRIX_SET
    uri = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{name}"
    return {"tileMatrixSets": [{"id": name, "uri": uri, "links": [ogc.link(uri, "self")]}]}


def _offered(catalog: LayerCatalog, layer_id: str) -> Layer:
    layer = find_layer(catalog, layer_id)
    if not ogc.offered(layer):
        raise NotFound(f"layer {layer.id} has neither rows nor tiles here")
    return layer


def _with_rows(catalog: LayerCatalog, layer_id: str) -> Layer:
    layer = _offered(catalog, layer_id)
    if layer.relation is None:
        raise NotFound(f"layer {layer.id} has no features, only tiles")
    return layer


def _with_tiles(catalog: LayerCatalog, layer_id: str) -> Layer:
    layer = _offered(catalog, layer_id)
    if layer.tiles is None:
        raise NotFound(f"layer {layer.id} has no tiles")
    return layer
