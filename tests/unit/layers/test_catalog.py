"""The catalogue and its filters, without a database."""

from dataclasses import FrozenInstanceError

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from gis.http import BadQuery
from layers.catalog import Layer, LayerCatalog, Title
from layers.errors import LayerExists, UnknownLayer
from layers.standard import ENTERPRISES, REGIONS, ROADS, standard_layers
from layers.statistics import ways_to_count
from layers.tiles import Filters, check_address, content_etag, is_known


class FixedTiles:
    """One and the same tile everywhere."""

    async def tile(self, session: AsyncSession, z: int, x: int, y: int, filters: Filters) -> bytes:
        return b"tile"

    def etag(self, z: int, x: int, y: int, filters: Filters) -> str | None:
        return "v1"


def test_adding_a_layer_leaves_the_catalogue_as_it_was() -> None:
    empty = LayerCatalog()
    full = empty.with_layer(ENTERPRISES).with_layer(REGIONS)
    assert len(empty) == 0
    assert [layer.id for layer in full] == ["enterprises", "regions"]
    with pytest.raises(FrozenInstanceError):
        full.layers = ()  # type: ignore[misc]


def test_a_layer_has_one_entry() -> None:
    with pytest.raises(LayerExists):
        standard_layers().with_layer(Layer("roads", Title("路", "roads"), "line", 0, ()))


def test_an_unknown_layer_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownLayer, match="nothing"):
        standard_layers()["nothing"]


def test_tiles_of_roads_are_plugged_in_where_the_network_is_known() -> None:
    tiles = FixedTiles()
    plugged = standard_layers().with_tiles("roads", tiles)
    assert plugged["roads"].tiles is tiles
    assert ROADS.tiles is None
    assert [layer.id for layer in plugged] == [layer.id for layer in standard_layers()]


def test_every_shipped_layer_speaks_both_languages() -> None:
    for layer in standard_layers():
        titles = [layer.title, *(entry.title for entry in layer.filters), *(entry.title for entry in layer.legend)]
        assert all(title.zh and title.en for title in titles), layer.id


def test_filters_are_read_in_the_order_of_the_catalogue_and_without_repetition() -> None:
    read = ENTERPRISES.read_filters({"risk": "high, low,high", "region": "370700", "tag": "化工,涉气企业"})
    assert list(read.items()) == [("region", ("3707",)), ("tag", ("化工", "涉气企业")), ("risk", ("high", "low"))]


@pytest.mark.parametrize(
    "parameters",
    [
        {"risc": "high"},
        {"risk": "grave"},
        {"region": "37070"},
        {"region": "3707 "},
        {"region": "٣٧"},
        {"tag": "\x00"},
        {"tag": "x" * 501},
        {"industry": ",".join(str(n) for n in range(100))},
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(BadQuery):
        ENTERPRISES.read_filters(parameters)


def test_open_alerts_are_shown_unless_others_are_asked_for() -> None:
    alerts = standard_layers()["alerts"]
    assert alerts.read_filters({})["status"] == ("raised", "acknowledged")
    assert alerts.read_filters({"status": "closed"})["status"] == ("closed",)


def test_a_layer_is_counted_by_region_and_its_groups() -> None:
    assert ways_to_count(ENTERPRISES) == ("region", "risk", "credit", "industry", "tag")
    assert ways_to_count(ROADS) == ()


@pytest.mark.parametrize("address", [(0, 0, 0), (22, 0, 2**22 - 1), (5, 31, 31)])
def test_a_tile_of_the_world_has_an_address(address: tuple[int, int, int]) -> None:
    check_address(*address)


@pytest.mark.parametrize("address", [(-1, 0, 0), (23, 0, 0), (0, 1, 0), (5, 0, 32), (5, -1, 0)])
def test_an_address_outside_the_world_is_refused(address: tuple[int, int, int]) -> None:
    with pytest.raises(BadQuery):
        check_address(*address)


def test_an_etag_is_known_in_all_the_forms_in_which_a_browser_sends_it() -> None:
    etag = content_etag(b"tile")
    for header in (f'"{etag}"', f'W/"{etag}"', f'"a", "{etag}"', "*"):
        assert is_known(etag, header)
    for header in (None, "", etag, '"other"', f'"{content_etag(b"other")}"'):
        assert not is_known(etag, header)
