"""TURN credentials and addresses."""

import pytest

from video.turn import TurnServers, announced, check_url, credentials, split_urls


def test_credentials_are_as_coturn_reckons_them() -> None:
    username, password = credentials("north", "officer7", 1_700_000_000)
    assert username == "1700000000:officer7"
    # printf %s 1700000000:officer7 | openssl dgst -sha1 -hmac north -binary | base64
    assert password == "UiCOqPi4ugno9xmkGwc9KBjvtT4="


def test_page_gets_credentials_in_its_name_that_run_out() -> None:
    servers = TurnServers(("turn:a:3478", "turns:a:443?transport=tcp"), "s", lasting_s=60, now=lambda: 1000.5)
    [server] = servers.for_page("wang")
    assert server.urls == ("turn:a:3478", "turns:a:443?transport=tcp")
    assert server.username == "1060:wang"
    [hub] = servers.for_hub()
    assert (hub.urls, hub.username) == (["turn:a:3478"], "1060:hub")


def test_no_servers_are_no_servers() -> None:
    assert TurnServers().for_page("wang") == []
    assert TurnServers().for_hub() == []


@pytest.mark.parametrize(
    "url", ["stun:a", "turn:", "turn://a:3478", "https://a", "turn:a?transport=sctp", "turns:a?transport=udp"]
)
def test_addresses_that_nobody_takes_are_refused_with_words(url: str) -> None:
    with pytest.raises(ValueError, match="TURN"):
        check_url(url)
    with pytest.raises(ValueError, match="TURN"):
        TurnServers((url,), "s")


def test_servers_without_their_secret_are_refused() -> None:
    with pytest.raises(ValueError, match="static-auth-secret"):
        TurnServers(("turn:a",))


def test_public_address_stands_beside_each_of_its_family() -> None:
    answer = (
        "v=0\r\n"
        "a=candidate:1 1 udp 2130706431 10.0.0.5 4000 typ host\r\n"
        "a=candidate:2 1 udp 2130706431 fd00::5 4001 typ host\r\n"
        "a=candidate:3 1 udp 1694498815 9.9.9.9 4000 typ srflx raddr 10.0.0.5 rport 4000\r\n"
    )
    assert announced(answer, "203.0.113.9").splitlines() == [
        "v=0",
        "a=candidate:1 1 udp 2130706431 10.0.0.5 4000 typ host",
        "a=candidate:1n 1 udp 2130706430 203.0.113.9 4000 typ host",
        "a=candidate:2 1 udp 2130706431 fd00::5 4001 typ host",
        "a=candidate:3 1 udp 1694498815 9.9.9.9 4000 typ srflx raddr 10.0.0.5 rport 4000",
    ]


def test_addresses_in_a_setting_are_split_at_commas_and_spaces() -> None:
    assert split_urls("turn:a:1, turn:b:2  turns:c:3") == ["turn:a:1", "turn:b:2", "turns:c:3"]
