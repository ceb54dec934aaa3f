"""The private cluster: made, started twice, killed, moved into awkward folders."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from gis.cluster import ClusterError, PrivateCluster

pytestmark = pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs util-linux")

MakeCluster = Callable[[Path], PrivateCluster]


@pytest.fixture
def make_cluster() -> Iterator[MakeCluster]:
    made: list[PrivateCluster] = []

    def make(home: Path) -> PrivateCluster:
        made.append(PrivateCluster(home))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()
        if not cluster.socket.is_relative_to(cluster.home):
            shutil.rmtree(cluster.socket, ignore_errors=True)


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def test_a_new_cluster_speaks_postgis_in_utf8(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    assert not cluster.running()
    cluster.ensure()
    cluster.create_database("onemap")
    run(cluster.url("onemap"), "CREATE EXTENSION postgis")
    assert run(
        cluster.url("onemap"), "SELECT ST_AsText(ST_Point(119.1, 36.7)), current_setting('server_encoding')"
    ) == [("POINT(119.1 36.7)", "UTF8")]


def test_starting_and_creating_twice_is_harmless(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    server = cluster.postmaster_pid()
    PrivateCluster(tmp_path).ensure()
    cluster.create_database("onemap")
    cluster.create_database("onemap")
    assert cluster.postmaster_pid() == server


def test_it_listens_on_its_socket_only(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    assert run(cluster.url("postgres"), "SHOW listen_addresses") == [("",)]
    assert cluster.socket.stat().st_mode & 0o077 == 0
    assert run(cluster.url("postgres"), "SELECT current_setting('fsync'), current_setting('synchronous_commit')") == [
        ("on", "on")
    ]


def test_committed_rows_are_there_after_the_server_was_killed(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    cluster.create_database("onemap")
    url = cluster.url("onemap")
    run(url, "CREATE TABLE frame AS SELECT n FROM generate_series(1, 1000) AS n")
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string()) as uncommitted:
        uncommitted.execute("INSERT INTO frame VALUES (1001)")
        killed = cluster.postmaster_pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        cluster.ensure()
        assert cluster.postmaster_pid() != killed
        assert run(url, "SELECT count(*) FROM frame") == [(1000,)]
        uncommitted.close()


def test_a_stale_pid_file_of_a_living_stranger_does_not_stop_the_start(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
    assert not cluster.running()
    cluster.ensure()
    assert cluster.running()


def test_an_interrupted_first_start_is_begun_again(make_cluster: MakeCluster, tmp_path: Path) -> None:
    half_done = tmp_path / "postgres" / "data.unfinished"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("15\n")
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    assert cluster.running()
    assert not half_done.exists()


def test_it_works_in_a_folder_that_others_cannot_enter(make_cluster: MakeCluster, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = make_cluster(closed / "x" / "var")
    cluster.ensure()
    assert run(cluster.url("postgres"), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ["a" * 120, "with space, comma and 中文"])
def test_long_and_odd_paths_work(make_cluster: MakeCluster, tmp_path: Path, name: str) -> None:
    cluster = make_cluster(tmp_path / name)
    cluster.ensure()
    cluster.create_database("onemap")
    assert run(cluster.url("onemap"), "SELECT 1") == [(1,)]


def test_a_copy_of_a_database_has_its_rows_and_is_apart(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    cluster.create_database("first")
    run(cluster.url("first"), "CREATE TABLE t AS SELECT 1 AS n")
    cluster.create_database("second", template="first")
    run(cluster.url("second"), "DELETE FROM t")
    assert run(cluster.url("first"), "SELECT count(*) FROM t") == [(1,)]
    cluster.drop_database("second")
    cluster.drop_database("second")


def test_a_cluster_of_another_major_version_says_how_to_move(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 9.*backup FILE"):
        cluster.ensure()


def test_an_operators_own_settings_win(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    cluster.stop()
    (cluster.data / "local.conf").write_text("max_connections = 42\n")
    (cluster.data / "local.conf").chmod(0o644)
    cluster.ensure()
    assert run(cluster.url("postgres"), "SHOW max_connections") == [("42",)]


def test_a_broken_setting_is_told_with_the_servers_own_words(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    cluster.ensure()
    cluster.stop()
    (cluster.data / "local.conf").write_text("max_connections = many\n")
    (cluster.data / "local.conf").chmod(0o644)
    with pytest.raises(ClusterError, match="max_connections"):
        cluster.ensure()
    (cluster.data / "local.conf").unlink()


def test_two_that_start_it_at_once_get_one_server(make_cluster: MakeCluster, tmp_path: Path) -> None:
    clusters = [make_cluster(tmp_path), make_cluster(tmp_path)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(PrivateCluster.ensure, clusters))
    assert run(clusters[0].url("postgres"), "SELECT pg_postmaster_start_time()") == run(
        clusters[1].url("postgres"), "SELECT pg_postmaster_start_time()"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_without_the_capability_the_closed_folder_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = (
        "import sys; from pathlib import Path; from gis.cluster import ClusterError, PrivateCluster\n"
        "try: PrivateCluster(Path(sys.argv[1])).ensure()\n"
        "except ClusterError as error: print(error)"
    )
    answer = subprocess.run(
        ["setpriv", "--bounding-set=-dac_read_search", sys.executable, "-c", program, str(closed / "var")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "User postgres" in answer.stdout
    assert "cannot enter" in answer.stdout
    assert "--home" in answer.stdout


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ClusterError, match="choose another --home"):
        PrivateCluster(tmp_path / "file" / "var").ensure()
