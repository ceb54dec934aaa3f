"""Whom the feed tells of whom is what row-level security would answer, for every role and area."""

from itertools import product

import pytest
from sqlalchemy import text

from command.officers.live import LiveOfficers
from command.officers.moved import Batch, View
from gis.database import Scope
from tests.house import CENTRE, DESK_ROLES, FANGZI, IN_FANGZI, KUIWEN, House

REGIONS = (KUIWEN, FANGZI, "370700", "370000", "371302")
AREAS = ("37", "3707", "370705", "370704", "3713", "11", "")
ROLES = (*DESK_ROLES, "officer", "", "nobody")
_VISIBLE = "SELECT officer_id FROM officer_position"
_VIEW: View = (119.0, 36.6, 119.25, 36.8)


@pytest.mark.parametrize("view", [None, _VIEW])
async def test_splitting_in_memory_equals_the_database(app: House, view: View | None) -> None:
    officers = LiveOfficers(app.database, app.app.state.dispatch.stale_after)
    await officers.catch_up()
    ids = []
    for number, (region, place) in enumerate(product(REGIONS, (CENTRE, IN_FANGZI))):
        ids.append(await app.officer(f"o{number}", place, region=region))
    await app.officer("away", CENTRE, on_duty=True, drill=True)
    await officers.catch_up()
    batch = Batch(officers.take_news())
    assert len(batch) == len(ids), "a drill is nobody's news"
    in_view = set(await _ids(app, None, "WHERE ST_X(geom) < 119.25")) if view else set(ids)
    for role, area in product(ROLES, AREAS):
        for officer_id in (None, ids[0], ids[-1]) if role == "officer" else (None,):
            scope = Scope("x", role, area, officer_id)
            told = [one.officer_id for one in batch.visible_to(scope, view)]
            assert len(told) == len(set(told))
            expected = set(await _ids(app, scope)) & set(ids)
            # A phone's own position is the same wherever it looks.
            assert set(told) == (expected if role == "officer" else expected & in_view), scope


async def _ids(app: House, scope: Scope | None, where: str = "") -> list[int]:
    opened = app.database.for_system() if scope is None else app.database.for_person(scope)
    async with opened as session:
        return list(await session.scalars(text(f"{_VISIBLE} {where}")))


async def test_who_leaves_a_view_is_told_once_more(app: House) -> None:
    officer = await app.officer("officer1", CENTRE)
    officers = LiveOfficers(app.database, app.app.state.dispatch.stale_after)
    await officers.catch_up()
    assert officers.take_news() == [], "what was there before nobody moved"
    duty = Scope("x", "duty", KUIWEN)
    for place, told in ((IN_FANGZI, [officer]), ((119.5, 36.7), []), (CENTRE, [officer])):
        await app.execute(
            "UPDATE officer_position SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326),"
            " moved = nextval('position_batch')",
            lon=place[0],
            lat=place[1],
        )
        await officers.catch_up()
        batch = Batch(officers.take_news())
        assert [one.officer_id for one in batch.visible_to(duty, _VIEW)] == told
        assert [one.officer_id for one in batch.visible_to(duty)] == [officer]


async def test_what_moved_while_the_link_was_away_is_news_and_who_went_off_duty_is_not(app: House) -> None:
    first, second = await app.officer("officer1", CENTRE), await app.officer("officer2", CENTRE)
    officers = LiveOfficers(app.database, app.app.state.dispatch.stale_after)
    await officers.reload()
    await app.execute("UPDATE officer_position SET moved = nextval('position_batch')")
    await app.execute("UPDATE officer SET on_duty = false WHERE id = :id", id=second)
    await officers.reload()
    assert [one.officer_id for one in officers.take_news()] == [first]
    officers.forget(first)
    assert officers.index.get(first) is None
