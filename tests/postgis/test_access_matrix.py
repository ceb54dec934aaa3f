"""Nobody sees or changes a row of another county: every door, every tile, the feed, and every table.

The doors are taken from the OpenAPI: a new one that has no entry here fails the test.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from command.coverage.network import PlannedRoads
from command.events.feed import LiveFeed
from command.events.log import TOPIC_OF
from command.officers.moved import frame_in_view
from gis.database import Database, Scope
from planning.worker import Planner
from routing.network import RoadStore
from tests.house import DESK_ROLES, FANGZI, IN_FANGZI, KUIWEN, House, house
from tests.vector_tile import read_tile
from video.recording.manifest import Manifest

IN_KUIWEN = (119.1055, 36.705)
ROLES = (*DESK_ROLES, "officer")
MARKS = {KUIWEN: "奎奎", FANGZI: "坊坊"}  # in every text of the county's rows
BOX = "118,36,120,37"  # holds both counties
MEANWHILE = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-08T00:00:00Z"}

# Doors that show no rows of an area: what is the same for everybody, or about oneself.
OPEN_DOORS = {
    "/api/health",
    "/api/session",
    "/api/layers",
    "/api/route",
    "/api/isochrone",
    "/api/positions/osmand",
    "/api/roads/speeds",
    "/ogc/",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/{collection}",
    "/ogc/collections/{collection}/queryables",
    "/ogc/collections/{collection}/tiles",
    "/ogc/collections/{collection}/tiles/WebMercatorQuad",
    "/ogc/tileMatrixSets",
}


@dataclass(frozen=True)
class Door:
    """How a GET is asked: `ids` names the kind of id in its path, `params` what it needs besides."""

    ids: str | None = None
    params: tuple[tuple[str, str], ...] = ()


DOORS = {
    "/api/alerts": Door(),
    "/api/alerts/{alert_id}": Door("alert"),
    "/api/alerts/{alert_id}/responders": Door("alert", (("radius_m", "100000"),)),
    "/api/alerts/{alert_id}/timeline": Door("alert"),
    "/api/alerts/{alert_id}/replay": Door("alert"),
    "/api/assignments": Door(),
    "/api/assignments/{assignment_id}": Door("assignment"),
    "/api/assignments/{assignment_id}/photos": Door("assignment"),
    "/api/assignments/{assignment_id}/eta": Door("assignment"),
    "/api/dispatch/plan": Door(),
    "/api/reach": Door(params=(("at", "119.1055,36.705"), ("radius_m", "100000"))),
    "/api/dispatch/under-way": Door(),
    "/api/photos/{photo_id}": Door("photo"),
    "/api/experts": Door(),
    "/api/callable-people": Door(),
    "/api/rooms": Door(),
    "/api/rooms/{room_id}": Door("room"),
    "/api/rooms/{room_id}/recordings": Door("room"),
    "/api/rooms/{room_id}/snapshots": Door("room"),
    "/api/recordings": Door(),
    "/api/recordings/{recording_id}": Door("recording"),
    "/api/recordings/{recording_id}/segments/{number}": Door("recording"),
    "/api/recordings/{recording_id}/evidence.zip": Door("recording"),
    "/api/snapshots/{snapshot_id}": Door("snapshot"),
    "/api/officers": Door(params=(("bbox", BOX),)),
    "/api/officers/{officer_id}": Door("officer"),
    "/api/officers/{officer_id}/track": Door("officer", tuple(MEANWHILE.items())),
    "/api/enterprises": Door(params=(("bbox", BOX),)),
    "/api/enterprises/{enterprise_id}": Door("enterprise"),
    "/api/points": Door(params=(("bbox", BOX),)),
    "/api/points/{point_id}": Door("point"),
    "/api/points/{point_id}/readings": Door("point", (("factor", "w01018"), *MEANWHILE.items())),
    "/api/stations": Door(params=(("bbox", BOX),)),
    "/api/intake/devices": Door(),
    "/api/intake/quarantine": Door(),
    "/api/regions": Door(params=(("level", "county"),)),
    "/api/roads/closures": Door(),
    "/api/overview": Door(),
    "/api/coverage": Door(),
    "/api/coverage/{job_id}": Door("coverage"),
    "/api/coverage/{job_id}/areas": Door("coverage"),
    "/api/coverage/{job_id}/cells": Door("coverage"),
    "/api/coverage/{job_id}/compare": Door("coverage", (("with", "1"),)),
    "/api/coverage/{job_id}/map.csv": Door("coverage"),
    "/api/coverage/{job_id}/map.gpkg": Door("coverage"),
    "/api/coverage/{job_id}/map.html": Door("coverage"),
    "/api/coverage/{job_id}/map.parquet": Door("coverage"),
    "/api/coverage/{job_id}/report.html": Door("coverage"),
    "/api/coverage/{job_id}/roads/{z}/{x}/{y}.mvt": Door("coverage"),
    "/api/coverage/{job_id}/uncovered": Door("coverage", (("minutes", "0.001"),)),
    "/api/coverage-now": Door(),
    "/api/standby": Door(params=(("region", KUIWEN),)),
    "/api/alerts/{alert_id}/cost": Door("alert", (("officer_ids", "1"),)),
    "/api/inspections": Door(),
    "/api/findings": Door(),
    "/api/penalty-cases": Door(),
    "/api/trainings": Door(),
    "/api/sources": Door(),
    "/api/layers/{layer}/stats": Door("layer"),
    "/api/layers/{layer}/features": Door("layer", (("bbox", BOX),)),
    "/api/layers/{layer}/export": Door("layer", (("format", "csv"), ("bbox", BOX))),
    "/api/search": Door(params=(("q", "officer"),)),
    "/tiles/{layer}/{z}/{x}/{y}.mvt": Door("tile"),
    "/ogc/collections/{collection}/items": Door("layer", (("bbox", BOX),)),
    "/ogc/collections/{collection}/items/{item}": Door("item"),
    "/ogc/collections/{collection}/tiles/WebMercatorQuad/{z}/{row}/{column}": Door("tile"),
}


NUMBERS_ONLY = {
    "/api/overview",
    "/api/coverage/{job_id}/areas",
    "/api/coverage/{job_id}/cells",
    "/api/coverage/{job_id}/compare",
    "/api/coverage/{job_id}/roads/{z}/{x}/{y}.mvt",
    "/api/coverage-now",
    "/api/standby",
    "/api/alerts/{alert_id}/cost",
}


async def _county(made: House, region: str, place: tuple[float, float]) -> dict[str, Any]:
    """Rows of every kind in one county, each with the county's mark in its texts."""
    mark, (lon, lat) = MARKS[region], place
    at = "timestamptz '2026-01-02 00:00Z'"
    point = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"
    values = {"region": region, "mark": mark, "lon": lon, "lat": lat}

    async def one(sql: str, **more: Any) -> Any:
        named = set(re.findall(r"(?<!:):([a-z_]+)", sql))
        async with made.database.for_system() as session, session.begin():
            return await session.scalar(
                text(sql), {name: value for name, value in (values | more).items() if name in named}
            )

    ids: dict[str, Any] = {"officer": await made.officer(f"{mark}officer", place, region=region)}
    ids["enterprise"] = await one(
        "INSERT INTO enterprise (uscc, name, industry, tags, geom, region) VALUES"
        f" (CAST(:region AS text), :mark, '2614', ARRAY[CAST(:mark AS text)], {point}, :region) RETURNING id"
    )
    ids["point"] = await one(
        "INSERT INTO monitoring_point (code, name, kind, enterprise_id, geom, region)"
        f" VALUES (:mark, :mark, 'outfall', :enterprise, {point}, :region) RETURNING id",
        enterprise=ids["enterprise"],
    )
    await one(
        "INSERT INTO discharge_limit (standard, point_id, factor, period, high, unit, valid_from, source)"
        " VALUES (:mark, :point, 'w01018', 'day', 50, 'mg/L', '2020-01-01', :mark) RETURNING id",
        point=ids["point"],
    )
    await one(
        "INSERT INTO point_state (point_id, state, factor, period, value, at, due, region)"
        f" VALUES (:point, 'over', :mark, 'realtime', 1, {at}, now() + interval '1 day', :region) RETURNING point_id",
        point=ids["point"],
    )
    for table in ("reading", "reading_revision"):
        await one(
            f"INSERT INTO {table} (point_id, factor, period, at, value, flag, fields, received_at, region)"
            f" VALUES (:point, 'w01018', 'hour', {at}, 1, :mark, '{{}}', {at}, :region) RETURNING point_id",
            point=ids["point"],
        )
    await one(
        "INSERT INTO data_logger (mn, password, point_id, region) VALUES (:mark, 'secret', :point, :region)"
        " RETURNING id",
        point=ids["point"],
    )
    await one(
        "INSERT INTO quarantined_frame (mn, peer, reason, raw, region)"
        " VALUES (:mark, 'x', :mark, 'x', :region) RETURNING id"
    )
    await one(
        "INSERT INTO station (code, name, organisation, level, geom, region)"
        f" VALUES (:mark, :mark, :mark, 'county', {point}, :region) RETURNING id"
    )
    await one(
        "INSERT INTO track (officer_id, at, geom, source, region)"
        f" VALUES (:officer, {at}, {point}, :mark, :region) RETURNING officer_id",
        officer=ids["officer"],
    )
    ids["closure"] = await one(
        "INSERT INTO road_closure (geom, reason, closed_by, began_at, region)"
        f" VALUES ({point}, :mark, :mark, now(), :region) RETURNING id"
    )
    ids["inspection"] = await one(
        "INSERT INTO inspection (enterprise_id, kind, at, geom, region)"
        f" VALUES (:enterprise, 'routine', {at}, {point}, :region) RETURNING id",
        enterprise=ids["enterprise"],
    )
    await one(
        "INSERT INTO inspection_officer (inspection_id, officer_id, name, certificate, region)"
        " VALUES (:inspection, :officer, :mark, :mark, :region) RETURNING officer_id",
        inspection=ids["inspection"],
        officer=ids["officer"],
    )
    finding = await one(
        "INSERT INTO finding (inspection_id, enterprise_id, kind, at, due_on, geom, region)"
        f" VALUES (:inspection, :enterprise, 'dust', {at}, '2026-02-01', {point}, :region) RETURNING id",
        inspection=ids["inspection"],
        enterprise=ids["enterprise"],
    )
    await one(
        "INSERT INTO penalty_case (finding_id, enterprise_id, kind, filed_on, geom, region)"
        f" VALUES (:finding, :enterprise, 'dust', '2026-01-05', {point}, :region) RETURNING id",
        finding=finding,
        enterprise=ids["enterprise"],
    )
    training = await one(
        "INSERT INTO training (title, kind, organisation, at, hours, geom, region)"
        f" VALUES (:mark, 'evidence', :mark, {at}, 2, {point}, :region) RETURNING id"
    )
    await one(
        "INSERT INTO training_participant (training_id, officer_id, name, certificate, region)"
        " VALUES (:training, :officer, :mark, :mark, :region) RETURNING officer_id",
        training=training,
        officer=ids["officer"],
    )
    by = "duty" if region == KUIWEN else "fangzi-duty"
    asked = {"region": region, "minutes": [5], "from": [[119.1, 36.71]], "name": mark}
    ids["coverage"] = (await made.person(by).post("/api/coverage", json=asked)).json()["id"]
    planner = Planner(made.database, PlannedRoads(made.app.state.roads), made.app.state.planning_world)
    assert await planner.work_once()
    alert = await made.raise_alert(by, place, title=mark)
    ids["alert"] = alert["id"]
    answer = await made.assign(alert, ids["officer"], by=by, note=mark, override_reason=mark)
    assert answer.status_code == 201, answer.text
    ids["assignment"] = answer.json()["assignments"][0]["id"]
    room = await made.person(by).post("/api/rooms", json={"kind": "dispatch", "alert_id": alert["id"]})
    assert room.status_code == 201, room.text
    ids["room"], ids["seat"] = room.json()["id"], room.json()["seats"][0]["id"]
    ids["recording"] = await one(
        "INSERT INTO recording (room_id, region, started_by, keep_until)"
        " VALUES (:room, :region, :mark, now() + interval '1 day') RETURNING id",
        room=ids["room"],
    )
    await one(
        "INSERT INTO recording_segment (recording_id, number, seat_id, seat_name, file, codecs, started_at, region)"
        " VALUES (:recording, CAST(:recording AS int), :seat, :mark, 'a.webm', '{vp8}', now(), :region)"
        " RETURNING number",
        recording=ids["recording"],
        seat=ids["seat"],
    )
    folder = made.app.state.recordings_folder / str(ids["recording"])
    written = Manifest.open(folder, {"title": mark}, now=datetime.now(UTC))
    written.open_segment(datetime.now(UTC), seat=str(ids["seat"]), suffix=".webm", seat_name=mark)
    (folder / "a.webm").write_text(mark)
    ids["snapshot"] = await one(
        "INSERT INTO snapshot (room_id, taken_by, media_type, sha256, content, region) VALUES"
        " (:room, CAST(:mark AS text), 'image/png', CAST(:mark AS text), convert_to(CAST(:mark AS text), 'UTF8'),"
        " :region) RETURNING id",
        room=ids["room"],
    )
    ids["expert"] = await one(
        "INSERT INTO expert (name, organisation, field, region) VALUES (:mark, :mark, :mark, :region) RETURNING id"
    )
    ids["photo"] = str(
        await one(
            "INSERT INTO photo (id, assignment_id, media_type, sha256, content, region)"
            " VALUES (gen_random_uuid(), :assignment, 'image/png', :mark, 'x', :region) RETURNING id",
            assignment=ids["assignment"],
        )
    )
    return ids


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counties(
    module_house_url: str, town_roads: RoadStore, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[House, dict[str, Any]]]:
    """One application, two counties with rows of every kind; the tests change nothing that another needs."""
    async with house(module_house_url, town_roads) as made:
        made.app.state.recordings_folder = tmp_path_factory.mktemp("recordings")
        ids = {KUIWEN: await _county(made, KUIWEN, IN_KUIWEN), FANGZI: await _county(made, FANGZI, IN_FANGZI)}
        yield made, ids


pytestmark = pytest.mark.asyncio(loop_scope="module")


def _person(made: House, role: str) -> httpx.AsyncClient:
    return made.person(f"{MARKS[KUIWEN]}officer" if role == "officer" else role)


def _says(answer: httpx.Response, mark: str) -> bool:
    return mark in answer.text or orjson.dumps(mark).decode("unicode_escape") in answer.text


async def test_every_door_has_its_entry(counties: tuple[House, dict[str, Any]]) -> None:
    made, _ = counties
    gets = {path for path, methods in made.app.openapi()["paths"].items() if "get" in methods}
    assert gets == OPEN_DOORS | set(DOORS)


async def _asked(made: House, role: str, path: str, ids: dict[str, Any], **params: str) -> list[httpx.Response]:
    """All answers of one door to one person: for each layer, tile or id, from the first page to the last."""
    door, person = DOORS[path], _person(made, role)
    query = dict(door.params) | params
    layers = [layer["id"] for layer in (await person.get("/api/layers")).json()["items"]]
    if door.ids == "layer":
        addresses = [re.sub(r"\{(layer|collection)\}", layer, path) for layer in layers]
    elif door.ids == "item":
        kinds = {
            "enterprises": "enterprise",
            "points": "point",
            "officers": "officer",
            "alerts": "alert",
            "closures": "closure",
        }
        addresses = [path.format(collection=layer, item=ids[kind]) for layer, kind in kinds.items()]
    elif door.ids == "tile":
        addresses = [
            path.format(layer=layer, collection=layer, z=z, x=x, y=y, row=y, column=x)
            for layer in layers
            for z, x, y in ((7, 106, 49), (10, 850, 398), (10, 851, 398), (10, 850, 399), (10, 851, 399))
        ]
    elif door.ids is not None:
        addresses = [re.sub(r"\{\w+\}", str(ids[door.ids]), path.replace("{z}/{x}/{y}", "12/3403/1598"))]
    else:
        addresses = [path]
    return [await person.get(address, params=query) for address in addresses]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", DOORS)
async def test_no_door_shows_a_row_of_another_county(
    counties: tuple[House, dict[str, Any]], role: str, path: str
) -> None:
    made, ids = counties
    door = DOORS[path]
    answers = await _asked(made, role, path, ids[FANGZI])
    for answer in answers:
        assert answer.status_code < 500, answer.text
        assert not _says(answer, MARKS[FANGZI]), answer.text
        if answer.headers.get("content-type", "").startswith("application/json"):
            assert not _regions(answer.json()) & {FANGZI}
    if door.ids in (
        "alert",
        "assignment",
        "photo",
        "officer",
        "enterprise",
        "point",
        "coverage",
        "room",
        "recording",
        "snapshot",
    ):
        (answer,) = answers
        empty = answer.status_code == 200 and answer.json() in ({"items": [], "next": None},)
        assert empty or answer.status_code in (403, 404), answer.text
    for region in ("region", "bbox") if door.ids is None else ():
        value = FANGZI if region == "region" else "119.3,36.5,119.6,36.8"
        for answer in await _asked(made, role, path, ids[FANGZI], **{region: value}):
            assert answer.status_code < 500
            assert not _says(answer, MARKS[FANGZI]), answer.text


# Of the alerts here none waits, so there is nothing to plan.
@pytest.mark.parametrize("path", [path for path in DOORS if path != "/api/dispatch/plan"])
async def test_the_own_countys_duty_desk_does_see_its_rows(counties: tuple[House, dict[str, Any]], path: str) -> None:
    """Or the test above would be content with doors that show nothing at all."""
    made, ids = counties
    answers = await _asked(made, "duty", path, ids[KUIWEN])
    if DOORS[path].ids == "tile":
        tiles = [read_tile(one.content) for one in answers if one.status_code == 200]
        assert any(features for tile in tiles for features in tile.values())
    elif path in NUMBERS_ONLY:
        pass  # the tests of enforcement's records and of coverage count them
    elif path not in ("/api/regions", "/api/photos/{photo_id}", "/api/layers/{layer}/stats", "/api/dispatch/plan"):
        assert any(_says(answer, MARKS[KUIWEN]) or answer.json().get("items") for answer in answers)
    assert all(answer.status_code in (200, 204, 404) for answer in answers)
    assert any(answer.status_code == 200 for answer in answers)


def _regions(value: Any) -> set[str]:
    """Every `region` and `adcode` anywhere in an answer."""
    if isinstance(value, list):
        return {found for one in value for found in _regions(one)}
    if isinstance(value, dict):
        own = {str(value[name]) for name in ("region", "adcode") if isinstance(value.get(name), str)}
        return own | {found for one in value.values() for found in _regions(one)}
    return set()


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_writes_across_the_border(counties: tuple[House, dict[str, Any]], role: str) -> None:
    made, ids = counties
    person, there = _person(made, role), ids[FANGZI]
    lon, lat = IN_FANGZI
    before = await made.scalar("SELECT count(*) FROM event")
    version = {"version": 2}
    here = ids[KUIWEN]
    writes = [
        ("POST", "/api/alerts", {"lon": lon, "lat": lat, "title": "x"}),
        ("POST", "/api/alerts", {"lon": IN_KUIWEN[0], "lat": IN_KUIWEN[1], "title": "x", "point_id": there["point"]}),
        ("POST", f"/api/alerts/{there['alert']}/acknowledge", version),
        ("POST", f"/api/alerts/{there['alert']}/close", version),
        ("POST", f"/api/alerts/{there['alert']}/assignments", version | {"officer_ids": [here["officer"]]}),
        ("POST", f"/api/alerts/{here['alert']}/assignments", version | {"officer_ids": [there["officer"]]}),
        *(
            ("POST", f"/api/assignments/{there['assignment']}/{step}", {"version": 1})
            for step in ("accept", "decline", "depart", "arrive", "finish", "cancel")
        ),
        ("POST", f"/api/officers/{there['officer']}/duty", {"on": False}),
        ("POST", "/api/drills", {"lon": lon, "lat": lat}),
        ("POST", "/api/roads/closures", {"geometry": {"type": "Point", "coordinates": [lon, lat]}, "reason": "x"}),
        ("DELETE", f"/api/roads/closures/{there['closure']}", None),
        ("POST", "/api/coverage", {"region": FANGZI, "minutes": [5], "from": "stations"}),
        ("POST", f"/api/coverage/{there['coverage']}/siting", {"new": 1}),
        ("POST", f"/api/coverage/{there['coverage']}/trial", {}),
        ("PATCH", f"/api/coverage/{there['coverage']}", {"name": "x"}),
        ("POST", f"/api/coverage/{there['coverage']}/cancel", None),
        ("DELETE", f"/api/coverage/{there['coverage']}", None),
        ("DELETE", f"/api/experts/{there['expert']}", None),
        ("POST", "/api/rooms", {"kind": "dispatch", "alert_id": there["alert"]}),
        ("POST", "/api/rooms", {"kind": "dispatch", "assignment_id": there["assignment"]}),
        ("POST", "/api/rooms", {"kind": "dispatch", "officer_ids": [there["officer"]]}),
        ("POST", "/api/rooms", {"kind": "conference", "usernames": ["fangzi-duty"]}),
        *(
            ("POST", f"/api/rooms/{there['room']}/{door}", body)
            for door, body in (
                ("join", None),
                ("leave", None),
                ("decline", None),
                ("close", {"version": 1}),
                ("ring", {"officer_ids": [here["officer"]]}),
                ("tokens", {"purpose": "publish"}),
                ("hand", {"raised": True}),
                ("talk", {"on": True}),
                ("lock", {"locked": True}),
                ("invitations", {"name": "x"}),
                ("whip", None),
                (f"whep?participant={there['seat']}", None),
                *((f"seats/{there['seat']}/{change}", {}) for change in ("mute", "unmute", "remove", "insert")),
                ("recordings", {"action": "start"}),
                ("recordings", {"action": "stop"}),
                ("snapshots", None),
            )
        ),
        ("POST", f"/api/recordings/{there['recording']}/hold", {"held": True, "reason": "x", "version": 1}),
        ("PUT", "/api/roads/speeds", {"by_class": {"*": 0.5}, "by_hour": {}, "version": 1}),
        ("POST", "/api/positions", [{"officer_id": there["officer"], "lon": lon, "lat": lat, "at": 1}]),
    ]
    for method, path, body in writes:
        answer = await person.request(method, path, json=body)
        assert answer.status_code in (403, 404, 422), f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert not _says(answer, MARKS[FANGZI]), answer.text
    assert await made.scalar("SELECT count(*) FROM event") == before


@pytest.mark.parametrize("path", [*DOORS, "/api/layers", "/api/route", "/api/isochrone", "/api/roads/speeds"])
async def test_a_stranger_sees_nothing(counties: tuple[House, dict[str, Any]], path: str) -> None:
    made, ids = counties
    address = re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] not in ("layer", "collection") else "alerts", path)
    address = address.replace("/api/photos/1", f"/api/photos/{ids[KUIWEN]['photo']}")
    answer = await made.client().get(address, params=dict(DOORS[path].params) if path in DOORS else {})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("role", ROLES)
async def test_the_feed_tells_nothing_of_another_county(counties: tuple[House, dict[str, Any]], role: str) -> None:
    made, ids = counties
    scope = Scope(role, role, KUIWEN, ids[KUIWEN]["officer"] if role == "officer" else None)
    feed = LiveFeed(made.database)
    listener = feed.join(scope, set(TOPIC_OF.values()) | {"stats"})
    await feed.catch_up()  # from the beginning: every event there has ever been
    listener.start_seq = 10**9
    _, backlog = await feed.backlog(listener, 0)
    live = [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]
    assert live == backlog
    assert live, "the own county has events for every role"
    for frame in live:
        assert MARKS[FANGZI] not in frame.decode()
        assert orjson.loads(frame)["region"] == KUIWEN
    stale_after = made.app.state.dispatch.stale_after
    moved = orjson.loads(await frame_in_view(made.database, scope, (118, 36, 120, 37), stale_after=stale_after))
    sees_people = role not in ("expert",)
    assert [one["id"] for one in moved["data"]["officers"]] == ([ids[KUIWEN]["officer"]] if sees_people else [])


@pytest.mark.parametrize("role", ROLES)
async def test_no_table_shows_or_takes_a_row_of_another_county(
    counties: tuple[House, dict[str, Any]], role: str
) -> None:
    made, ids = counties
    person = Scope(role, role, KUIWEN, ids[KUIWEN]["officer"] if role == "officer" else None)
    tables = [row.tablename for row in await made.rows("SELECT DISTINCT tablename FROM pg_policies")]
    assert len(tables) > 10
    for table in tables:
        has_region = await made.scalar(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = :table AND column_name = 'region'",
            table=table,
        )
        async with made.database.for_person(person) as session:
            if has_region:
                strange = await session.scalar(text(f"SELECT count(*) FROM {table} WHERE region <> '{KUIWEN}'"))
                assert strange == 0, table
        if has_region:
            for change in (
                f"UPDATE {table} SET region = region WHERE region <> '{KUIWEN}'",
                f"DELETE FROM {table}",
            ):
                await _changes_nothing(made.database, person, change)
    limits = "SELECT count(*) FROM discharge_limit WHERE point_id = :point"
    async with made.database.for_person(person) as session:
        assert await session.scalar(text(limits), {"point": ids[FANGZI]["point"]}) == 0
        regions = set(await session.scalars(text("SELECT adcode FROM region")))
        assert regions == {"370000", "370700", KUIWEN}  # and those above, for their names


@pytest.mark.parametrize(
    "table",
    [
        "user_account",
        "user_session",
        "position_device",
        "media_hub",
        "room_leg",
        "room_token_use",
        "house_secret",
        "alembic_version",
    ],
)
@pytest.mark.parametrize("role", ROLES)
async def test_no_person_reads_accounts_sessions_or_tokens(
    counties: tuple[House, dict[str, Any]], role: str, table: str
) -> None:
    made, _ = counties
    async with made.database.for_person(Scope(role, role, "37")) as session:
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.execute(text(f"SELECT * FROM {table}"))


async def test_a_loggers_password_is_closed_to_every_person(counties: tuple[House, dict[str, Any]]) -> None:
    made, _ = counties
    async with made.database.for_person(Scope("admin", "admin", "37")) as session:
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.execute(text("SELECT password FROM data_logger"))


@pytest.mark.parametrize("scope", [Scope("x", "duty", ""), Scope("x", "", KUIWEN), Scope("x", "nobody", KUIWEN)])
async def test_a_session_without_area_or_role_sees_no_people_and_no_events(
    counties: tuple[House, dict[str, Any]], scope: Scope
) -> None:
    made, _ = counties
    async with made.database.for_person(scope) as session:
        for table in ("officer", "officer_position", "track", "event", "quarantined_frame"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


async def _changes_nothing(database: Database, person: Scope, sql: str) -> None:
    async with database.for_person(person) as session:
        try:
            result = await session.execute(text(sql))
        except DBAPIError as error:
            refused = "permission denied" in str(error) or "row-level security" in str(error)
            assert refused, sql  # either is right: refused, or no row touched
        else:
            assert getattr(result, "rowcount", 0) == 0, sql
        await session.rollback()
