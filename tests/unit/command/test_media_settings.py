"""What an operator can set about calls, and what is refused before anything starts."""

import pytest
from pydantic import ValidationError

from command.media import ice_for
from command.settings import MediaSettings


def test_calls_need_nothing_set() -> None:
    settings = MediaSettings(turn_urls="", turn_secret="")
    ice = ice_for(settings, "wang")
    assert (ice.servers, ice.relay_only) == ([], False)


def test_pages_get_turn_servers_in_the_name_of_their_user() -> None:
    settings = MediaSettings(
        turn_urls="turn:t:3478, turns:t:443?transport=tcp", turn_secret="s", relay_only=True, turn_lasting_s=600
    )
    ice = ice_for(settings, "wang")
    assert ice.relay_only
    [server] = ice.servers
    assert server.urls == ["turn:t:3478", "turns:t:443?transport=tcp"]
    assert server.username
    assert server.username.endswith(":wang")
    assert server.credential


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("ONEMAP_MEDIA_TURN_URLS", {"relay_only": True}),
        ("ONEMAP_MEDIA_TURN_URLS", {"hub_relay_only": True}),
        ("static-auth-secret", {"turn_urls": "turn:t:3478"}),
        ("no TURN address", {"turn_urls": "t:3478", "turn_secret": "s"}),
        ("address", {"address": "not an address"}),
    ],
)
def test_settings_that_cannot_work_are_refused_with_words(words: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=words):
        MediaSettings.model_validate(settings)
