"""How fast a road can be driven: OpenStreetMap's `maxspeed` in its many spellings, and what holds where it is
missing.
"""

import re
from collections.abc import Sequence

import numpy as np

from routing.measure import Bytes, Floats

CLASS_SPEEDS_KPH: dict[str, float] = {
    "motorway": 100,
    "motorway_link": 50,
    "trunk": 80,
    "trunk_link": 45,
    "primary": 60,
    "primary_link": 40,
    "secondary": 50,
    "secondary_link": 35,
    "tertiary": 40,
    "tertiary_link": 30,
    "unclassified": 35,
    "residential": 30,
    "living_street": 15,
    "busway": 30,
    "service": 20,
    "road": 30,
}
"""Free-flow speeds taken where too few roads of a class carry a limit; our own round figures."""

OTHER_SPEED_KPH = 30.0
LEAST_SPEED_KPH, MOST_SPEED_KPH = 5.0, 140.0
ENOUGH_TAGGED = 10
"""From this many tagged ways on, a class's own mean is trusted more than the table."""

_ZONES_KPH = {
    "urban": 50.0,
    "rural": 80.0,
    "trunk": 90.0,
    "motorway": 120.0,
    "expressway": 100.0,
    "living_street": 15.0,
    "bicycle_road": 30.0,
    "school": 30.0,
}
_ROUNDED_KPH = {"none": 120.0, "walk": 7.0}
_NUMBER = re.compile(r"^([0-9]+(?:[.,][0-9]+)?)\s*(km/h|kmh|kph|mph|knots)?$")
_UNITS_KPH = {None: 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}


def parse_maxspeed(tag: str | None) -> float | None:
    """Return km/h, or None where the tag says nothing usable.

    Reads `50`, `30 mph`, `CN:urban`, `DE:zone:30`, `none`, `walk`; several values (`60|80`, `50;30`) give their mean.
    `signals` and `variable` are None: the limit changes, so the road class decides.
    """
    if not tag:
        return None
    values = [speed for part in re.split(r"[|;]", tag) if (speed := _one(part.strip())) is not None]
    if not values:
        return None
    return min(max(sum(values) / len(values), LEAST_SPEED_KPH), MOST_SPEED_KPH)


def speeds_of_ways(tagged_kph: Floats, classes: Bytes, names: Sequence[str], lengths_m: Floats) -> Floats:
    """Return km/h for every way: its own limit, else the mean of its class, else the table.

    As osmnx does it, except that the mean is weighted by length (a short odd limit then weighs little) and taken
    only from `ENOUGH_TAGGED` ways on.
    """
    speeds = tagged_kph.copy()
    for number, name in enumerate(names):
        mine = classes == number
        known = mine & ~np.isnan(tagged_kph)
        typical = CLASS_SPEEDS_KPH.get(name, OTHER_SPEED_KPH)
        if known.sum() >= ENOUGH_TAGGED and lengths_m[known].sum() > 0:
            typical = float(np.average(tagged_kph[known], weights=lengths_m[known]))
        speeds[mine & np.isnan(tagged_kph)] = typical
    return speeds


def _one(value: str) -> float | None:
    if (number := _NUMBER.match(value.lower())) is not None:
        speed = float(number.group(1).replace(",", ".")) * _UNITS_KPH[number.group(2)]
        return speed if speed > 0 else None
    if value in _ROUNDED_KPH:
        return _ROUNDED_KPH[value]
    country, _, zone = value.partition(":")
    if not zone and not country.startswith("zone"):
        return None
    digits = re.search(r"([0-9]+)$", value)
    return float(digits.group(1)) if digits else _ZONES_KPH.get(zone.split(":")[0])
