"""One installation as the commands see it: its home folder, and its database, private or the operator's own."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from command import migrate
from gis.cluster import PrivateCluster

DATABASE = "onemap"


@dataclass(frozen=True, slots=True)
class Installation:
    """`cluster` is None when the operator's own PostGIS is used (`ONEMAP_DATABASE_URL`)."""

    home: Path
    url: str
    cluster: PrivateCluster | None


def open_installation(home: Path, database_url: str | None) -> Installation:
    """Start the private PostGIS if there is need, and bring the tables up to date.

    Raises `gis.cluster.ClusterError` in words when there is no usable PostgreSQL.
    """
    home = home.expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    if database_url:
        # Whatever driver the address names, ours is psycopg 3.
        url = make_url(database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        cluster = None
    else:
        cluster = PrivateCluster(home)
        cluster.ensure()
        cluster.create_database(DATABASE)
        url = cluster.url(DATABASE)
    migrate.upgrade(url)
    return Installation(home, url, cluster)
