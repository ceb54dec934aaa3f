"""A place that somebody typed: decimal degrees or degrees, minutes and seconds, either one first."""

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = r"\d{1,3}(?:\.\d{1,12})?"
_HALF: Final = r"[NSEWnsew]|北纬|南纬|东经|西经"
_ONE: Final = re.compile(
    rf"(?P<before>{_HALF})?\s*(?P<sign>[-+])?(?P<degrees>{_NUMBER})\s*[°º度]?"
    rf"(?:\s*(?P<minutes>{_NUMBER})\s*['′’分]?(?:\s*(?P<seconds>{_NUMBER})\s*(?:[\"″”秒]|''|′′)?)?)?\s*(?P<after>{_HALF})?",
)
_OPENED: Final = re.compile(rf"^(.*\d.*?)\s*((?:{_HALF})\s*\d.*)$")
_CLOSED: Final = re.compile(rf"^(.*\d\D*?(?:{_HALF}))\s*(\d.*)$")
_NORTH_SOUTH: Final = {"N": 1, "S": -1, "北纬": 1, "南纬": -1}
_EAST_WEST: Final = {"E": 1, "W": -1, "东经": 1, "西经": -1}

# Where both orders are possible, the one that lies here is meant (west, south, east, north).
_CHINA: Final = (73.0, 3.0, 136.0, 54.0)


@dataclass(frozen=True, slots=True)
class _Angle:
    degrees: float
    axis: str | None  # "lon", "lat", or not said


def read_coordinates(text: str) -> tuple[float, float] | None:
    """Return the longitude and latitude (degrees, WGS84) that a text names, or None when it names no place.

    `119.16, 36.71`, `36.71N 119.16E`, `北纬36°42′36″ 东经119°9′36″` are the same place. Without letters the larger one
    of two numbers may betray the order (no latitude is above 90); else that is meant which lies in China, and where
    both do, or neither, the longitude comes first.
    """
    halves = _split(text.strip())
    if halves is None:
        return None
    one, other = (_angle(half) for half in halves)
    if one is None or other is None:
        return None
    if one.axis is not None or other.axis is not None:
        if one.axis == other.axis:
            return None
        lon, lat = (one, other) if one.axis == "lon" or other.axis == "lat" else (other, one)
        return _on_earth(lon.degrees, lat.degrees)
    first, second = _on_earth(one.degrees, other.degrees), _on_earth(other.degrees, one.degrees)
    if first and second and _in_china(*second) and not _in_china(*first):
        return second
    return first or second


def _split(text: str) -> tuple[str, str] | None:
    """Cut a text in two at its comma, after its first letter, or between its words."""
    if not any(character.isdigit() for character in text) or len(text) > 80:
        return None
    parts = [part.strip() for part in re.split(r"[,，;；]", text) if part.strip()]
    if len(parts) == 2:
        return parts[0], parts[1]
    if len(parts) != 1:
        return None
    # `N36.71 E119.16`, `36.71N 119.16E`: what opens with a letter opens its second half with one, else one closes it.
    pattern = _OPENED if re.match(_HALF, text) else _CLOSED
    if found := pattern.match(text):
        return found[1], found[2]
    words = text.split()
    return (" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])) if len(words) in (2, 4, 6) else None


def _angle(text: str) -> _Angle | None:
    found = _ONE.fullmatch(text.strip())
    if found is None:
        return None
    minutes, seconds = float(found["minutes"] or 0), float(found["seconds"] or 0)
    if minutes >= 60 or seconds >= 60 or (found["before"] and found["after"]):
        return None
    half = (found["before"] or found["after"] or "").upper()
    sign = -1.0 if found["sign"] == "-" else 1.0
    if half and found["sign"]:
        return None
    degrees = sign * (float(found["degrees"]) + minutes / 60 + seconds / 3600)
    if half in _NORTH_SOUTH:
        return _Angle(degrees * _NORTH_SOUTH[half], "lat")
    if half in _EAST_WEST:
        return _Angle(degrees * _EAST_WEST[half], "lon")
    return _Angle(degrees, None)


def _on_earth(lon: float, lat: float) -> tuple[float, float] | None:
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None


def _in_china(lon: float, lat: float) -> bool:
    west, south, east, north = _CHINA
    return west <= lon <= east and south <= lat <= north
