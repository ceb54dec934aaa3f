"""What all commands share: where they print, how they fail, which installation they work on."""

import asyncio
import atexit
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from alembic.util import CommandError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from command.installation import Installation, in_charge, is_in_use, open_installation
from command.problems import Conflict
from data.demo.load import WorldLoadFailed
from data.importers.errors import ImportRefused
from gis.cluster import ClusterError, PrivateCluster
from gis.database import Database
from gis.http import NotFound
from routing.errors import RoadsError

out = Console()
err = Console(stderr=True)

DEFAULT_HOME = Path(__file__).parent.parent.parent / "var"
Home = Annotated[Path, typer.Option(help="where this installation keeps everything", envvar="ONEMAP_HOME")]

T = TypeVar("T")

_ORDINARY = (
    ClusterError,
    RoadsError,
    NotFound,
    Conflict,
    CommandError,
    ImportRefused,
    WorldLoadFailed,
    OSError,
    ValueError,
)


@contextmanager
def clear_errors() -> Iterator[None]:
    """What can go wrong in ordinary ways ends in one sentence, not in a traceback."""
    try:
        yield
    except _ORDINARY as error:
        _end(str(error))
    except DBAPIError as error:
        _end(f"the database refused: {error.orig}")


def _end(sentence: str) -> None:
    err.print("[red]onemap:[/]", sentence, highlight=False, markup=True)
    raise typer.Exit(1) from None


def installation(home: Path) -> Installation:
    """The installation under `home`, its database running and up to date; stopped at our end if it was not running."""
    here = open_installation(home, os.environ.get("ONEMAP_DATABASE_URL"))
    if here.started and here.cluster is not None:
        atexit.register(_stop_unless_in_use, here.cluster)
    return here


def _stop_unless_in_use(cluster: PrivateCluster) -> None:
    if not is_in_use(cluster.home):  # OneMap was started meanwhile, and its database is this one
        cluster.stop()


@contextmanager
def running_installation(home: Path) -> Iterator[Installation]:
    """The installation for the one process that runs OneMap from it; its database is stopped at the end in any case.

    After a crash the database may still be running from before: it is ours all the same.
    """
    with in_charge(home):
        with err.status("starting the database"):
            here = open_installation(home, os.environ.get("ONEMAP_DATABASE_URL"))
        try:
            yield here
        finally:
            if here.cluster is not None:
                here.cluster.stop()


def with_database(home: Path, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run asynchronous work on the installation's database."""
    url = installation(home).url

    async def run() -> T:
        database = Database(url, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
