"""A PostGIS to be measured against."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from gis.cluster import PrivateCluster


@contextmanager
def postgis_at(url: str | None) -> Iterator[Engine]:
    """The PostGIS named, or a private one for as long as the benchmark runs."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = None
        if not url:
            Path(folder).chmod(0o755)  # it runs as a user of its own
            cluster = PrivateCluster(Path(folder), durable=False)
            cluster.ensure()
            cluster.create_database("benchmark")
            url = cluster.url("benchmark")
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
            yield engine
        finally:
            engine.dispose()
            if cluster is not None:
                cluster.stop()
