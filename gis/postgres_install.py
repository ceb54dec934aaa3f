"""Which PostgreSQL with PostGIS this machine has, and what to install when it has none.

Debian keeps every major version apart: programs in `/usr/lib/postgresql/<major>/bin`, extensions in
`/usr/share/postgresql/<major>/extension`. Only a version with PostGIS beside it is of use to us.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
_PROGRAMS_ROOT = Path("/usr/lib/postgresql")
_SHARE_ROOT = Path("/usr/share/postgresql")
_NEWEST_DEBIAN_MAJOR = 17


class ClusterError(RuntimeError):
    """The private PostgreSQL cannot be made, started or reached; the sentence says what to do."""


@dataclass(frozen=True, slots=True, order=True)
class PostgresInstall:
    """The programs of one major version that has PostGIS."""

    major: int
    programs: Path

    def program(self, name: str) -> str:
        return str(self.programs / name)


def installed(programs_root: Path = _PROGRAMS_ROOT, share_root: Path = _SHARE_ROOT) -> list[PostgresInstall]:
    """Every usable version on this machine, oldest first."""
    found = []
    for programs in programs_root.glob("*/bin"):
        major = programs.parent.name
        usable = (programs / "postgres").exists() and (share_root / major / "extension" / "postgis.control").exists()
        if major.isdigit() and int(major) >= OLDEST_MAJOR and usable:
            found.append(PostgresInstall(int(major), programs))
    return sorted(found)


def choose(data_directory: Path, candidates: list[PostgresInstall]) -> PostgresInstall:
    """The newest version for a new cluster; for an existing one the version that made it.

    Raises:
        ClusterError: nothing usable is installed, or not the major version that made the cluster.
    """
    if not candidates:
        raise ClusterError(
            f"PostgreSQL with PostGIS is not installed. Install it: apt-get install {package_to_install()}"
        )
    version_file = data_directory / "PG_VERSION"
    if not version_file.exists():
        return candidates[-1]
    made_by = int(version_file.read_text().strip())
    for candidate in candidates:
        if candidate.major == made_by:
            return candidate
    have = ", ".join(str(candidate.major) for candidate in candidates)
    raise ClusterError(
        f"The database in {data_directory} was made by PostgreSQL {made_by}, but this machine has {have}."
        f" Either install postgresql-{made_by}-postgis-3 again, or take `./onemap backup FILE` on a machine that"
        f" has version {made_by}, move the folder away, and `./onemap restore FILE` here."
    )


def package_to_install() -> str:
    """Debian's package name for PostGIS on this release, e.g. `postgresql-15-postgis-3` on Debian 12."""
    if apt_cache := shutil.which("apt-cache"):
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            [apt_cache, "search", "--names-only", "^postgresql-[0-9]+-postgis-3$"],
            capture_output=True,
            text=True,
            check=False,
        )
        if majors := [int(major) for major in re.findall(r"^postgresql-(\d+)-postgis-3 ", answer.stdout, re.MULTILINE)]:
            return f"postgresql-{max(majors)}-postgis-3"
    return f"postgresql-{_NEWEST_DEBIAN_MAJOR}-postgis-3"
