"""Passwords, tokens, who is behind a request, and how often one may guess."""

import pytest
from argon2 import PasswordHasher
from starlette.datastructures import Headers

from command.access.api import FailedTries
from command.access.middleware import token_in
from command.access.passwords import new_token, password_matches, token_hash
from command.problems import TooMany

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("密码 123")


@pytest.mark.parametrize(
    ("password", "right"), [("密码 123", True), ("密码 1234", False), ("", False), ("密码 123\0", False)]
)
def test_a_password_matches_itself_only(password: str, right: bool) -> None:
    assert password_matches(CHEAP, password) is right


@pytest.mark.parametrize("broken", [None, "", "plain", "$argon2id$v=19$broken"])
def test_no_password_opens_an_account_without_a_good_hash(broken: str | None) -> None:
    assert password_matches(broken, "") is False
    assert password_matches(broken, "plain") is False


def test_tokens_are_long_never_repeated_and_kept_as_hash() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"authorization": "Bearer "}, None),
        ({"authorization": "Bearer"}, None),
        ({"authorization": "Basic abc"}, None),
        ({"cookie": "onemap_session=xyz"}, "xyz"),
        ({"cookie": "other=1; onemap_session=xyz; more=2"}, "xyz"),
        ({"cookie": "other=1"}, None),
        ({"cookie": "broken; ;;=;"}, None),
        ({"cookie": 'bad[name]=1; onemap_session="'}, None),
        ({"authorization": "Bearer abc", "cookie": "onemap_session=xyz"}, "abc"),
        ({"authorization": "Basic abc", "cookie": "onemap_session=xyz"}, "xyz"),
    ],
)
def test_the_token_of_a_request_is_found_where_it_is(headers: dict[str, str], token: str | None) -> None:
    assert token_in(Headers(headers)) in ((token, "") if token is None else (token,))


def test_guessing_is_slow_for_one_name_from_one_address() -> None:
    tries = FailedTries()
    for _ in range(10):
        tries.check(("duty", "10.0.0.1"))
        tries.note(("duty", "10.0.0.1"))
    with pytest.raises(TooMany):
        tries.check(("duty", "10.0.0.1"))
    tries.check(("duty", "10.0.0.2"))
    tries.check(("planner", "10.0.0.1"))
