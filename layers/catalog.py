"""What a map can show: one entry a layer, in a catalogue that never changes (adding returns a new one).

Table and column names reach SQL from here only, never from an address; values are always bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import ARRAY, ColumnElement, Text, and_, bindparam, cast, literal_column, or_

from gis.http import BadQuery
from gis.parameters import in_area, parse_region, parse_words
from layers.errors import LayerExists, UnknownLayer
from layers.tiles import TileSource

Match = Literal["any", "all", "prefix", "area"]
Geometry = Literal["point", "line", "polygon"]


@dataclass(frozen=True, slots=True)
class Title:
    """The same words in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter knows, and what people call it."""

    value: str
    title: Title


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """How features with `value` of `property` are drawn; `value` None is the look of the whole layer."""

    property: str | None
    value: str | None
    title: Title
    colour: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter that narrows a layer: `a,b` for several values.

    `match` says how a row's `column` meets them: `any` equals one of them, `all` an array that holds each of them,
    `prefix` begins with one of them, `area` lies in the region. Without `choices` any value is allowed.
    """

    id: str
    title: Title
    column: str
    match: Match = "any"
    choices: tuple[Choice, ...] = ()
    default: str | None = None  # taken when the parameter is absent

    def read(self, value: str) -> tuple[str, ...]:
        """Return the values that `value` names; raise `BadQuery` for one that the filter does not know."""
        if self.match == "area":
            prefix = parse_region(value, self.id)
            return () if prefix is None else (prefix,)
        words = parse_words(value, self.id)
        known = [choice.value for choice in self.choices]
        for word in words:
            if known and word not in known:
                raise BadQuery(f"{self.id}: one or more of {', '.join(known)}, not {word[:40]!r}")
        return words

    def condition(self, values: Sequence[str]) -> ColumnElement[bool]:
        """The condition that a row meets the values."""
        column: ColumnElement[str] = literal_column(self.column)
        match self.match:
            case "any":
                return column.in_(list(values))
            case "all":
                return column.op("@>", is_comparison=True)(cast(bindparam(None, list(values)), ARRAY(Text)))
            case "prefix":
                return or_(*(column.startswith(value, autoescape=True) for value in values))
            case "area":
                return and_(*(in_area(column, value) for value in values))


@dataclass(frozen=True, slots=True)
class Relation:
    """Where the rows of a layer come from, in SQL of our own.

    `key` is a whole number that orders the rows; `properties` and `groups` map names to expressions; a group whose
    expression is listed in `many` is an array, a row counts once for each of its elements. `as_of` is a statement that
    says when the newest of the data that a session sees was taken.
    """

    source: str
    key: str
    geometry: str
    region: str
    properties: Mapping[str, str]
    as_of: str
    groups: Mapping[str, str] = field(default_factory=dict)
    many: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Layer:
    """One entry: what it is called, how it is drawn and narrowed, and where its tiles and rows come from.

    `vector_layers` are the names inside the tile. Below zoom `single_from` rows are counted in cells, from there on
    drawn alone. `live` layers change by the second and should be asked for again.
    """

    id: str
    title: Title
    geometry: Geometry
    min_zoom: int
    vector_layers: tuple[str, ...]
    legend: tuple[LegendEntry, ...] = ()
    filters: tuple[Filter, ...] = ()
    max_zoom: int = 18  # the deepest zoom with tiles of its own; deeper, a map enlarges them
    single_from: int = 0
    live: bool = False
    relation: Relation | None = None
    tiles: TileSource | None = None

    def read_filters(self, parameters: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return the values of each filter in `parameters`, in the catalogue's order, defaults filled in.

        Raise `BadQuery` for a parameter that is no filter of this layer: a misspelt filter must not show everything.
        """
        known = {entry.id: entry for entry in self.filters}
        for name in parameters:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise BadQuery(f"{name[:40]}: layer {self.id} has no such filter; it has: {listed}")
        values: dict[str, tuple[str, ...]] = {}
        for name, entry in known.items():
            text = parameters.get(name, entry.default)
            if text is not None and (read := entry.read(text)):
                values[name] = read
        return values

    def conditions(self, values: Mapping[str, Sequence[str]]) -> list[ColumnElement[bool]]:
        """The conditions of what `read_filters` returned."""
        return [entry.condition(values[entry.id]) for entry in self.filters if entry.id in values]


@dataclass(frozen=True, slots=True)
class LayerCatalog:
    """The layers, in the order in which a page lists them."""

    layers: tuple[Layer, ...] = ()

    def with_layer(self, layer: Layer) -> "LayerCatalog":
        """Return a catalogue that also has `layer`; raise `LayerExists` when its id is taken."""
        if any(known.id == layer.id for known in self.layers):
            raise LayerExists(f"the catalogue has a layer {layer.id!r} already")
        return LayerCatalog((*self.layers, layer))

    def with_tiles(self, layer_id: str, tiles: TileSource) -> "LayerCatalog":
        """Return a catalogue in which the tiles of one layer come from `tiles`."""
        changed = replace(self[layer_id], tiles=tiles)
        return LayerCatalog(tuple(changed if layer.id == layer_id else layer for layer in self.layers))

    def __getitem__(self, layer_id: str) -> Layer:
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise UnknownLayer(f"there is no layer {layer_id[:40]!r}; GET /api/layers lists those that exist")

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)
