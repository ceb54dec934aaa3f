"""Calls through networks as they are: UDP blocked, relayed only, cut, mended, and moved to another address."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.networks.conftest import HUB, TURN_OUTSIDE, TURN_SECRET, StartEnd
from tests.networks.lands import Lands

BY_UDP = ("--turn", f"turn:{TURN_OUTSIDE}:3478", "--turn-secret", TURN_SECRET)
BY_TCP = ("--turn", f"turn:{TURN_OUTSIDE}:3478?transport=tcp", "--turn-secret", TURN_SECRET)
BY_TLS = ("--turn", f"turns:{TURN_OUTSIDE}:443?transport=tcp", "--turn-secret", TURN_SECRET)
Coturn = Callable[..., None]


@pytest.mark.parametrize("turn", [BY_TCP, BY_TLS], ids=["tcp", "tls on 443"])
async def test_call_gets_through_where_no_udp_does(start: StartEnd, coturn: Coturn, turn: tuple[str, ...]) -> None:
    coturn("--no-udp")
    hub = await start("hub", "hub")
    officer = await start("officer", "publish", *turn)
    await hub.until(lambda said: said["what"] == "published")
    assert (await officer.until(lambda said: said["through"]))["through"] == ["relay"]
    desk = await start("hub", "view")
    seen = await desk.until(lambda said: said["seen"] >= 20 and said["sounds"] >= 50)
    assert seen["through"] == ["host"], "who reaches the hub needs no TURN"


async def test_officer_without_turn_does_not_get_through_there(start: StartEnd) -> None:
    hub = await start("hub", "hub")
    officer = await start("officer", "publish")
    left = await hub.until(lambda said: said["what"] == "left")
    assert left["why"] in {"never connected", "lost"}
    assert (await officer.until(lambda said: True))["through"] == []


async def test_officer_sees_by_tcp_what_the_desk_sends(start: StartEnd, coturn: Coturn) -> None:
    coturn("--no-udp")
    await start("hub", "hub")
    await start("hub", "publish")
    officer = await start("officer", "view", *BY_TCP)
    seen = await officer.until(lambda said: said["seen"] >= 20 and said["sounds"] >= 50)
    assert seen["through"] == ["relay"]


@pytest.mark.parametrize("hub_too", [False, True], ids=["page", "page and hub"])
async def test_relay_only_never_uses_the_direct_way(net: Lands, start: StartEnd, coturn: Coturn, hub_too: bool) -> None:
    net.cable("officer", "10.77.3.2", "hub", "10.77.3.1")
    coturn()
    inside = ("--turn", "turn:10.77.2.1:3478", "--turn-secret", TURN_SECRET)
    await start("hub", "hub", *((*inside, "--relay-only") if hub_too else ()))
    # Both build anew what does not come about, as pages do: on a busy machine a first check may come too late.
    officer = await start("officer", "publish", *BY_UDP, "--relay-only", "--rebuild")
    desk = await start("hub", "view", *inside, "--rebuild")
    await desk.until(lambda said: said["seen"] >= 10)
    said = await officer.until(lambda said: said["through"])
    assert said["through"] == said["candidates"] == ["relay"]


async def test_file_that_is_deployed_opens_the_way_to_the_media_process_alone(
    start: StartEnd, coturn: Coturn, as_deployed: Callable[[str], Path]
) -> None:
    coturn(file=as_deployed(HUB))
    hub = await start("hub", "hub")
    officer = await start("officer", "publish", *BY_TLS)
    await hub.until(lambda said: said["what"] == "published")
    await officer.until(lambda said: said["through"] == ["relay"])


async def test_file_that_is_deployed_lets_nobody_through_to_others(
    start: StartEnd, coturn: Coturn, as_deployed: Callable[[str], Path]
) -> None:
    coturn(file=as_deployed("10.77.2.99"))
    hub = await start("hub", "hub")
    officer = await start("officer", "publish", *BY_TLS)
    assert "relay" in (await officer.until(lambda said: said["candidates"]))["candidates"]
    assert (await hub.until(lambda said: said["what"] == "left"))["why"] in {"never connected", "lost"}


async def test_credentials_that_have_run_out_open_nothing(start: StartEnd, coturn: Coturn) -> None:
    coturn()
    await start("hub", "hub")
    officer = await start("officer", "publish", *BY_UDP, "--lasting-s", "-60")
    assert "relay" not in (await officer.until(lambda said: True))["candidates"]


async def test_short_cut_is_survived_by_the_same_connections(net: Lands, start: StartEnd) -> None:
    net.cable("officer", "10.77.3.2", "hub", "10.77.3.1")
    hub = await start("hub", "hub")
    officer = await start("officer", "publish")
    desk = await start("hub", "view")
    await desk.until(lambda said: said["seen"] >= 10)
    net.cut("officer", "hub")
    await hub.until(lambda said: said["what"] == "stalled")
    net.mend("officer", "hub")
    await hub.until(lambda said: said["what"] == "resumed")
    before = desk.said[-1]["seen"]
    await desk.until(lambda said: said["seen"] >= before + 30)
    await officer.until(lambda said: said["state"] == "connected")
    assert not [said for said in hub.said if said["what"] == "left"]


async def test_new_address_is_a_new_leg_and_the_viewer_keeps_its_own(net: Lands, start: StartEnd) -> None:
    net.cable("officer", "10.77.3.2", "hub", "10.77.3.1")
    hub = await start("hub", "hub")
    officer = await start("officer", "publish")
    desk = await start("hub", "view")
    await desk.until(lambda said: said["seen"] >= 10)
    net.move("officer", "hub", "10.77.3.2", "10.77.3.7")
    await hub.until(lambda said: said["what"] == "stalled")
    before = desk.said[-1]["seen"]
    await officer.again()
    await hub.until(lambda said: said["what"] == "published")
    await desk.until(lambda said: said["seen"] >= before + 20)
    assert not [said for said in hub.said if said["who"] == "desk" and said["what"] == "left"]
    assert [said["why"] for said in hub.said if said["what"] == "left"] == ["replaced"]
