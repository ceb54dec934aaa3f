"""TURN: credentials that run out, for networks that let no UDP through or hide everybody behind one address.

coturn and others know the scheme as "TURN REST API" (`use-auth-secret`, `static-auth-secret`; draft-uberti-behave-turn-
rest-00): the name is the Unix time at which it expires and whom it is for, the password an HMAC-SHA1 of the name. The
server needs no list of users, and we need not ask it for anything.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from aiortc import RTCIceServer

SHIFT_S: Final = 12 * 3600  # a call that outlives its credentials goes on; only a new leg needs new ones


@dataclass(frozen=True, slots=True)
class IceServer:
    """As `RTCPeerConnection` of a browser takes it."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class TurnServers:
    """The TURN servers of an installation; with no urls there are none.

    Args:
        urls: `turn:host:3478`, `turn:host:3478?transport=tcp`, `turns:host:443?transport=tcp`.
        secret: coturn's `static-auth-secret`.
        lasting_s: how long credentials are good for.
    """

    urls: tuple[str, ...] = ()
    secret: str = ""
    lasting_s: int = SHIFT_S
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        for url in self.urls:
            check_url(url)
        if self.urls and not self.secret:
            raise ValueError("TURN servers need their static-auth-secret (ONEMAP_MEDIA_TURN_SECRET)")

    def for_page(self, name: str) -> list[IceServer]:
        """What a page's connections are built with, in the name of whoever is signed in."""
        if not self.urls:
            return []
        username, credential = credentials(self.secret, name, int(self.now()) + self.lasting_s)
        return [IceServer(self.urls, username, credential)]

    def for_hub(self) -> list[RTCIceServer]:
        """What aiortc's connections are built with: it uses the first of the urls."""
        return [
            RTCIceServer(urls=[url], username=each.username, credential=each.credential)
            for each in self.for_page("hub")
            for url in each.urls[:1]
        ]


def credentials(secret: str, name: str, expires_at: int) -> tuple[str, str]:
    """User name and password that the server takes until `expires_at` (Unix seconds)."""
    username = f"{expires_at}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def check_url(url: str) -> None:
    """Raise `ValueError` unless it is a TURN address that browsers and aiortc both take (RFC 7065)."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    transport = parse_qs(query).get("transport", [""])[0]
    if scheme not in {"turn", "turns"} or not place or place.startswith("/"):
        raise ValueError(f"{url!r} is no TURN address; they look like turn:host:3478 or turns:host:443?transport=tcp")
    if transport not in {"", "udp", "tcp"}:
        raise ValueError(f"{url!r}: a TURN server is reached by transport=udp or transport=tcp")
    if scheme == "turns" and transport == "udp":
        raise ValueError(f"{url!r}: TURN with TLS is reached by transport=tcp")


def announced(answer: str, address: str) -> str:
    """An answer that also names `address`, under which the world reaches this machine, for each address of its own.

    For a machine behind one-to-one NAT: ports stay as they are.
    """
    lines: list[str] = []
    for line in answer.splitlines():
        lines.append(line)
        words = line.split(" ")
        if line.startswith("a=candidate:") and words[7:8] == ["host"] and (":" in words[4]) == (":" in address):
            lower = str(max(1, int(words[3]) - 1))  # its own addresses stay the first choice for those who reach them
            words[0], words[3], words[4] = words[0] + "n", lower, address
            named = " ".join(words)
            if named not in lines:
                lines.append(named)
    return "\r\n".join(lines) + "\r\n"


def split_urls(urls: str) -> Sequence[str]:
    """Addresses out of a setting: separated by commas or spaces."""
    return [url for url in urls.replace(",", " ").split() if url]
