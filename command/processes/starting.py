"""What every process does first."""

import gc
import logging

from command.settings import ServerSettings
from gis.database import Database


def begin(settings: ServerSettings) -> Database:
    """Set up the log, and return the database of the installation that the process belongs to."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    keep_for_good()
    if settings.database_url is None:
        raise SystemExit("ONEMAP_DATABASE_URL is not set; start this process with ./onemap serve")
    return Database(settings.database_url)


def keep_for_good() -> None:
    """Take all that has been made so far out of the garbage collector's sight: it lives as long as the process.

    Going through it now and then stops the process; one such stop of a busy web process took 1.5 s.
    """
    gc.collect()
    gc.freeze()
