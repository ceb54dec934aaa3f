"""OGC API Features and Tiles: the walk of a client, and GDAL as one."""

import asyncio
import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.house import CENTRE, IN_FANGZI, House, listening
from tests.vector_tile import read_tile

_READ = """
import json, sys, pyogrio
options = json.loads(sys.argv[2])
options = {name: tuple(value) for name, value in options.items()}
frame = pyogrio.read_dataframe(sys.argv[1], layer="points", **options)
print(json.dumps(sorted(map(str, frame["region"]))))
"""


def _linked(document: dict[str, Any], rel: str) -> str:
    (href,) = [link["href"] for link in document["links"] if link["rel"] == rel or link["rel"].endswith(f"/{rel}")]
    assert urlsplit(href).netloc == "onemap.test"  # of the host that was asked, no other
    return str(href)


async def _json(client: httpx.AsyncClient, href: str) -> dict[str, Any]:
    answer = await client.get(href)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_from_the_landing_page_every_row_and_tile_is_reached(app: House) -> None:
    points = sorted([await app.outfall("MN1"), await app.outfall("MN2"), await app.outfall("MN3")])
    duty = app.person("duty")
    landing = await _json(duty, "/ogc/")
    assert any(
        uri.endswith("conf/geojson") for uri in (await _json(duty, _linked(landing, "conformance")))["conformsTo"]
    )
    listed = (await _json(duty, _linked(landing, "data")))["collections"]
    assert {"enterprises", "points", "alerts", "roads"} <= {one["id"] for one in listed}
    collection = await _json(duty, _linked(next(one for one in listed if one["id"] == "points"), "self"))
    schema = await _json(duty, _linked(collection, "queryables"))
    assert schema["properties"]["kind"]["enum"] == ["outfall", "stack", "ambient_air", "surface_water"]

    href: str | None = _linked(collection, "items") + "?limit=2&kind=outfall"
    ids: list[int] = []
    while href is not None:
        page = await _json(duty, href)
        assert page["type"] == "FeatureCollection"
        assert page["numberReturned"] == len(page["features"])
        ids += [one["id"] for one in page["features"]]
        href = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert ids == points
    item = await _json(duty, f"{_linked(collection, 'items')}/{ids[0]}")
    assert item["geometry"] == {"type": "Point", "coordinates": list(CENTRE)}

    (tiles,) = (await _json(duty, _linked(collection, "tilesets-vector")))["tilesets"]
    template = next(link["href"] for link in tiles["links"] if link.get("templated"))
    address = template.replace("{tileMatrix}", "12").replace("{tileRow}", "1598").replace("{tileCol}", "3403")
    tile = await duty.get(address)
    assert (tile.status_code, tile.headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert sorted(one.id for one in read_tile(tile.content)["points"]) == points
    assert (await duty.get(address, headers={"If-None-Match": tile.headers["etag"]})).status_code == 304


async def test_gdal_reads_what_the_person_may_see(app: House) -> None:
    await app.outfall("MN1")
    await app.outfall("MN2", place=IN_FANGZI, region="370704")
    async with listening(app.app) as served:

        async def read(who: str, **options: Any) -> list[str]:
            """In a process of its own: GDAL waits for the answer and lets no other thread work meanwhile."""
            held = {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": app.tokens[who], "GDAL_HTTP_PROXY": ""}
            reader = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _READ, f"OAPIF:http://{served}/ogc", json.dumps(options)),
                env=dict(os.environ) | held | {"NO_PROXY": "*"},
                stdout=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(60):
                said, _ = await reader.communicate()
            assert reader.returncode == 0
            regions: list[str] = json.loads(said)
            return regions

        assert await read("duty") == ["370705"]
        assert await read("province") == ["370704", "370705"]
        assert await read("province", bbox=(119.3, 36.5, 119.6, 36.8)) == ["370704"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc/collections/nothing", 404),
        ("/ogc/collections/roads/items", 404),
        ("/ogc/collections/roads/queryables", 404),
        ("/ogc/collections/points/items/x", 422),
        ("/ogc/collections/points/items/999999", 404),
        ("/ogc/collections/points/items?limit=0", 422),
        ("/ogc/collections/points/items?bbox=1,2", 422),
        ("/ogc/collections/points/items?colour=red", 422),
        ("/ogc/collections/points/items?limit=99999999", 200),
        ("/ogc/collections/points/tiles/WebMercatorQuad/99/0/0", 422),
    ],
)
async def test_what_is_not_there_is_said_to_be_so(app: House, path: str, status: int) -> None:
    assert (await app.person("duty").get(path)).status_code == status
    assert (await app.client().get(path)).status_code == 401
