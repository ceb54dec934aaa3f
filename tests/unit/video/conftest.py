"""A hub at hand, real peers over this machine's own addresses, and the events the hub tells of."""

from collections.abc import AsyncIterator

import ifaddr
import pytest

from tests.unit.video.calls import Call


def has_address() -> bool:
    """ICE wants an address that is not loopback."""
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return any(isinstance(ip, str) and not ip.startswith("127.") for ip in addresses)


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    if not has_address():
        pytest.skip("this machine has no address besides loopback, and ICE offers none of those")
    async with Call() as here:
        yield here
