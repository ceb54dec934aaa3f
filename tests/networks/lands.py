"""Networks for a test alone: namespaces with cables between them that lead nowhere else. Needs root and `ip`."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from shutil import which
from typing import Self

_numbers = count(1)


def missing() -> str | None:
    """Why no namespaces can be made here; None if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if which("ip") is None:
        return "there is no ip command (apt install iproute2)"
    with Lands() as lands:
        try:
            lands.add("try")
            lands.add("other")
            lands.cable("try", "10.77.9.1", "other", "10.77.9.2")
        except subprocess.CalledProcessError as problem:
            return f"this kernel makes no network namespaces: {problem.stderr.strip()}"
    return None


class Lands:
    """A few namespaces, by short names."""

    def __init__(self) -> None:
        self._mark = f"om{os.getpid()}x{next(_numbers)}"
        self._names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            subprocess.run(["ip", "netns", "del", self._full(name)], check=False, capture_output=True)

    def add(self, name: str) -> None:
        _ip("netns", "add", self._full(name))
        self._names.append(name)
        self.ip(name, "link", "set", "lo", "up")

    def cable(self, one: str, one_address: str, other: str, other_address: str) -> None:
        """Connect two; in each the end of the cable has the other's name."""
        self.ip(one, "link", "add", other, "type", "veth", "peer", "name", one, "netns", self._full(other))
        self._plug_in(one, other, one_address)
        self._plug_in(other, one, other_address)

    @contextmanager
    def poor_cable(
        self, one: str, one_address: str, other: str, other_address: str, *, lost: float, seed: int
    ) -> Iterator[Callable[[float], None]]:
        """Connect two by way of a third who loses a share of what they send each other by UDP, each way.

        What is yielded sets another share, and returns when it holds.
        """
        between = f"{one}-{other}"
        self.add(between)
        for here, there, address in ((one, other, one_address), (other, one, other_address)):
            self.ip(here, "link", "add", there, "type", "veth", "peer", "name", here, "netns", self._full(between))
            self._plug_in(here, there, address)
            self.ip(between, "link", "set", here, "up")
        words = (sys.executable, "-m", "tests.networks.lossy", one, other, str(lost), str(seed))
        with subprocess.Popen(
            self.into(between, *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as carrier:
            stdin, stdout = carrier.stdin, carrier.stdout
            assert stdin is not None
            assert stdout is not None
            stdout.readline()  # it has begun

            def lose(share: float) -> None:
                stdin.write(f"{share}\n")
                stdin.flush()
                stdout.readline()

            try:
                yield lose
            finally:
                carrier.kill()

    def _plug_in(self, here: str, there: str, address: str) -> None:
        """Take the end of a cable that has the other's name into use."""
        self.ip(here, "addr", "add", f"{address}/24", "dev", there)
        self.ip(here, "link", "set", there, "up")

    def ip(self, name: str, *words: str) -> None:
        _ip("-n", self._full(name), *words)

    def into(self, name: str, *command: str) -> tuple[str, ...]:
        """A command that runs in there."""
        return ("ip", "netns", "exec", self._full(name), *command)

    def cut(self, name: str, towards: str) -> None:
        self.ip(name, "link", "set", towards, "down")

    def mend(self, name: str, towards: str) -> None:
        self.ip(name, "link", "set", towards, "up")

    def move(self, name: str, towards: str, old: str, new: str) -> None:
        """Another address, as from one mobile cell to another."""
        self.ip(name, "addr", "del", f"{old}/24", "dev", towards)
        self.ip(name, "addr", "add", f"{new}/24", "dev", towards)

    def _full(self, name: str) -> str:
        return f"{self._mark}{name}"


@contextmanager
def lands(*names: str) -> Iterator[Lands]:
    with Lands() as made:
        for name in names:
            made.add(name)
        yield made


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
