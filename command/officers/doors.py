"""The three doors that positions come in by: our own, OsmAnd/Traccar, OwnTracks."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select

from command.access.middleware import token_in
from command.officers.devices import Device, device_with
from command.officers.positions import Arrived, PositionWriter, Taken
from command.problems import Refused, problem
from data.positions import osmand, own, owntracks
from data.positions.errors import FixError
from data.positions.fix import Fix, SpeedUnit
from data.tables import Officer
from gis.database import Scope
from gis.http import DatabaseDep, Forbidden, NotSignedIn
from gis.parameters import area_prefix, in_area
from gis.position import Datum

router = APIRouter(prefix="/api/positions", tags=["positions"])

DryRun = Annotated[bool, Query(description="store nothing, answer what would be stored")]

# Whoever has no device yet may try the door with `dry_run`; these are the protocols' own defaults.
_STRANGER = Device(0, None, "dry run", Datum.WGS84, SpeedUnit.KNOTS, "")


class RefusedFix(BaseModel):
    index: int
    reason: str


class TakenOut(BaseModel):
    accepted: int
    refused: list[RefusedFix]


@router.post("", response_model=TakenOut)
async def own_batch(request: Request, database: DatabaseDep, dry_run: DryRun = False) -> Response | TakenOut:
    """A JSON array of positions: a phone sends its own; a gateway names the officer of each."""
    body = await request.body()
    scope: Scope | None = getattr(request.state, "scope", None)
    token = token_in(request.headers)
    device = await device_with(database, token) if scope is None and token else None
    datum = device.datum if device else Datum.WGS84
    sent = own.parse(body, received_at=_now(), datum=datum, bounds=None)
    if dry_run:
        return _fixes([fix for _, fix in sent])
    if scope is None and device is None:
        raise NotSignedIn("sign in, or send a device token")
    officers = await _officers(request, scope, device, [officer_id for officer_id, _ in sent])
    return await _store(request, officers, [fix for _, fix in sent], "own" if scope else f"gateway:{device.label}")  # type: ignore[union-attr]


@router.get("/osmand", response_model=TakenOut)
@router.post("/osmand", response_model=TakenOut)
async def osmand_report(request: Request, database: DatabaseDep, dry_run: DryRun = False) -> Response | TakenOut:
    """Traccar Client and OsmAnd: parameters in the query or in a form body, or Traccar Client's JSON."""
    body = await request.body()
    is_json = body.lstrip()[:1] == b"{"
    params = {key: values for key, values in _params(request, b"" if is_json else body).items() if key != "dry_run"}
    token = osmand.token_in_json(body) if is_json else osmand.token_in_query(params)
    device = await device_with(database, token) or (_STRANGER if dry_run else None)
    if device is None:
        return problem(404 if is_json else 400, "no device with this token is registered here")
    if is_json:
        _, fix = osmand.parse_json(body, received_at=_now(), datum=device.datum, bounds=None)
    else:
        _, fix = osmand.parse_query(
            params, received_at=_now(), speed_unit=device.speed_unit, datum=device.datum, bounds=None
        )
    return await _one(request, device, fix, "osmand", dry_run)


@router.post("/owntracks", response_model=None)
async def owntracks_report(request: Request, database: DatabaseDep, dry_run: DryRun = False) -> Response:
    """OwnTracks over HTTP: answers `[]`, also to everything that moves nobody, or the phone keeps sending it."""
    token = _basic_password(request.headers.get("authorization", ""))
    device = await device_with(database, token) if token else None
    if device is None and not dry_run:
        raise NotSignedIn("user: the device's id, password: its token")
    device = device or _STRANGER
    fix = owntracks.parse(await request.body(), received_at=_now(), datum=device.datum, bounds=None)
    answer = await _one(request, device, fix, "owntracks", dry_run)
    return answer if isinstance(answer, Response) else JSONResponse([])


async def _one(request: Request, device: Device, fix: Fix | None, source: str, dry_run: bool) -> Response | TakenOut:
    if dry_run:
        return _fixes([] if fix is None else [fix])
    if fix is None:
        return TakenOut(accepted=0, refused=[])
    if device.officer_id is None:
        raise Refused("a gateway's token cannot send single positions; use POST /api/positions")
    return await _store(request, [device.officer_id], [fix], source)


async def _store(request: Request, officer_ids: Sequence[int], fixes: Sequence[Fix], source: str) -> TakenOut:
    """A refused fix is answered with success and the reason: a phone that got an error would send it for ever."""
    _check_places(request, fixes)
    writer: PositionWriter = request.app.state.positions
    now = _now()
    taken: list[Taken] = await writer.take(
        [Arrived(officer_id, fix, source, now) for officer_id, fix in zip(officer_ids, fixes, strict=True)]
    )
    refused = [RefusedFix(index=i, reason=one.reason or "") for i, one in enumerate(taken) if not one.kept]
    return TakenOut(accepted=len(taken) - len(refused), refused=refused)


async def _officers(
    request: Request, scope: Scope | None, device: Device | None, named: Sequence[int | None]
) -> list[int]:
    """Whose positions these are; nobody speaks for anybody but himself, except a gateway for its region."""
    own_id = scope.officer_id if scope else device.officer_id if device else None
    if own_id is not None:
        if any(one not in (None, own_id) for one in named):
            raise Forbidden("you may send your own position only")
        return [own_id] * len(named)
    if device is None:
        raise Forbidden("only officers and registered devices send positions")
    officer_ids = [one for one in named if one is not None]
    if len(officer_ids) != len(named):
        raise Refused("officer_id is missing: a gateway says whose position each is")
    async with request.app.state.database.for_system() as session:
        visible = set(
            await session.scalars(
                select(Officer.id).where(
                    Officer.id.in_(set(officer_ids)), in_area(Officer.region, area_prefix(device.region))
                )
            )
        )
    if unknown := set(officer_ids) - visible:
        raise Forbidden(f"this gateway does not speak for the officers {sorted(unknown)[:10]}")
    return officer_ids


def _check_places(request: Request, fixes: Sequence[Fix]) -> None:
    """Refuse a place outside China, unless it is on the roads in use (a trial on imported foreign roads)."""
    areas = request.app.state.position_areas()
    for item, fix in enumerate(fixes):
        if not any(west <= fix.lon <= east and south <= fix.lat <= north for west, south, east, north in areas):
            raise FixError(
                "lon, lat", f"({fix.lon:.5f}, {fix.lat:.5f}) lies neither in China nor on our roads", item=item
            )


def _params(request: Request, form: bytes) -> Mapping[str, Sequence[str]]:
    """The query, or the form when the query says nothing of a position."""
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    if set(query) - {"dry_run"} or not form:
        return query
    try:
        return parse_qs(form.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError as error:
        raise FixError("body", f"is no form: {error}") from None


def _basic_password(header: str) -> str | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password or None


def _fixes(fixes: Sequence[Fix]) -> JSONResponse:
    return JSONResponse({"fixes": [fix.as_json() for fix in fixes]})


def _now() -> datetime:
    return datetime.now(UTC)
