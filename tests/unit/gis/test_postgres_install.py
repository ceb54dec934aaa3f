"""Which PostgreSQL is chosen, from folders laid out as Debian does."""

from pathlib import Path

import pytest

from gis.postgres_install import ClusterError, choose, installed, package_to_install


def lay_out(root: Path, major: str, *, postgis: bool) -> None:
    programs = root / "lib" / major / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch()
    if postgis:
        extension = root / "share" / major / "extension"
        extension.mkdir(parents=True)
        (extension / "postgis.control").touch()


def test_only_versions_with_postgis_count_and_the_newest_is_chosen(tmp_path: Path) -> None:
    lay_out(tmp_path, "15", postgis=True)
    lay_out(tmp_path, "17", postgis=True)
    lay_out(tmp_path, "18", postgis=False)
    lay_out(tmp_path, "9.6", postgis=True)
    found = installed(tmp_path / "lib", tmp_path / "share")
    assert [install.major for install in found] == [15, 17]
    assert choose(tmp_path / "no data yet", found).major == 17


def test_an_existing_cluster_keeps_the_version_that_made_it(tmp_path: Path) -> None:
    lay_out(tmp_path, "15", postgis=True)
    lay_out(tmp_path, "17", postgis=True)
    (tmp_path / "PG_VERSION").write_text("15\n")
    assert choose(tmp_path, installed(tmp_path / "lib", tmp_path / "share")).major == 15


def test_without_postgresql_the_error_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"apt-get install postgresql-\d+-postgis-3"):
        choose(tmp_path, [])
    assert package_to_install().endswith("-postgis-3")
