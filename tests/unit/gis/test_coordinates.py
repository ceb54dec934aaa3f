"""Places as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.coordinates import read_coordinates

PLACE = (119.16, 36.71)


@pytest.mark.parametrize(
    "text",
    [
        "119.16, 36.71",
        "119.16 36.71",
        "119.16，36.71",
        " 36.71,119.16 ",
        "36.71N 119.16E",
        "36.71n,119.16e",
        "N36.71 E119.16",
        "E 119.16, N 36.71",
        "36.71N119.16E",
        "北纬36.71 东经119.16",
        "东经119.16°，北纬36.71°",
        "36°42.6′N 119°9.6′E",
        "36°42'36\"N 119°9'36\"E",
        "北纬36度42分36秒，东经119度9分36秒",
        "119 9 36 36 42 36",
    ],
)
def test_one_place_in_many_writings(text: str) -> None:
    assert read_coordinates(text) == pytest.approx(PLACE)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("36, 85", (85.0, 36.0)),  # only the second order lies in China
        ("85, 36", (85.0, 36.0)),
        ("10, 20", (10.0, 20.0)),  # neither does: longitude first
        ("33.9S 18.4E", (18.4, -33.9)),
        ("-70.5, -33.4", (-70.5, -33.4)),
        ("30N, 120", (120.0, 30.0)),
    ],
)
def test_the_order_is_recognised_where_it_can_be(text: str, place: tuple[float, float]) -> None:
    assert read_coordinates(text) == pytest.approx(place)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "化工",
        "91370705MA3",
        "119.16",
        "119.16,",
        "1,2,3",
        "200,100",
        "95N 10E",
        "36N 37N",
        "-36S 119E",
        "36°61'N 119E",
        "3号",
        "1" * 90,
    ],
)
def test_what_names_no_place(text: str) -> None:
    assert read_coordinates(text) is None


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_letters_settle_every_order(lon: float, lat: float) -> None:
    east = f"{abs(lon):.9f}{'E' if lon >= 0 else 'W'}"
    north = f"{abs(lat):.9f}{'N' if lat >= 0 else 'S'}"
    for text in (f"{east} {north}", f"{north},{east}", north + east):
        assert read_coordinates(text) == pytest.approx((lon, lat), abs=1e-8)


@given(st.text(max_size=60))
def test_any_text_is_read_or_left(text: str) -> None:
    found = read_coordinates(text)
    assert found is None or (abs(found[0]) <= 180 and abs(found[1]) <= 90)
