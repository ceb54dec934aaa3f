"""Codes and lists out of query strings."""

import pytest

from gis.http import BadQuery
from gis.parameters import parse_region, parse_text, parse_words


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        (None, None),
        ("37", "37"),
        ("370000", "37"),
        ("3707", "3707"),
        ("370700", "3707"),
        ("3700", "37"),
        ("371000", "3710"),
        ("100000", "10"),
        ("370705", "370705"),
    ],
)
def test_a_code_becomes_the_prefix_of_its_area(code: str | None, prefix: str | None) -> None:
    assert parse_region(code) == prefix


@pytest.mark.parametrize("code", ["", "3", "370", "07", "00", "3707051", "37 ", "37\n", "٣٧", "37%"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(BadQuery, match="region: a GB/T 2260 code"):
        parse_region(code)


def test_words_are_trimmed_and_said_once() -> None:
    assert parse_words(" a, b,,a ,", "tags") == ("a", "b")
    assert parse_words(None, "tags") == ()


def test_a_text_of_blanks_is_no_text() -> None:
    assert parse_text("  ", "q") is None
    assert parse_text(" 化工 ", "q") == "化工"


@pytest.mark.parametrize("value", ["\x00", "x" * 501])
def test_what_nobody_types_is_refused(value: str) -> None:
    with pytest.raises(BadQuery):
        parse_text(value, "q")
