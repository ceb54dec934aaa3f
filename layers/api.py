"""The doors to layers: what there is, tiles, counts and features.

The catalogue is `app.state.layers` or, where none is set, that of the layers which OneMap ships; a new one may be put
there at any time (a catalogue itself never changes).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gis.http import NotFound, PageDep, ScopeDep, SessionDep
from gis.parameters import parse_region
from layers.catalog import Layer, LayerCatalog
from layers.errors import NoTiles, UnknownLayer
from layers.features import feature_collection
from layers.standard import standard_layers
from layers.statistics import Statistics, count_by, newest, ways_to_count
from layers.tiles import check_address, content_etag, is_known

MVT = "application/vnd.mapbox-vector-tile"

# A tile shows one person's area: nobody in between may keep it, and the browser asks each time whether it still holds.
_CACHE = "private, no-cache"

_SHIPPED = standard_layers()

router = APIRouter(tags=["layers"])


def catalog_of(request: Request) -> LayerCatalog:
    catalog: LayerCatalog = getattr(request.app.state, "layers", _SHIPPED)
    return catalog


CatalogDep = Annotated[LayerCatalog, Depends(catalog_of)]
BoxQuery = Annotated[str | None, Query(description="minlon,minlat,maxlon,maxlat (WGS84)")]


class TitleItem(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    zh: str
    en: str


class ChoiceItem(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    value: str
    title: TitleItem


class LegendItem(BaseModel):
    """How features whose `property` has `value` are drawn; both null: the whole layer."""

    model_config = ConfigDict(from_attributes=True)

    property: str | None
    value: str | None
    title: TitleItem
    colour: str


class FilterItem(BaseModel):
    """A query parameter of tiles, counts and features; several values are separated by commas."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: TitleItem
    match: Literal["any", "all", "prefix", "area"]
    choices: list[ChoiceItem]
    default: str | None


class LayerItem(BaseModel):
    id: str
    title: TitleItem
    geometry: Literal["point", "line", "polygon"]
    min_zoom: int
    max_zoom: int
    single_from: int = Field(description="below this zoom tiles hold H3 cells with counts, from it on single rows")
    live: bool
    tiles: str | None
    vector_layers: list[str]
    legend: list[LegendItem]
    filters: list[FilterItem]
    counted_by: list[str]
    has_features: bool
    as_of: AwareDatetime | None = Field(description="time of the newest data in it that you may see")


class LayerListing(BaseModel):
    items: list[LayerItem]
    next: str | None = None


class CountItem(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    key: str
    name: str | None
    count: int


class StatisticsItem(BaseModel):
    """Counts of one layer in one area; `items` add up to `total`, unless `by` is a list such as tags."""

    layer: str
    region: str
    by: str
    total: int
    as_of: AwareDatetime | None = Field(description="time of the newest data in the layer that you may see")
    items: list[CountItem]
    next: str | None = None


class Feature(BaseModel):
    type: Literal["Feature"]
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]


class FeatureCollection(BaseModel):
    """GeoJSON (RFC 7946), with the cursor of the next page."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    next: str | None = None


@router.get("/api/layers")
async def list_layers(catalog: CatalogDep, session: SessionDep) -> LayerListing:
    """All layers, with their filters, legend and tile address."""
    return LayerListing(items=[_item(layer, await newest(session, layer)) for layer in catalog])


@router.get("/api/layers/{layer}/stats")
async def layer_statistics(
    layer: str,
    request: Request,
    catalog: CatalogDep,
    session: SessionDep,
    scope: ScopeDep,
    region: Annotated[str | None, Query(description="GB/T 2260 code; your whole area when absent")] = None,
    by: Annotated[str, Query(description="`region`, or one of the layer's `counted_by`")] = "region",
    bbox: BoxQuery = None,
) -> StatisticsItem:
    """Counts by child region or by a property; further parameters are the layer's filters."""
    entry = find_layer(catalog, layer)
    area = parse_region(region) or parse_region(scope.region) or scope.region
    filters = entry.read_filters(filters_in(request, "region", "by", "bbox"))
    try:
        counted: Statistics = await count_by(session, entry, by=by, area=area, bbox=bbox, filters=filters)
    except UnknownLayer as error:
        raise NotFound(str(error)) from None
    return StatisticsItem(
        layer=entry.id,
        region=area.ljust(6, "0"),
        by=by,
        total=counted.total,
        as_of=await newest(session, entry),
        items=[CountItem.model_validate(count) for count in counted.counts],
    )


@router.get("/api/layers/{layer}/features", response_model=FeatureCollection)
async def layer_features(
    layer: str,
    request: Request,
    catalog: CatalogDep,
    session: SessionDep,
    page: PageDep,
    bbox: BoxQuery = None,
) -> Response:
    """The rows of a layer as GeoJSON; further parameters are the layer's filters."""
    entry = find_layer(catalog, layer)
    filters = entry.read_filters(filters_in(request, "bbox", "limit", "cursor"))
    try:
        body = await feature_collection(session, entry, page=page, bbox=bbox, filters=filters)
    except UnknownLayer as error:
        raise NotFound(str(error)) from None
    return Response(body, media_type="application/geo+json")


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={
        200: {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}},
        204: {"description": "Nothing to draw here"},
        304: {"description": "The tile that you have still holds"},
    },
)
async def layer_tile(
    layer: str, z: int, x: int, y: int, request: Request, catalog: CatalogDep, session: SessionDep
) -> Response:
    """A vector tile as you may see it; query parameters are the layer's filters."""
    entry = find_layer(catalog, layer)
    check_address(z, x, y)
    filters = entry.read_filters(request.query_params)
    if entry.tiles is None:
        raise NotFound(f"layer {entry.id} has no tiles here")
    wanted = request.headers.get("if-none-match")
    etag = entry.tiles.etag(z, x, y, filters)
    if etag is not None and is_known(etag, wanted):
        return _not_modified(etag)
    try:
        tile = await entry.tiles.tile(session, z, x, y, filters)
    except NoTiles as error:
        raise NotFound(str(error)) from None
    if not tile:
        return Response(status_code=204, headers={"Cache-Control": _CACHE})
    etag = etag or content_etag(tile)
    if is_known(etag, wanted):
        return _not_modified(etag)
    return Response(tile, media_type=MVT, headers={"ETag": f'"{etag}"', "Cache-Control": _CACHE})


def _not_modified(etag: str) -> Response:
    return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": _CACHE})


def find_layer(catalog: LayerCatalog, layer_id: str) -> Layer:
    """Return the layer; raise `NotFound`."""
    try:
        return catalog[layer_id]
    except UnknownLayer as error:
        raise NotFound(str(error)) from None


def filters_in(request: Request, *own: str) -> dict[str, str]:
    """The query parameters that are not the door's own: the filters."""
    return {name: value for name, value in request.query_params.items() if name not in own}


def _item(layer: Layer, as_of: datetime | None) -> LayerItem:
    return LayerItem(
        id=layer.id,
        title=TitleItem.model_validate(layer.title),
        geometry=layer.geometry,
        min_zoom=layer.min_zoom,
        max_zoom=layer.max_zoom,
        single_from=layer.single_from,
        live=layer.live,
        tiles=None if layer.tiles is None else f"/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt",
        vector_layers=list(layer.vector_layers),
        legend=[LegendItem.model_validate(entry) for entry in layer.legend],
        filters=[FilterItem.model_validate(entry, from_attributes=True) for entry in layer.filters],
        counted_by=list(ways_to_count(layer)),
        has_features=layer.relation is not None,
        as_of=as_of,
    )
