"""The whole web process over a test's own database: a small town's roads, people of every role in two counties.

What every house has from the start, `settle` writes into a database once; each stands on a copy of that (`house_url`).
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import func, text

from command.access.passwords import token_hash
from command.access.sessions import LIFETIME, open_session
from command.access.tables import UserAccount, UserSession
from command.app import create_app
from command.housekeeping import make_partitions
from command.intake import Intake
from command.rooms.carrying import Connect, IceFor, no_hub, no_ice
from command.rooms.presence import Patience
from command.settings import DispatchSettings
from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from data.hj212.gateway import Arrival
from data.hj212.readings import CHINA_STANDARD_TIME
from data.tables import (
    DataLogger,
    DischargeLimit,
    Enterprise,
    MonitoringPoint,
    Officer,
    OfficerPosition,
    PositionDevice,
)
from gis.database import Database
from routing.network import RoadStore
from video.livekit import LiveKit

KUIWEN, FANGZI, WEIFANG, PROVINCE = "370705", "370704", "3707", "37"
DESK_ROLES = ("duty", "dispatcher", "planner", "expert", "admin")
PASSWORD = "secret of the test"
LOGGER_PASSWORD = "123456"
# A hash that costs nothing: what is tested here is who gets in, not how long guessing takes.
_CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

CENTRE = (119.105, 36.705)  # junction 5 of the sample town, in Kuiwen
IN_FANGZI = (119.4, 36.65)

_REGIONS = (
    ("370000", "山东省", "province", None, (114.8, 34.3, 122.8, 38.4)),
    ("370700", "潍坊市", "city", "370000", (118.1, 35.5, 120.0, 37.3)),
    ("370704", "坊子区", "county", "370700", (119.3, 36.5, 119.6, 36.8)),
    ("370705", "奎文区", "county", "370700", (119.0, 36.6, 119.3, 36.8)),
)

_PEOPLE = (
    *((role, role, KUIWEN) for role in DESK_ROLES),
    *((f"fangzi-{role}", role, FANGZI) for role in DESK_ROLES),
    ("city", "duty", WEIFANG),
    ("province", "duty", PROVINCE),
    ("province-admin", "admin", PROVINCE),
)

# A machine that is busy with other tests takes nobody for gone; a test that wants that says that it was long ago.
UNHURRIED = Patience(
    silent_s=600,
    unheard=timedelta(hours=1),
    left=timedelta(hours=1),
    rings=timedelta(hours=1),
    empty=timedelta(hours=1),
)


@dataclass
class House:
    """A running application with its database, and clients for the people in it."""

    app: FastAPI
    database: Database
    tokens: dict[str, str] = field(default_factory=dict)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A client with this bearer token, or a stranger's."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://onemap.test", headers=headers
        )
        self.stack.push_async_callback(made.aclose)
        return made

    def person(self, username: str) -> httpx.AsyncClient:
        """A signed-in person: `duty`, `planner`… of Kuiwen, `fangzi-duty`… of the county beside it, `province`."""
        return self.client(self.tokens[username])

    async def officer(
        self,
        name: str,
        place: tuple[float, float] | None = None,
        *,
        region: str = KUIWEN,
        on_duty: bool = True,
        age: timedelta = timedelta(0),
        **more: Any,
    ) -> int:
        """Make an officer who can sign in under his name; with a `place` (lon, lat) that is `age` old."""
        now = datetime.now(UTC)
        async with self.database.for_system() as session, session.begin():
            row = Officer(
                code=f"CODE-{name}",
                name=name,
                organisation="大队",
                level="county",
                region=region,
                on_duty=on_duty,
                duty_since=now - timedelta(hours=8) if on_duty else None,
                **more,
            )
            session.add(row)
            await session.flush()
            if place is not None:
                session.add(_position(row.id, place, now - age, region, await session.scalar(_NEXT_BATCH)))
            user = _user(name, "officer", region, row.id)
            session.add(user)
            await session.flush()
            self.tokens[name] = await open_session(session, user.id)
        await self.app.state.officers.catch_up()
        return row.id

    async def device(self, token: str, officer_id: int | None, *, region: str = KUIWEN, **more: Any) -> None:
        """Register a tracker of an officer, or (no officer) a gateway of a region."""
        async with self.database.for_system() as session, session.begin():
            session.add(
                PositionDevice(
                    token_hash=token_hash(token), officer_id=officer_id, label=f"{token}-device", region=region, **more
                )
            )

    async def outfall(
        self,
        mn: str = "MN1",
        *,
        place: tuple[float, float] = CENTRE,
        region: str = KUIWEN,
        password: str = LOGGER_PASSWORD,
    ) -> int:
        """Make an enterprise with an outfall under GB 18918-2002 1A and a logger; returns the point's id."""
        lon, lat = place
        async with self.database.for_system() as session, session.begin():
            enterprise = Enterprise(
                uscc=f"9137{mn:0>14.14}", name=f"{mn} 水务公司", industry="4620", geom=_point(lon, lat), region=region
            )
            session.add(enterprise)
            await session.flush()
            point = MonitoringPoint(
                code=f"P-{mn}",
                name="总排口",
                kind="outfall",
                enterprise_id=enterprise.id,
                standard="GB 18918-2002",
                grade="1A",
                geom=_point(lon, lat),
                region=region,
            )
            session.add(point)
            await session.flush()
            session.add(DataLogger(mn=mn, password=password, point_id=point.id, region=region))
        return point.id

    async def scalar(self, sql: str, **parameters: Any) -> Any:
        """One value, seen as the owner of the tables."""
        async with self.database.for_system() as session:
            return await session.scalar(text(sql), parameters)

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        """Rows, seen as the owner of the tables."""
        async with self.database.for_system() as session:
            return list((await session.execute(text(sql), parameters)).all())

    async def execute(self, sql: str, **parameters: Any) -> None:
        """Change something behind the application's back."""
        async with self.database.for_system() as session, session.begin():
            await session.execute(text(sql), parameters)

    async def raise_alert(self, by: str = "duty", place: tuple[float, float] = CENTRE, **more: Any) -> dict[str, Any]:
        """Raise an alert by hand."""
        lon, lat = place
        answer = await self.person(by).post("/api/alerts", json={"lon": lon, "lat": lat, "title": "异味", **more})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def assign(self, alert: dict[str, Any], *officer_ids: int, by: str = "duty", **more: Any) -> httpx.Response:
        """Ask for an assignment."""
        body = {"officer_ids": officer_ids, "version": alert["version"], **more}
        return await self.person(by).post(f"/api/alerts/{alert['id']}/assignments", json=body)


@asynccontextmanager
async def house(
    url: str,
    roads: RoadStore,
    *,
    connect: Connect = no_hub,
    ice: IceFor = no_ice,
    livekit: LiveKit | None = None,
    **dispatch: Any,
) -> AsyncIterator[House]:
    """Run the application on a copy of a database that has been settled."""
    database = Database(url, pool_size=8)
    app = create_app(
        database,
        roads,
        dispatch=DispatchSettings(**dispatch),
        connect=connect,
        ice=ice,
        livekit=livekit,
        patience=UNHURRIED,
    )
    made = House(app, database, {name: _token_of(name) for name, _, _ in _PEOPLE})
    async with app.router.lifespan_context(app), made.stack:
        async with asyncio.timeout(20):
            while not app.state.follower.connected:
                await asyncio.sleep(0.005)
        yield made


async def settle(url: str) -> None:
    """Put into a migrated database what every house has: regions, a standard's limits, people who are signed in."""
    database = Database(url, pool_size=1)
    await make_partitions(database)
    async with database.for_system() as session, session.begin():
        for adcode, name, level, parent, box in _REGIONS:
            await session.execute(
                text(
                    "INSERT INTO region (adcode, name, level, parent, geom) VALUES (:adcode, :name, :level, :parent,"
                    " ST_Multi(ST_MakeEnvelope(:west, :south, :east, :north, 4326)))"
                ),
                {"adcode": adcode, "name": name, "level": level, "parent": parent}
                | dict(zip(("west", "south", "east", "north"), box, strict=True)),
            )
        session.add_all(_limits())
        people = [_user(name, role, region, None) for name, role, region in _PEOPLE]
        session.add_all(people)
        await session.flush()
        until = datetime.now(UTC) + LIFETIME
        session.add_all(
            UserSession(token_hash=token_hash(_token_of(one.username)), user_id=one.id, expires_at=until)
            for one in people
        )
    await database.close()


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """Serve a running application on a free port; yields `127.0.0.1:port`."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_level="warning", ws="websockets-sansio")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await serving


class Logger:
    """A field logger in front of the intake: makes frames and hands them over as the gateway does."""

    def __init__(self, house: House, mn: str = "MN1", password: str = LOGGER_PASSWORD) -> None:
        self.intake = Intake(house.database, timedelta(hours=1))
        self.mn, self.password = mn, password

    def frame(self, cp: str, *, at: datetime | None = None, cn: str = "2011", **header: Any) -> Frame:
        """An upload; `at` (DataTime) is now when not given."""
        local = (at or datetime.now(UTC)).astimezone(CHINA_STANDARD_TIME)
        fields = {"st": "32", "pw": self.password, "mn": self.mn, "flag": 5, **header}
        return Frame(cn=cn, cp=f"DataTime={local:%Y%m%d%H%M%S};{cp}", **fields)

    async def send(self, *frames: Frame) -> list[bool]:
        """Hand frames over as one batch; whether each was accepted."""
        return [one.accepted for one in await self.intake.take([arrival(bytes(frame)) for frame in frames])]

    async def cod(self, value: float, *, at: datetime | None = None, flag: str = "N", cn: str = "2011") -> bool:
        """Report COD, in mg/L."""
        field_name = "Rtd" if cn == "2011" else "Avg"
        return (await self.send(self.frame(f"w01018-{field_name}={value},w01018-Flag={flag}", at=at, cn=cn)))[0]


def arrival(raw: bytes, *, peer: str = "10.0.0.1:4000", at: datetime | None = None) -> Arrival:
    """Bytes as the gateway hands them on: parsed, or with the reason why they cannot be."""
    received_at = at or datetime.now(UTC)
    try:
        return Arrival(raw, peer, received_at, Frame.parse(raw))
    except FrameError as error:
        return Arrival(raw, peer, received_at, None, error)


def _point(lon: float, lat: float) -> Any:
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)


_NEXT_BATCH = text("SELECT nextval('position_batch')")


def _position(officer_id: int, place: tuple[float, float], at: datetime, region: str, moved: Any) -> OfficerPosition:
    return OfficerPosition(
        officer_id=officer_id, geom=_point(*place), at=at, accuracy_m=5, source="test", region=region, moved=moved
    )


def _user(username: str, role: str, region: str, officer_id: int | None) -> UserAccount:
    return UserAccount(
        username=username,
        display_name=username,
        password_hash=_CHEAP_HASH,
        role=role,
        region=region,
        officer_id=officer_id,
    )


def _token_of(username: str) -> str:
    return f"token-of-{username}"


def _limits() -> list[DischargeLimit]:
    since = datetime(2003, 7, 1, tzinfo=UTC).date()
    common = {"standard": "GB 18918-2002", "grade": "1A", "period": "day", "valid_from": since}
    return [
        DischargeLimit(factor="w01018", high=50, unit="mg/L", source="GB 18918-2002 表1 一级A", **common),
        DischargeLimit(factor="w01001", low=6, high=9, unit="", source="GB 18918-2002 表1 一级A", **common),
    ]
