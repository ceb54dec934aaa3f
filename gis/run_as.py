"""Running PostgreSQL's programs as the right user.

PostgreSQL refuses to run as root. When we are root its programs run as the owner of the cluster, `postgres` at first.
That user may be unable to walk into the folder we live in (a checkout under `/root` or a private temporary folder);
then the programs get one ambient capability, `CAP_DAC_READ_SEARCH`, which lets them pass closed folders on the way to
their own. Everything they own they already may read and write.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gis.postgres_install import ClusterError

_SERVER_USER = "postgres"
_PASS_CLOSED_FOLDERS = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that owns the cluster, and the words before a command that make it run as that user."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def run(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end from `/`, which every user can read; output and errors together in `stdout`."""
        return subprocess.run(  # noqa: S603 - the commands are ours, no shell
            [*self.prefix, *command],
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def account_for(folder: Path) -> Account:
    """Who runs the server whose files lie in `folder`: its owner if it exists, else ourselves, for root `postgres`.

    Raises:
        ClusterError: the folder belongs to somebody else, or root has no user to hand the server to.
    """
    me = os.geteuid()
    owner = folder.stat() if folder.exists() else None
    if me != 0:
        if owner is not None and owner.st_uid != me:
            raise ClusterError(
                f"{folder} belongs to user {_name_of(owner.st_uid)}: run as that user or as root,"
                " or choose another folder with --home."
            )
        return Account(me, os.getegid())
    if owner is not None and owner.st_uid != 0:
        return _other_user(owner.st_uid, owner.st_gid)
    try:
        server = pwd.getpwnam(_SERVER_USER)
    except KeyError:
        raise ClusterError(
            f"PostgreSQL does not run as root and there is no user {_SERVER_USER}:"
            " install Debian's postgresql package, or start OneMap as an ordinary user."
        ) from None
    return _other_user(server.pw_uid, server.pw_gid)


def able_to_enter(account: Account, folder: Path) -> Account:
    """The same account, with the capability to pass closed folders when it needs that to reach `folder`.

    Raises:
        ClusterError: the folder cannot be reached even so; the sentence names the folder that is closed.
    """
    if not account.prefix or _can_enter(account, folder):
        return account
    program, *identity = account.prefix
    capable = Account(account.uid, account.gid, (program, *_PASS_CLOSED_FOLDERS, *identity))
    if _can_enter(capable, folder):
        return capable
    closed = next(parent for parent in [*reversed(folder.parents), folder] if not _can_enter(account, parent))
    raise ClusterError(
        f"User {_name_of(account.uid)}, who must run PostgreSQL, cannot enter {closed}, and this machine does not"
        " let us grant that (capability dac_read_search)."
        " Choose a folder that every user can reach, for example --home /var/lib/onemap."
    )


def _other_user(uid: int, gid: int) -> Account:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ClusterError("The program setpriv is missing: apt-get install util-linux")
    return Account(uid, gid, (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups"))


def _can_enter(account: Account, folder: Path) -> bool:
    # Not `test -x`: access(2) judges by the real user and leaves capabilities out.
    return account.run(["stat", "--terse", f"{folder}/."]).returncode == 0


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
