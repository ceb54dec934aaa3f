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


def on_duty() -> ColumnElement[bool]:
    """On duty, its end not yet reached; who is on an assignment then stays on duty until it is over."""
    return and_(Officer.on_duty, or_(Officer.duty_until.is_(None), Officer.duty_until > func.now(), busy()))


def stale(after: timedelta) -> ColumnElement[bool]:
    """No position, or none that is young enough to send somebody by."""
    return or_(OfficerPosition.at.is_(None), OfficerPosition.at < func.now() - after)


def certificate_expired() -> ColumnElement[bool]:
    return and_(Officer.certificate_valid_to.is_not(None), Officer.certificate_valid_to < func.current_date())


def status(stale_after: timedelta) -> Label[str]:
    """`off_duty`, `busy`, `stale` or `free`; needs `officer` outer-joined with `officer_position`."""
    return case(
        (~on_duty(), "off_duty"),
        (or_(busy(), certificate_expired()), "busy"),
        (stale(stale_after), "stale"),
        else_="free",
    ).label("status")
