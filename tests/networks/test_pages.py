"""The pages' own call in Chromium, through networks as they are: cut, mended, moved to another address, UDP blocked.

How long it takes is printed (`pytest -s`) and not judged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.networks.conftest import TURN_OUTSIDE, StartEnd
from tests.networks.lands import Lands
from tests.networks.page import CallPage, call_page, missing

Coturn = Callable[..., None]
PAGE, MOVED, HUB = "10.77.3.2", "10.77.3.7", "10.77.3.1"
CUT_S = 5


@pytest.fixture
async def page(net: Lands, start: StartEnd, papers: Path) -> AsyncIterator[CallPage]:
    """Chromium where the officer's phone is; the hub, and an officer beside it who sends, are there already."""
    if reason := missing():
        pytest.skip(reason)
    hub = await start("hub", "hub")
    await start("hub", "publish")
    await hub.until(lambda said: said["what"] == "published")
    async with call_page(net, "officer", papers) as made:
        yield made


@pytest.fixture
def direct(net: Lands) -> Lands:
    """The hub is reached without TURN."""
    net.cable("officer", PAGE, "hub", HUB)
    return net


async def test_page_comes_back_when_its_interface_does(direct: Lands, page: CallPage) -> None:
    """Chromium takes seconds to notice that it is up again; until then it offers the addresses of others."""
    await _comes_back(page, lambda: direct.cut("officer", "hub"), lambda: direct.mend("officer", "hub"))


async def test_page_comes_back_after_a_silence_of_the_network(net: Lands, page: CallPage) -> None:
    """Nothing gets through and nobody says so, as in a tunnel."""
    with net.poor_cable("officer", PAGE, "hub", HUB, lost=0.0, seed=0) as lose:
        await _comes_back(page, lambda: lose(1.0), lambda: lose(0.0))


async def _comes_back(page: CallPage, cut: Callable[[], None], mend: Callable[[], None]) -> None:
    await page.begin()
    now, _ = await page.sees_more()
    assert (now["way"]["candidateType"], now["way"]["address"]) == ("host", PAGE)
    cut()
    page.away = True
    cut_at = time.monotonic()
    await page.until(lambda now: now["state"] == "rebuilding")
    noticed = time.monotonic() - cut_at
    await asyncio.sleep(max(0.0, cut_at + CUT_S - time.monotonic()))
    mend()
    page.away = False
    now, back = await page.sees_more()
    assert (now["way"]["candidateType"], now["way"]["address"]) == ("host", PAGE)
    print(f"\ncut for {CUT_S} s: noticed after {noticed:.1f}, ten pictures {back:.1f} s after the network")


async def test_call_goes_on_where_a_tenth_of_the_packets_is_lost(net: Lands, start: StartEnd, page: CallPage) -> None:
    """Each way, at random. Both ends see, sound does not go on alone, and no leg is built anew."""
    with net.poor_cable("officer", PAGE, "hub", HUB, lost=0.1, seed=20):
        await page.begin()
        await page.sees_more()
        desk = await start("hub", "view", "--of", "page")
        before = await desk.until(lambda said: said["pictures"] >= 10 and said["sounds"] >= 50)
        builds = (await page.now())["builds"]
        began = time.monotonic()
        async with asyncio.TaskGroup() as both:
            at_page = both.create_task(page.sees_more(100))
            both.create_task(desk.until(lambda said: said["pictures"] >= before["pictures"] + 100))
        now = await page.now()
        assert now["builds"] == builds
        assert now["lost"] > 0
    print(f"\na tenth lost each way: 100 pictures in {at_page.result()[1]:.1f} s at the page,", end=" ")
    print(f"in {time.monotonic() - began:.1f} s at both; sent 15 a second")


async def test_page_comes_back_from_another_address(direct: Lands, page: CallPage) -> None:
    await page.begin()
    await page.sees_more()
    direct.move("officer", "hub", PAGE, MOVED)
    moved_at = time.monotonic()
    await page.until(lambda now: now["way"] is not None and now["way"]["address"] == MOVED)
    now, _ = await page.sees_more()
    assert now["way"]["candidateType"] == "host"
    print(f"\nanother address: ten pictures by it {time.monotonic() - moved_at:.1f} s after the change")


async def test_page_sees_by_turn_over_tcp_where_no_udp_gets_through(coturn: Coturn, page: CallPage) -> None:
    coturn("--no-udp")
    await page.begin([f"turn:{TURN_OUTSIDE}:3478?transport=tcp"])
    now, took = await page.sees_more()
    assert (now["way"]["candidateType"], now["way"]["relayProtocol"]) == ("relay", "tcp")
    print(f"\nTURN over TCP: ten pictures after {took:.1f} s")


async def test_page_that_is_told_to_uses_the_relay_only(direct: Lands, coturn: Coturn, page: CallPage) -> None:
    coturn()
    await page.begin([f"turn:{TURN_OUTSIDE}:3478"], relay_only=True)
    now, took = await page.sees_more()
    assert (now["way"]["candidateType"], now["way"]["relayProtocol"]) == ("relay", "udp")
    print(f"\nrelay only: ten pictures after {took:.1f} s")
