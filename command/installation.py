"""One installation as the commands see it: its home folder, and its database, private or the operator's own."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import shapely
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon
from sqlalchemy import create_engine, exists, insert, make_url, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from command import migrate
from data.boundaries import load_shandong
from data.limits import read_standards
from data.tables import DischargeLimit
from gis.cluster import PrivateCluster
from gis.tables import RegionRow

DATABASE = "onemap"


@dataclass(frozen=True, slots=True)
class Installation:
    """`cluster` is None when the operator's own PostGIS is used (`ONEMAP_DATABASE_URL`).

    `started` says that the private one did not run before, so whoever opened the installation should stop it again.
    """

    home: Path
    url: str
    cluster: PrivateCluster | None
    started: bool


def open_installation(home: Path, database_url: str | None) -> Installation:
    """Start the private PostGIS if there is need, and bring the tables up to date.

    Raises `gis.cluster.ClusterError` in words when there is no usable PostgreSQL.
    """
    home = home.expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    if database_url:
        # Whatever driver the address names, ours is psycopg 3.
        url = make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        cluster, started = None, False
    else:
        cluster = PrivateCluster(home)
        started = not cluster.running()
        cluster.ensure()
        cluster.create_database(DATABASE)
        url = cluster.url(DATABASE)
    try:
        migrate.upgrade(url)
        _fill_in(url)
    except BaseException:
        if started and cluster is not None:
            cluster.stop()
        raise
    return Installation(home, url, cluster, started)


@contextmanager
def in_charge(home: Path) -> Iterator[None]:
    """Be the one process that runs OneMap from this home: a second would take the first one's children for its own.

    The lock dies with the process, however that ends. Raises `OSError` in words when another is in charge.
    """
    path = _lock_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"OneMap runs from {home} already; stop that one first, or choose another --home") from None
        yield


def is_in_use(home: Path) -> bool:
    """Whether some process runs OneMap from this home now."""
    path = _lock_of(home)
    if not path.exists():
        return False
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_of(home: Path) -> Path:
    return home.expanduser().resolve() / "run" / "onemap.lock"


def _fill_in(url: str) -> None:
    """What every installation needs before the first import: the regions, and the national standards' limits."""
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        if not session.scalar(select(exists().select_from(RegionRow))):
            session.execute(
                insert(RegionRow),
                [
                    {
                        "adcode": area.adcode,
                        "name": area.name,
                        "level": area.level,
                        "parent": area.parent,
                        "geom": from_shape(MultiPolygon(list(shapely.get_parts(area.geometry))), srid=4326),
                    }
                    for area in load_shandong()
                ],
            )
            session.execute(
                postgresql.insert(DischargeLimit).on_conflict_do_nothing(), [asdict(one) for one in read_standards()]
            )
    engine.dispose()
