"""A cable that loses packets: `python -m tests.networks.lossy ONE OTHER SHARE SEED`, in the namespace between two.

Passes every frame that comes in on one interface out of the other, but for a share of those that carry UDP. A line on
its input is the share from then on.
"""

import argparse
import selectors
import socket
import sys
from random import Random

_EVERYTHING = 0x0003  # ETH_P_ALL
_SENT_BY_US = 4  # PACKET_OUTGOING
_ETHERNET, _IPV4, _UDP = 14, b"\x08\x00", 17
_CHECKSUM = 6  # where it stands in a UDP header


def carries_udp(frame: bytes) -> bool:
    return frame[12:14] == _IPV4 and len(frame) > _ETHERNET + 9 and frame[_ETHERNET + 9] == _UDP


def without_checksum(frame: bytes) -> bytes:
    """The kernel leaves it to a card to fill it in, and there is none here. Zero means none (RFC 768)."""
    at = _ETHERNET + 4 * (frame[_ETHERNET] & 0x0F) + _CHECKSUM
    return frame[:at] + b"\0\0" + frame[at + 2 :]


def plug_in(interface: str) -> socket.socket:
    plug = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    plug.bind((interface, 0))
    return plug


def carry(one: str, other: str, share: float, seed: int) -> None:
    chance = Random(seed)
    plugs = plug_in(one), plug_in(other)
    with selectors.DefaultSelector() as ready:
        for here, there in (plugs, plugs[::-1]):
            ready.register(here, selectors.EVENT_READ, there)
        ready.register(sys.stdin, selectors.EVENT_READ)
        print("carries", flush=True)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    share = float(sys.stdin.readline())
                    print("carries", flush=True)
                    continue
                frame, (*_, kind, _, _) = key.fileobj.recvfrom(65_535)  # type: ignore[union-attr]
                if kind == _SENT_BY_US:
                    continue
                if carries_udp(frame):
                    if chance.random() < share:
                        continue
                    frame = without_checksum(frame)
                key.data.send(frame)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("one")
    parser.add_argument("other")
    parser.add_argument("share", type=float)
    parser.add_argument("seed", type=int)
    words = parser.parse_args()
    carry(words.one, words.other, words.share, words.seed)


if __name__ == "__main__":
    main()
