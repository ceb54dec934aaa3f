"""`user`, `device`: who may sign in, and what may report positions."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import delete, select, update

from command.access.passwords import hash_password, new_token
from command.access.tables import UserAccount, UserSession
from command.cli.console import DEFAULT_HOME, Home, clear_errors, out, with_database
from command.officers.devices import Device, add_device, list_devices, revoke_device
from data.positions.fix import SpeedUnit
from data.tables import Officer
from gis.database import Database
from gis.http import NotFound
from gis.position import Datum

device_app = typer.Typer(no_args_is_help=True, help="Trackers and phones that report positions.")
user_app = typer.Typer(no_args_is_help=True, help="People who sign in.")

_SHORTEST_PASSWORD = 10


class Role(StrEnum):
    duty = "duty"
    dispatcher = "dispatcher"
    officer = "officer"
    planner = "planner"
    expert = "expert"
    admin = "admin"


@device_app.command("add")
def device_add(
    officer: Annotated[str, typer.Option(help="the officer's id or certificate code")],
    token: Annotated[str | None, typer.Option(help="the device's token; one is made if not given")] = None,
    datum: Annotated[Datum, typer.Option(help="what the device's coordinates are in")] = Datum.WGS84,
    speed_unit: Annotated[SpeedUnit, typer.Option(help="of OsmAnd's speed parameter")] = SpeedUnit.KNOTS,
    label: str = "tracker",
    home: Home = DEFAULT_HOME,
) -> None:
    """Let a phone or tracker report positions for an officer."""
    secret = token or new_token()

    async def add(database: Database) -> int:
        async with database.for_system() as session, session.begin():
            device = await add_device(
                session, officer=officer, token=secret, datum=datum, speed_unit=speed_unit, label=label
            )
        return device.id

    with clear_errors():
        device_id = with_database(home, add)
    out.print(f"device {device_id} reports for officer {officer}" + ("" if token else f"; its token: {secret}"))


@device_app.command("list")
def device_list(home: Home = DEFAULT_HOME) -> None:
    """All devices."""
    with clear_errors():
        devices = with_database(home, _all_devices)
    table = Table("id", "officer", "label", "datum", "speed", "region", "state")
    for device, good in devices:
        table.add_row(
            str(device.id),
            str(device.officer_id or "gateway"),
            device.label,
            device.datum,
            device.speed_unit,
            device.region,
            "good" if good else "revoked",
        )
    out.print(table)


@device_app.command("revoke")
def device_revoke(device: int, home: Home = DEFAULT_HOME) -> None:
    """Take nothing more from a device."""

    async def revoke(database: Database) -> None:
        async with database.for_system() as session, session.begin():
            await revoke_device(session, device)

    with clear_errors():
        with_database(home, revoke)
    out.print(f"device {device} is revoked")


async def _all_devices(database: Database) -> list[tuple[Device, bool]]:
    async with database.for_system() as session:
        return await list_devices(session)


Password = Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)]


@user_app.command("add")
def user_add(
    username: str,
    role: Annotated[Role, typer.Option()],
    region: Annotated[str, typer.Option(help="37, 3707 or 370705: the area this person sees")],
    password: Password,
    name: Annotated[str | None, typer.Option(help="shown to others")] = None,
    officer: Annotated[str | None, typer.Option(help="certificate code, for the role officer")] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Let somebody sign in."""

    async def add(database: Database) -> None:
        async with database.for_system() as session, session.begin():
            officer_id = await session.scalar(select(Officer.id).where(Officer.code == officer)) if officer else None
            if officer and officer_id is None:
                raise NotFound(f"there is no officer with the code {officer}")
            session.add(
                UserAccount(
                    username=username,
                    display_name=name or username,
                    password_hash=hash_password(password),
                    role=role.value,
                    region=region,
                    officer_id=officer_id,
                )
            )

    with clear_errors():
        _check_password(password)
        with_database(home, add)
    out.print(f"{username} may sign in as {role.value} of {region}")


@user_app.command("list")
def user_list(home: Home = DEFAULT_HOME) -> None:
    """Who may sign in."""

    async def read(database: Database) -> list[UserAccount]:
        async with database.for_system() as session:
            return list(await session.scalars(select(UserAccount).order_by(UserAccount.username)))

    with clear_errors():
        users = with_database(home, read)
    table = Table("user", "name", "role", "region", "state")
    for user in users:
        state = ("active" if user.active else "disabled") + (", demonstration" if user.demo else "")
        table.add_row(user.username, user.display_name, user.role, user.region, state)
    out.print(table)


@user_app.command("password")
def user_password(username: str, password: Password, home: Home = DEFAULT_HOME) -> None:
    """Give somebody a new password; their open sessions end."""
    _check_or_end(password)
    _change(home, username, password_hash=hash_password(password))
    out.print(f"{username} has a new password")


@user_app.command("disable")
def user_disable(username: str, home: Home = DEFAULT_HOME) -> None:
    """Let somebody sign in no more; their open sessions end."""
    _change(home, username, active=False)
    out.print(f"{username} cannot sign in any more")


@user_app.command("enable")
def user_enable(username: str, home: Home = DEFAULT_HOME) -> None:
    """Let somebody sign in again."""
    _change(home, username, active=True)
    out.print(f"{username} may sign in again")


@user_app.command("remove-demo")
def user_remove_demo(home: Home = DEFAULT_HOME) -> None:
    """Remove the demonstration users, so that this installation may serve."""

    async def remove(database: Database) -> int:
        async with database.for_system() as session, session.begin():
            removed = await session.scalars(delete(UserAccount).where(UserAccount.demo).returning(UserAccount.id))
            return len(removed.all())

    with clear_errors():
        count = with_database(home, remove)
    out.print(f"{count} demonstration users removed")


def _check_password(password: str) -> None:
    if len(password) < _SHORTEST_PASSWORD:
        raise ValueError(f"a password needs at least {_SHORTEST_PASSWORD} characters")


def _check_or_end(password: str) -> None:
    with clear_errors():
        _check_password(password)


def _change(home: Path, username: str, **values: object) -> None:
    async def change(database: Database) -> None:
        async with database.for_system() as session, session.begin():
            user_id = await session.scalar(
                update(UserAccount).where(UserAccount.username == username).values(**values).returning(UserAccount.id)
            )
            if user_id is None:
                raise NotFound(f"there is no user {username}")
            await session.execute(delete(UserSession).where(UserSession.user_id == user_id))

    with clear_errors():
        with_database(home, change)
