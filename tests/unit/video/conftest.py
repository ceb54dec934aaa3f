"""A hub at hand, real peers over this machine's own addresses, and the events the hub tells of."""

from collections.abc import AsyncIterator

import pytest

from tests.addresses import has_address
from tests.unit.video.calls import Call


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    if not has_address():
        pytest.skip("this machine has no address besides loopback, and ICE offers none of those")
    async with Call() as here:
        yield here
