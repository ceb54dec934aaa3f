"""`migrate`, `bench`, `backup`, `restore`, `verify`: looking after an installation."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from command import migrate as migrations
from command.cli.console import Home, clear_errors, installation, out, with_database
from command.events.log import chain_breaks
from gis.database import Database

_BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def migrate(
    home: Home = Path("var"), to: Annotated[str, typer.Option(help="a revision, head or base")] = "head"
) -> None:
    """Bring the database to the newest revision of the tables, or back to another."""
    with clear_errors():
        here = installation(home)
        if to != "head":
            migrations.downgrade(here.url, to)
        out.print(f"the database is at {to}")


def verify(home: Home = Path("var")) -> None:
    """Check the whole event log: each row hashed onto the one before, none missing, none changed."""

    async def check(database: Database) -> list[tuple[int, str]]:
        async with database.for_system() as session:
            return await chain_breaks(session)

    with clear_errors():
        breaks = with_database(home, check)
        for seq, problem in breaks:
            out.print(f"event {seq}: {problem}")
        if breaks:
            raise typer.Exit(1)
        out.print("the event log is whole")


def bench(name: str, arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Run a benchmark by hand; without a known name it lists them."""
    known = sorted(path.stem for path in _BENCHMARKS.glob("*.py") if not path.stem.startswith("_"))
    with clear_errors():
        if name not in known:
            raise ValueError(f"there is no benchmark {name!r}; there are: {', '.join(known)}")
        sys.argv = [name, *(arguments or [])]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


def backup(file: Path, home: Home = Path("var")) -> None:
    """Write the whole database to one file (pg_dump's own format); it may be in use meanwhile."""
    with clear_errors():
        url = make_url(installation(home).url).set(drivername="postgresql").render_as_string(hide_password=False)
        partial = file.with_name(f".{file.name}.partial")
        _postgres_tool("pg_dump", "--format=custom", f"--file={partial}", f"--dbname={url}")
        partial.replace(file)
        out.print(f"{file}: {file.stat().st_size / 1e6:,.1f} MB")


def restore(
    file: Path,
    home: Home = Path("var"),
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Put a backup in the place of everything in this installation's database."""
    with clear_errors():
        if not file.is_file():
            raise ValueError(f"there is no backup {file}")
        if not yes:
            typer.confirm(f"replace everything in the database of {home} by {file}?", abort=True)
        url = make_url(installation(home).url).set(drivername="postgresql").render_as_string(hide_password=False)
        _postgres_tool("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={url}", str(file))
        out.print(f"restored from {file}")


def add_to(app: typer.Typer) -> None:
    for command in (migrate, verify, bench, backup, restore):
        app.command()(command)


def _postgres_tool(name: str, *arguments: str) -> None:
    result = subprocess.run([name, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if result.returncode != 0:
        raise ValueError(f"{name}: {result.stderr.strip()[-2000:]}")
