"""`migrate`, `bench`, `backup`, `restore`, `verify`: looking after an installation."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import sql
from sqlalchemy import URL, make_url

from command import migrate as migrations
from command.cli.console import DEFAULT_HOME, Home, clear_errors, installation, out, with_database
from command.events.log import chain_breaks
from gis.database import Database

_BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


def migrate(
    home: Home = DEFAULT_HOME, to: Annotated[str, typer.Option(help="a revision, head or base")] = "head"
) -> None:
    """Bring the database to the newest revision of the tables, or back to another."""
    with clear_errors():
        here = installation(home)
        if to != "head":
            migrations.downgrade(here.url, to)
        out.print(f"the database is at {to}")


def verify(home: Home = DEFAULT_HOME) -> None:
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


def bench(
    name: Annotated[str | None, typer.Argument()] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="after --, those of the benchmark itself")] = None,
) -> None:
    """Run a benchmark by hand; without a name it lists them."""
    known = {path.stem: path for path in sorted(_BENCHMARKS.glob("*.py")) if '"__main__"' in path.read_text()}
    if name is None:
        for stem, path in known.items():
            about = ast.get_docstring(ast.parse(path.read_text())) or ""
            out.print(f"{stem:14} {about.splitlines()[0]}")
        return
    with clear_errors():
        if name not in known:
            raise ValueError(f"there is no benchmark {name!r}; there are: {', '.join(known)}")
        sys.argv = [name, *(arguments or [])]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


def backup(file: Path, home: Home = DEFAULT_HOME) -> None:
    """Write the whole database to one file (pg_dump's own format); it may be in use meanwhile."""
    with clear_errors():
        partial = file.with_name(f".{file.name}.partial")
        _postgres_tool(
            "pg_dump", "--format=custom", f"--file={partial}", f"--dbname={_libpq(make_url(installation(home).url))}"
        )
        partial.replace(file)
        out.print(f"{file}: {file.stat().st_size / 1e6:,.1f} MB")


def restore(
    file: Path,
    home: Home = DEFAULT_HOME,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Put a backup in the place of everything in this installation's database."""
    with clear_errors():
        if not file.is_file():
            raise ValueError(f"there is no backup {file}")
        if not yes:
            typer.confirm(f"replace everything in the database of {home} by {file}?", abort=True)
        replace_by_backup(make_url(installation(home).url), file)
        out.print(f"restored from {file}")


def replace_by_backup(url: URL, file: Path) -> None:
    """Restore into a new database, and only when that is whole put it in the place of the old one."""
    name = str(url.database)
    fresh, old = f"{name}_restoring", f"{name}_before"
    with psycopg.connect(_libpq(url.set(database="postgres")), autocommit=True) as server:

        def do(statement: str, *names: str) -> None:
            server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

        do("DROP DATABASE IF EXISTS {} WITH (FORCE)", fresh)
        do("CREATE DATABASE {}", fresh)
        _postgres_tool("pg_restore", "--exit-on-error", f"--dbname={_libpq(url.set(database=fresh))}", str(file))
        with psycopg.connect(_libpq(url.set(database=fresh)), autocommit=True) as restored:
            # A dump does not carry these; see migrations 0004 and 0006.
            restored.execute("SELECT trust_box_comparison(), trust_text_comparison()")
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
        do("DROP DATABASE IF EXISTS {} WITH (FORCE)", old)
        do("ALTER DATABASE {} RENAME TO {}", name, old)
        do("ALTER DATABASE {} RENAME TO {}", fresh, name)
        do("DROP DATABASE {} WITH (FORCE)", old)


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def add_to(app: typer.Typer) -> None:
    for command in (migrate, verify, bench, backup, restore):
        app.command()(command)


def _postgres_tool(name: str, *arguments: str) -> None:
    result = subprocess.run([name, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if result.returncode != 0:
        raise ValueError(f"{name}: {result.stderr.strip()[-2000:]}")
