"""The fictional outlets and stations that report values, their permits' limits and their data loggers."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice

import numpy as np

from data.demo import names
from data.demo.codes import logger_numbers
from data.demo.enterprises import KEY, KUIWEN_PLANT
from data.demo.industries import AIR, POWER, SEWAGE, WATER
from data.demo.roads import County, Town
from data.demo.rows import DemoEnterprise, DemoLogger, DemoPermitLimit, DemoPoint
from data.demo.scatter import anywhere, jitter
from data.limits import reference_oxygen

_OUTFALL_SHARE, _STACK_SHARE, _AIR_SHARE = 0.47, 0.465, 0.035  # the rest are river and lake sections
_OUTLET_SPREAD_M = 60.0  # an outlet stands on the plant's ground

_PERMIT_FROM = date(2021, 1, 1)

# Daily means (mg/L) that permits of industrial plants set for their outfall: strict, middle, indirect discharge.
_WATER_PERMITS = (
    {"w01018": 40.0, "w21003": 2.0, "w21001": 15.0, "w21011": 0.4},
    {"w01018": 60.0, "w21003": 8.0, "w21001": 20.0, "w21011": 0.5},
    {"w01018": 300.0, "w21003": 30.0, "w21001": 45.0, "w21011": 5.0},
)
_PH = (6.0, 9.0)


def make_points(
    enterprises: Sequence[DemoEnterprise],
    counties: Sequence[County],
    towns: Sequence[Town],
    count: int,
    seed: int,
) -> list[DemoPoint]:
    """Return `count` points; the first is the outfall of `KUIWEN_PLANT`."""
    random = np.random.default_rng([seed, 4])
    outfalls, stacks, air = (round(count * share) for share in (_OUTFALL_SHARE, _STACK_SHARE, _AIR_SHARE))
    areas = {county.adcode: county for county in counties}
    found = [*_outlets(enterprises, WATER, outfalls, _outfall), *_outlets(enterprises, AIR, stacks, _stack)]
    found = _onto_their_grounds(found, areas, random)
    found += _air_stations(counties, towns, air, random)
    found += _sections(counties, count - len(found), random)
    return [point._replace(number=number) for number, point in enumerate(found, start=1)]


def permit_limits(
    points: Sequence[DemoPoint], enterprises: Sequence[DemoEnterprise], seed: int
) -> list[DemoPermitLimit]:
    """Return the limits that the permits of industrial outfalls set; sewage plants follow their standard."""
    random = np.random.default_rng([seed, 5])
    outfalls = [p for p in points if p.kind == "outfall" and p.standard is None and p.enterprise is not None]
    kinds = random.choice(len(_WATER_PERMITS), size=len(outfalls), p=(0.3, 0.4, 0.3)).tolist()
    found: list[DemoPermitLimit] = []
    for point, kind in zip(outfalls, kinds, strict=True):
        owner = enterprises[(point.enterprise or 1) - 1]
        if owner.permit_number is None or owner.permit_valid_to is None:
            continue
        numbers = {factor: (None, high) for factor, high in _WATER_PERMITS[kind].items()}
        for factor, (low, high) in {**numbers, "w01001": _PH}.items():
            found.append(
                DemoPermitLimit(
                    point=point.number,
                    standard=f"permit {owner.permit_number}",
                    factor=factor,
                    period="day",
                    low=low,
                    high=high,
                    unit="" if factor == "w01001" else "mg/L",
                    valid_from=_PERMIT_FROM,
                    valid_to=owner.permit_valid_to,
                    source=f"排污许可证 {owner.permit_number}（演示）",
                )
            )
    return found


def make_loggers(points: Sequence[DemoPoint], seed: int) -> list[DemoLogger]:
    """Return one data logger a point."""
    numbers = logger_numbers(len(points), np.random.default_rng([seed, 6]))
    return [DemoLogger(mn, point.number, point.region) for mn, point in zip(numbers, points, strict=True)]


def _outlets(
    enterprises: Sequence[DemoEnterprise],
    element: str,
    count: int,
    outlet: Callable[[DemoEnterprise, int], DemoPoint],
) -> Iterator[DemoPoint]:
    """The outlets of those who must measure: plants with a full permit first, second outlets when there are too few."""
    owners = sorted((e for e in enterprises if element in e.tags), key=_urgency)
    must = [owner for owner in owners if owner.permit_class == KEY] or owners
    endless = (outlet(owner, serial) for serial in range(1, count + 1) for owner in must)
    return islice(endless, count if must else 0)


def _urgency(enterprise: DemoEnterprise) -> tuple[bool, bool, bool, int]:
    shuffled = enterprise.number * 7_368_787 % 1_000_003
    first = enterprise.number == 1
    return (not first, enterprise.permit_class != KEY, enterprise.industry not in (SEWAGE, *POWER), shuffled)


def _outfall(owner: DemoEnterprise, serial: int) -> DemoPoint:
    is_plant = owner.industry == SEWAGE
    is_named = owner.number == 1 and serial == 1
    name = KUIWEN_PLANT.outlet if is_named else f"{_plain(owner.name)}废水排放口{serial:02d}"
    strict = is_named or owner.number % 7 != 0
    return DemoPoint(
        number=0,
        code=f"{owner.uscc}DW{serial:03d}",
        name=name,
        kind="outfall",
        enterprise=owner.number,
        standard="GB 18918-2002" if is_plant else None,
        grade=("1A" if strict else "1B") if is_plant else None,
        reference_oxygen=None,
        lon=KUIWEN_PLANT.outlet_lon if is_named else owner.lon,
        lat=KUIWEN_PLANT.outlet_lat if is_named else owner.lat,
        region=owner.region,
    )


def _stack(owner: DemoEnterprise, serial: int) -> DemoPoint:
    standard, grade, oxygen = _stack_standard(owner)
    return DemoPoint(
        number=0,
        code=f"{owner.uscc}DA{serial:03d}",
        name=f"{_plain(owner.name)}废气排放口{serial:02d}",
        kind="stack",
        enterprise=owner.number,
        standard=standard,
        grade=grade,
        reference_oxygen=oxygen,
        lon=owner.lon,
        lat=owner.lat,
        region=owner.region,
    )


def _stack_standard(owner: DemoEnterprise) -> tuple[str, str, float | None]:
    oxygen = reference_oxygen()
    if owner.industry == "4417":
        return "DB37/2376-2019", "key", oxygen["waste_incineration"]
    if owner.industry in POWER:
        return "DB37/664-2019", "ultra-low", oxygen["coal_boiler"]
    return "DB37/2376-2019", ("core", "key", "general")[int(owner.region[4:]) % 3], None


def _plain(company: str) -> str:
    return company.replace("有限公司（演示）", "")


def _onto_their_grounds(
    points: list[DemoPoint], areas: dict[str, County], random: np.random.Generator
) -> list[DemoPoint]:
    """Move outlets a little off the middle of their plant, but not into another county."""
    by_county: dict[str, list[int]] = {}
    for index, point in enumerate(points):
        if point.name != KUIWEN_PLANT.outlet:
            by_county.setdefault(point.region, []).append(index)
    moved = list(points)
    for adcode, indexes in by_county.items():
        centres = np.array([(points[i].lon, points[i].lat) for i in indexes])
        spread = np.full(len(indexes), _OUTLET_SPREAD_M)
        for i, (lon, lat) in zip(indexes, jitter(areas[adcode].polygon, centres, spread, random).tolist(), strict=True):
            moved[i] = points[i]._replace(lon=lon, lat=lat)
    return moved


def _air_stations(
    counties: Sequence[County], towns: Sequence[Town], count: int, random: np.random.Generator
) -> Iterator[DemoPoint]:
    """Round and round the counties: the first in the seat, the others in the towns."""
    by_county = {
        c.adcode: sorted((t for t in towns if t.county == c.adcode), key=lambda t: -t.weight) for c in counties
    }
    for number in range(count):
        county, serial = counties[number % len(counties)], number // len(counties)
        town = by_county[county.adcode][serial % len(by_county[county.adcode])]
        centre, spread = np.array([(town.lon, town.lat)]), np.array([town.radius_m / 4])
        ((lon, lat),) = jitter(county.polygon, centre, spread, random).tolist()
        yield DemoPoint(
            number=0,
            code=f"{county.adcode}A{serial + 1:03d}",
            name=f"{names.short_name(county.name)}{town.name}空气站{serial + 1:02d}（演示）",
            kind="ambient_air",
            enterprise=None,
            standard="GB 3095",
            grade="II",
            reference_oxygen=None,
            lon=lon,
            lat=lat,
            region=county.adcode,
        )


def _sections(counties: Sequence[County], count: int, random: np.random.Generator) -> Iterator[DemoPoint]:
    for number in range(count):
        county, serial = counties[number % len(counties)], number // len(counties)
        ((lon, lat),) = anywhere(county.polygon, 1, random).tolist()
        is_lake = number % 9 == 0
        grade = ("III", "IV", "II", "III", "IV", "V")[number % 6] + ("-lake" if is_lake else "")
        water = names.lake(int(county.adcode) + serial) if is_lake else names.river(int(county.adcode) + serial)
        yield DemoPoint(
            number=0,
            code=f"{county.adcode}S{serial + 1:03d}",
            name=f"{water}{names.short_name(county.name)}断面{serial + 1:02d}（演示）",
            kind="surface_water",
            enterprise=None,
            standard="GB 3838-2002",
            grade=grade,
            reference_oxygen=None,
            lon=lon,
            lat=lat,
            region=county.adcode,
        )
