"""Enterprises by name, code, tag, risk, region and box."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from data.point_lists import points_of
from data.shapes import EnterpriseDetail, EnterpriseItem, PointItem
from data.tables import Enterprise, MonitoringPoint
from gis.http import BadQuery, NotFound, PageParams
from gis.parameters import in_area, in_box, parse_region, parse_text, parse_words

_USCC_LENGTH = 18
_RISKS = ("low", "medium", "high")


def _selected() -> Select[*tuple[Any, ...]]:
    return select(
        Enterprise.id,
        Enterprise.uscc,
        Enterprise.name,
        Enterprise.address,
        Enterprise.industry,
        Enterprise.tags,
        Enterprise.risk,
        Enterprise.credit,
        Enterprise.permit_number,
        Enterprise.permit_class,
        Enterprise.permit_valid_to,
        Enterprise.demo,
        Enterprise.version,
        Enterprise.updated_at,
        Enterprise.region,
        func.ST_X(Enterprise.geom).label("lon"),
        func.ST_Y(Enterprise.geom).label("lat"),
    )


def _matches(q: str) -> ColumnElement[bool]:
    """A part of the name in any case, or the beginning of the social credit code; a whole code is looked up."""
    code = q.upper()
    if len(q) == _USCC_LENGTH and q.isascii() and q.isalnum():
        return Enterprise.uscc == code
    named = Enterprise.name.icontains(q, autoescape=True)
    return or_(named, Enterprise.uscc.startswith(code)) if q.isascii() and q.isalnum() else named


async def list_enterprises(
    session: AsyncSession,
    page: PageParams,
    *,
    q: str | None = None,
    tags: str | None = None,
    risk: str | None = None,
    region: str | None = None,
    bbox: str | None = None,
) -> list[EnterpriseItem]:
    """Return one page, by id. An enterprise has every one of `tags` and one of the risks in `risk` (`a,b,c`)."""
    conditions: list[ColumnElement[bool]] = [Enterprise.id > page.after()]
    if (wanted := parse_text(q, "q")) is not None:
        conditions.append(_matches(wanted))
    if words := parse_words(tags, "tags"):
        conditions.append(Enterprise.tags.op("@>", is_comparison=True)(cast(list(words), ARRAY(Text))))
    if risks := _risks(risk):
        conditions.append(Enterprise.risk.in_(risks))
    if (area := parse_region(region)) is not None:
        conditions.append(in_area(Enterprise.region, area))
    if (box := in_box(Enterprise.geom, bbox)) is not None:
        conditions.append(box)
    rows = await session.execute(_selected().where(*conditions).order_by(Enterprise.id).limit(page.limit))
    return [EnterpriseItem.model_validate(row) for row in rows]


def _risks(value: str | None) -> tuple[str, ...]:
    risks = parse_words(value, "risk")
    for risk in risks:
        if risk not in _RISKS:
            raise BadQuery(f"risk: one or more of {', '.join(_RISKS)}, not {risk[:20]!r}")
    return risks


async def enterprise(session: AsyncSession, enterprise_id: int) -> EnterpriseDetail:
    """Return one enterprise with its points; raise `NotFound`."""
    row = (await session.execute(_selected().where(Enterprise.id == enterprise_id))).one_or_none()
    if row is None:
        raise NotFound(f"there is no enterprise {enterprise_id} in your area")
    points: list[PointItem] = await points_of(session, MonitoringPoint.enterprise_id == enterprise_id)
    return EnterpriseDetail(**EnterpriseItem.model_validate(row).model_dump(), points=points)
