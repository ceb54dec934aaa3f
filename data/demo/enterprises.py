"""The fictional enterprises: where they stand, what they do, what is known against them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.demo import names
from data.demo.codes import uscc_numbers
from data.demo.industries import INDUSTRIES, SEWAGE, Industry
from data.demo.roads import County, Town
from data.demo.rows import DemoEnterprise
from data.demo.scatter import Cluster, Scattered, scatter

KEY, SIMPLIFIED, REGISTERED = "重点管理", "简化管理", "登记管理"
CONNECTED = "已联网自动监控"
PARK_SHARE = 0.42  # of a county's enterprises stand in its industrial parks

_FIRST_PERMIT_ENDS = date(2026, 12, 1)
_PERMIT_SPREAD_DAYS = 5 * 365

# Roughly how industry is spread over the cities.
_CITY_WEIGHTS = {
    "3701": 9.0, "3702": 12.0, "3703": 7.5, "3704": 4.0, "3705": 4.5, "3706": 9.0, "3707": 11.0, "3708": 7.0,
    "3709": 5.0, "3710": 5.0, "3711": 3.5, "3713": 10.0, "3714": 6.0, "3715": 6.0, "3716": 6.0, "3717": 7.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedPlant:
    """An enterprise that stories and drills can rely on."""

    name: str
    outlet: str
    address: str
    region: str
    lon: float
    lat: float
    outlet_lon: float
    outlet_lat: float


# In the street grid of Kuiwen, near the crossing of Beihai Road and Minzhu Street.
KUIWEN_PLANT = NamedPlant(
    name="潍坊奎文北海污水处理有限公司（演示）",
    outlet="奎文北海污水处理厂总排口",
    address="潍坊市奎文区北海路与民主街路口东北（演示）",
    region="370705",
    lon=119.159,
    lat=36.711,
    outlet_lon=119.16,
    outlet_lat=36.71,
)


def make_enterprises(
    counties: Sequence[County], towns: Sequence[Town], cities: dict[str, str], count: int, seed: int
) -> list[DemoEnterprise]:
    """Return `count` enterprises over the counties; the first is `KUIWEN_PLANT`.

    `cities` names the city of each four-digit prefix. Enterprises of one county depend on nothing outside it but their
    number.
    """
    found = [_named_plant()]
    for county, share in zip(counties, shares(counties, count - 1, seed), strict=True):
        random = np.random.default_rng([seed, int(county.adcode), 1])
        clusters = _clusters(county, [town for town in towns if town.county == county.adcode], random)
        city = cities[county.adcode[:4]]
        found += _of_county(county, city, clusters, share, len(found) + 1, random)
    return found


def shares(counties: Sequence[County], count: int, seed: int) -> list[int]:
    """Split `count` over the counties by the weight of their city and by chance; the parts add up exactly."""
    random = np.random.default_rng([seed, 2])
    in_city: dict[str, int] = {}
    for county in counties:
        in_city[county.adcode[:4]] = in_city.get(county.adcode[:4], 0) + 1
    weights = np.array([_CITY_WEIGHTS[c.adcode[:4]] / in_city[c.adcode[:4]] for c in counties])
    weights *= random.lognormal(sigma=0.35, size=len(weights))
    bounds = np.round(np.cumsum(weights) / weights.sum() * count).astype(int)
    parts: list[int] = np.diff(bounds, prepend=0).tolist()
    return parts


def _clusters(county: County, towns: Sequence[Town], random: np.random.Generator) -> list[Cluster]:
    in_towns = sum(town.weight for town in towns)
    found = [
        Cluster(town.name, town.lon, town.lat, town.radius_m * 0.55, (1 - PARK_SHARE) * town.weight / in_towns)
        for town in towns
    ]
    seat = next(town for town in towns if town.is_seat)
    parks = int(random.integers(2, 5))
    for number, angle in enumerate(random.uniform(0, 2 * np.pi) + np.arange(parks) * 2 * np.pi / parks):
        distance_deg = (seat.radius_m + random.uniform(500, 4000)) / 100_000
        found.append(
            Cluster(
                names.short_name(county.name) + names.park(int(county.adcode) + number),
                county.seat[0] + distance_deg * float(np.cos(angle)),
                county.seat[1] + distance_deg * float(np.sin(angle)),
                spread_m=900.0,
                weight=PARK_SHARE / parks,
                is_park=True,
            )
        )
    return found


def kuiwen_outlet_code() -> str:
    """The code of the outfall of `KUIWEN_PLANT`."""
    return f"{_named_plant().uscc}DW001"


@dataclass(frozen=True, slots=True)
class _Draws:
    """All chances of a county, drawn at once: one draw a row and question."""

    permit: list[float]
    risk: list[float]
    credit: list[float]
    days: list[int]
    tags: list[list[float]]


def _draw(count: int, random: np.random.Generator) -> _Draws:
    return _Draws(
        permit=random.random(count).tolist(),
        risk=random.random(count).tolist(),
        credit=random.random(count).tolist(),
        days=random.integers(_PERMIT_SPREAD_DAYS, size=count).tolist(),
        tags=random.random((count, 7)).tolist(),
    )


def _of_county(
    county: County, city: str, clusters: list[Cluster], count: int, first: int, random: np.random.Generator
) -> Iterator[DemoEnterprise]:
    placed = scatter(county.polygon, clusters, count, random)
    trades = _trades(placed, clusters, random)
    brands = names.brands(count, random)
    codes = _codes(county.adcode, first, count)
    draws = _draw(count, random)
    place = names.short_name(county.name)
    for i, (lon, lat) in enumerate(placed.coordinates.tolist()):
        industry, cluster = INDUSTRIES[trades[i]], clusters[placed.cluster[i]]
        permit = _permit_class(industry, draws.permit[i])
        risk = _risk(permit, draws.risk[i])
        credit = _credit(risk, draws.credit[i])
        yield DemoEnterprise(
            number=first + i,
            uscc=codes[i],
            name=names.company(place, brands[i], industry.trade),
            address=f"{city}{county.name}{cluster.name}（演示）",
            industry=industry.code,
            tags=_tags(industry, permit, risk, credit, cluster, draws.tags[i]),
            risk=risk,
            credit=credit,
            permit_number=_permit_number(codes[i], permit),
            permit_class=permit,
            permit_valid_to=_FIRST_PERMIT_ENDS + timedelta(days=draws.days[i]) if permit else None,
            lon=lon,
            lat=lat,
            region=county.adcode,
        )


def _named_plant() -> DemoEnterprise:
    plant = KUIWEN_PLANT
    (uscc,) = _codes(plant.region, 0, 1)
    industry = next(industry for industry in INDUSTRIES if industry.code == SEWAGE)
    return DemoEnterprise(
        number=1,
        uscc=uscc,
        name=plant.name,
        address=plant.address,
        industry=SEWAGE,
        tags=["重点排污单位", *industry.emits, "污水处理厂", KEY, CONNECTED, "低风险", "绿标", "居民区附近"],
        risk="low",
        credit="green",
        permit_number=_permit_number(uscc, KEY),
        permit_class=KEY,
        permit_valid_to=date(2030, 6, 30),
        lon=plant.lon,
        lat=plant.lat,
        region=plant.region,
    )


def _codes(adcode: str, first: int, count: int) -> list[str]:
    # a stride that shares no factor with 31**6 keeps serials different and looking unordered
    serials = (np.arange(first, first + count, dtype=np.int64) * 104_729 + 7_919) % 31**6
    return uscc_numbers(np.full(count, int(adcode), dtype=np.int64), serials)


def _trades(placed: Scattered, clusters: list[Cluster], random: np.random.Generator) -> list[int]:
    """Heavy industry stands in parks, restaurants and garages in towns."""
    share = np.array([industry.share for industry in INDUSTRIES])
    heavy = np.array([industry.keys + industry.simplified / 2 for industry in INDUSTRIES])
    in_park, in_town = share * (0.3 + 2 * heavy), share * (1.2 - 0.9 * heavy)
    is_park = np.array([cluster.is_park for cluster in clusters])[placed.cluster]
    count = len(placed.cluster)
    trades = np.where(
        is_park,
        random.choice(len(share), size=count, p=in_park / in_park.sum()),
        random.choice(len(share), size=count, p=in_town / in_town.sum()),
    )
    found: list[int] = trades.tolist()
    return found


def _permit_class(industry: Industry, chance: float) -> str | None:
    if chance < industry.keys:
        return KEY
    if chance < industry.keys + industry.simplified:
        return SIMPLIFIED
    return REGISTERED if chance < 0.985 else None


def _permit_number(uscc: str, permit: str | None) -> str | None:
    """HJ 608: the credit code, a serial of the site, and a letter: P a permit, X a registration."""
    if permit is None:
        return None
    return f"{uscc}001{'X' if permit == REGISTERED else 'P'}"


def _risk(permit: str | None, chance: float) -> str:
    high, medium = {KEY: (0.18, 0.50), SIMPLIFIED: (0.05, 0.22)}.get(permit or "", (0.012, 0.09))
    return "high" if chance < high else "medium" if chance < medium else "low"


def _credit(risk: str, chance: float) -> str:
    black, yellow, blue = {"high": (0.03, 0.13, 0.30), "medium": (0.006, 0.05, 0.15)}.get(risk, (0.001, 0.01, 0.05))
    return "black" if chance < black else "yellow" if chance < yellow else "blue" if chance < blue else "green"


_RISK_TAG = {"low": "低风险", "medium": "中风险", "high": "高风险"}
_CREDIT_TAG = {"green": "绿标", "blue": "蓝标", "yellow": "黄标", "black": "黑标"}


def _tags(
    industry: Industry, permit: str | None, risk: str, credit: str, cluster: Cluster, chances: list[float]
) -> list[str]:
    """Tags of the eight categories, in the order of the catalogue."""
    level, video, power, record, place, index, complaint = chances
    tags = [_level_tag(permit, risk, level), *industry.emits]
    if industry.tag:
        tags.append(industry.tag)
    tags.append(permit or "无证")
    tags += _monitoring_tags(permit, video, power)
    tags += [_RISK_TAG[risk], _CREDIT_TAG[credit]]
    if risk == "high" and index < 0.4:
        tags.append("健康指数异常")
    tags += _record_tags(credit, record)
    tags += _place_tags(cluster, place)
    if complaint < (0.08 if risk == "high" else 0.01):
        tags.append("信访热点")
    return tags


def _level_tag(permit: str | None, risk: str, chance: float) -> str:
    if permit == KEY:
        return "重点排污单位" if chance < 0.6 else "重点源企业"
    if risk == "high":
        return "特殊监管对象"
    return "重点源企业" if permit == SIMPLIFIED and chance < 0.1 else "一般源企业"


def _monitoring_tags(permit: str | None, video: float, power: float) -> list[str]:
    """Who is connected is decided with the monitoring points; see `with_connection`."""
    watched = permit == KEY
    tags = ["视频监控"] if video < (0.6 if watched else 0.05) else []
    if power < (0.5 if watched else 0.12):
        tags.append("用电监控")
    return tags or ["未联网"]


def _record_tags(credit: str, chance: float) -> list[str]:
    if credit == "green":
        return ["正面清单"] if chance < 0.03 else []
    tags = ["近两年处罚"]
    if credit == "black":
        tags.append(("限产停产", "查封扣押", "移送公安")[int(chance * 3)])
    return tags


def _place_tags(cluster: Cluster, chance: float) -> list[str]:
    if cluster.is_park:
        return ["工业园区内"]
    if chance < 0.02:
        return ["水源保护区附近"]
    if chance < 0.03:
        return ["自然保护地附近"]
    return ["居民区附近"] if chance < 0.25 else []


def with_connection(enterprise: DemoEnterprise) -> DemoEnterprise:
    """The same enterprise, tagged as sending its data to us."""
    if CONNECTED in enterprise.tags:
        return enterprise
    tags = [tag for tag in enterprise.tags if tag != "未联网"]
    return enterprise._replace(tags=[*tags, CONNECTED])
