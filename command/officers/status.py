"""Whether an officer can be sent, as one SQL expression that the list, the map and the ranking share."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Label, and_, case, exists, func, or_, select

from command.dispatch.tables import OPEN_STATES, Assignment
from data.tables import Officer, OfficerPosition


def busy() -> ColumnElement[bool]:
    """The officer has an open assignment."""
    return exists(
        select(Assignment.id).where(Assignment.officer_id == Officer.id, Assignment.state.in_(OPEN_STATES))
    ).correlate(Officer)


def on_duty(is_busy: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """On duty, its end not yet reached; who is on an assignment then stays on duty until it is over.

    `is_busy` is given by a query that already knows it: asked for anew in each place, it costs most of such a query.
    """
    is_busy = busy() if is_busy is None else is_busy
    return and_(Officer.on_duty, or_(Officer.duty_until.is_(None), Officer.duty_until > func.now(), is_busy))


def stale(after: timedelta | ColumnElement[timedelta]) -> ColumnElement[bool]:
    """No position, or none that is young enough to send somebody by."""
    return or_(OfficerPosition.at.is_(None), OfficerPosition.at < func.now() - after)


def certificate_expired() -> ColumnElement[bool]:
    return and_(Officer.certificate_valid_to.is_not(None), Officer.certificate_valid_to < func.current_date())


def status(stale_after: timedelta | ColumnElement[timedelta], is_busy: ColumnElement[bool] | None = None) -> Label[str]:
    """`off_duty`, `busy`, `stale` or `free`; needs `officer` outer-joined with `officer_position`."""
    is_busy = busy() if is_busy is None else is_busy
    return case(
        (~on_duty(is_busy), "off_duty"),
        (or_(is_busy, certificate_expired()), "busy"),
        (stale(stale_after), "stale"),
        else_="free",
    ).label("status")
