"""The fictional officers and the stations that they set out from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.boundaries import Boundary
from data.demo import names
from data.demo.roads import County
from data.demo.rows import DemoOfficer, DemoStation
from data.demo.scatter import jitter

_PROVINCE_SHARE, _CITY_SHARE = 0.012, 0.13  # of all officers; the rest serve in counties
_FEWEST_IN_COUNTY = 4
_KUIWEN, _IN_KUIWEN = "370705", 24  # at least; the guided tour plays there, and has more people than elsewhere
_KUIWEN_FACTOR = 2.5
_CAPITAL = "370102"  # the province's station stands in the middle of Jinan
_STATION_SPREAD_M = 350.0

_SKILLS = ("废水", "废气", "危险废物", "噪声", "辐射", "应急处置", "无人机", "调查取证", "在线监测核查", "案卷审查")
_SHIFTS = ("day", "night", "rotating")
_CERTIFICATES_END = date(2027, 3, 31)
_EXPIRED = date(2026, 6, 30)


@dataclass(frozen=True, slots=True)
class _Organisation:
    adcode: str
    level: str
    name: str
    seat_county: County


def make_stations(areas: Sequence[Boundary], counties: Sequence[County], seed: int) -> list[DemoStation]:
    """Return a station for the province, each city and each county, at the seat.

    `areas` says for which; `region` of a station is the county that it stands in.
    """
    random = np.random.default_rng([seed, 7])
    found = []
    for number, body in enumerate(_organisations(areas, counties), start=1):
        county = body.seat_county
        centre, spread = np.array([county.seat]), np.array([_STATION_SPREAD_M])
        ((lon, lat),) = jitter(county.polygon, centre, spread, random).tolist()
        found.append(
            DemoStation(number, f"{body.adcode}-B1", f"{body.name}驻地", body.name, body.level, lon, lat, county.adcode)
        )
    return found


def make_officers(
    areas: Sequence[Boundary], counties: Sequence[County], stations: Sequence[DemoStation], count: int, seed: int
) -> list[DemoOfficer]:
    """Return about `count` officers: every organisation has some, Kuiwen at least two dozen."""
    random = np.random.default_rng([seed, 8])
    bodies = _organisations(areas, counties)
    found: list[DemoOfficer] = []
    for body, station, strength in zip(bodies, stations, _strengths(bodies, count, random), strict=True):
        found += _of_organisation(body, station, strength, len(found) + 1, random)
    return found


def _organisations(areas: Sequence[Boundary], counties: Sequence[County]) -> list[_Organisation]:
    by_code = {county.adcode: county for county in counties}
    return [_organisation(area, by_code, counties) for area in areas]


def _organisation(area: Boundary, by_code: dict[str, County], counties: Sequence[County]) -> _Organisation:
    match area.level:
        case "province":
            seat = by_code.get(_CAPITAL, counties[0])
            return _Organisation(area.adcode, "province", f"{area.name}生态环境执法总队", seat)
        case "city":
            # the district that the city's own offices stand in; of Weifang that is Kuiwen
            own = [county for county in counties if county.city == area.adcode]
            seat = next((county for county in own if county.adcode == _KUIWEN), own[0])
            return _Organisation(area.adcode, "city", f"{area.name}生态环境执法支队", seat)
        case "county":
            return _Organisation(area.adcode, "county", f"{area.name}生态环境执法大队", by_code[area.adcode])


def _strengths(bodies: list[_Organisation], count: int, random: np.random.Generator) -> list[int]:
    levels = [body.level for body in bodies]
    share = {
        "province": _PROVINCE_SHARE,
        "city": _CITY_SHARE / max(levels.count("city"), 1),
        "county": (1 - _PROVINCE_SHARE - _CITY_SHARE) / max(levels.count("county"), 1),
    }
    weights = np.array([share[level] for level in levels]) * random.uniform(0.7, 1.3, len(levels))
    weights *= [_KUIWEN_FACTOR if body.adcode == _KUIWEN else 1.0 for body in bodies]
    bounds = np.round(np.cumsum(weights) / weights.sum() * count).astype(int)
    drawn: list[int] = np.diff(bounds, prepend=0).tolist()
    return [
        max(strength, _IN_KUIWEN if body.adcode == _KUIWEN else _FEWEST_IN_COUNTY)
        for body, strength in zip(bodies, drawn, strict=True)
    ]


def _of_organisation(
    body: _Organisation, station: DemoStation, strength: int, first: int, random: np.random.Generator
) -> list[DemoOfficer]:
    people = names.people(strength, random)
    shifts = random.choice(len(_SHIFTS), size=strength, p=(0.55, 0.2, 0.25)).tolist()
    days = random.integers(1600, size=strength).tolist()
    # one in fifty has let the certificate expire; the first of each organisation, whom stories use, never
    expired = (random.random(strength) < 0.02) & (np.arange(strength) >= 20)
    skill_counts = random.integers(1, 4, size=strength).tolist()
    return [
        DemoOfficer(
            number=first + i,
            code=f"{body.adcode}-{i + 1:04d}",
            name=people[i],
            organisation=body.name,
            level=body.level,
            phone=f"100{first + i:08d}",  # no mobile number starts with 100
            skills=[
                _SKILLS[s] for s in sorted(random.choice(len(_SKILLS), size=skill_counts[i], replace=False).tolist())
            ],
            shift=_SHIFTS[shifts[i]],
            station=station.number,
            region=body.adcode,
            certificate_valid_to=_EXPIRED if expired[i] else _CERTIFICATES_END + timedelta(days=days[i]),
        )
        for i in range(strength)
    ]
