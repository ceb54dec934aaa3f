"""Readings of one point and factor over time, with the limit that they are compared with."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from data.limits import limit_for
from data.shapes import LimitItem, Period, ReadingItem, ReadingListing
from data.tables import PERIODS, DischargeLimit, MonitoringPoint, Reading
from gis.http import BadQuery, NotFound, PageParams
from gis.parameters import parse_text

BEIJING = timezone(timedelta(hours=8))  # the day of a limit is a day in Beijing; no daylight saving since 1991

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


async def list_readings(
    session: AsyncSession,
    page: PageParams,
    *,
    point_id: int,
    factor: str,
    period: Period,
    start: datetime | None = None,
    end: datetime | None = None,
    now: datetime | None = None,
) -> ReadingListing:
    """Return one page of readings from `start` to before `end`, oldest first: by default the day up to now.

    The limit is the one of the last day that is asked for; when nothing limits this averaging period, that of the
    next longer one, and its `period` says so. Raise `NotFound` for a point that is not there or not visible.
    """
    code = parse_text(factor, "factor")
    if code is None:
        raise BadQuery("factor: a code of HJ 212 such as w01018")
    end = _moment(end, "to") or (now or datetime.now(UTC)) + _MICROSECOND
    start = _moment(start, "from") or max(end - _DAY, _FIRST)
    point = (
        await session.execute(
            select(MonitoringPoint.id, MonitoringPoint.standard, MonitoringPoint.grade).where(
                MonitoringPoint.id == point_id
            )
        )
    ).one_or_none()
    if point is None:
        raise NotFound(f"there is no monitoring point {point_id} in your area")
    if page.cursor is not None:
        start = max(start, _time_of(page.after()))
    rows = await session.execute(
        select(Reading.at, Reading.value, Reading.converted, Reading.flag, Reading.received_at)
        .where(
            Reading.point_id == point_id,
            Reading.factor == code,
            Reading.period == period,
            Reading.at >= start,
            Reading.at < end,
        )
        .order_by(Reading.at)
        .limit(page.limit)
    )
    items = [ReadingItem.model_validate(row) for row in rows]
    limit = await _limit(session, point_id, point.standard, point.grade, code, period, end - _MICROSECOND)
    following = str(_number_of(items[-1].at) + 1) if len(items) == page.limit else None
    return ReadingListing(
        items=items,
        factor=code,
        period=period,
        unit=None if limit is None else limit.unit,
        limit=limit,
        next=following,
    )


async def _limit(
    session: AsyncSession,
    point_id: int,
    standard: str | None,
    grade: str | None,
    factor: str,
    period: str,
    at: datetime,
) -> LimitItem | None:
    rows = (
        await session.scalars(
            select(DischargeLimit).where(
                DischargeLimit.factor == factor,
                or_(
                    DischargeLimit.point_id == point_id,
                    DischargeLimit.point_id.is_(None) & (DischargeLimit.standard == standard),
                ),
            )
        )
    ).all()
    day = at.astimezone(BEIJING).date()
    for longer in PERIODS[PERIODS.index(period) :]:
        row = limit_for(rows, factor, longer, day, point_id=point_id, standard=standard, grade=grade)
        if row is not None:
            return LimitItem.model_validate(row)
    return None


def _moment(value: datetime | None, name: str) -> datetime | None:
    if value is not None and not _FIRST <= value <= _LAST:
        raise BadQuery(f"{name}: a time between 1970 and 2200")
    return value


def _number_of(at: datetime) -> int:
    """A time as a cursor: microseconds since 1970."""
    return (at - _FIRST) // _MICROSECOND


def _time_of(number: int) -> datetime:
    if number > _number_of(_LAST):
        raise BadQuery("cursor: send back the `next` of the page before, unchanged")
    return _FIRST + number * _MICROSECOND
