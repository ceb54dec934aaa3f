"""Two desks at once: exactly one wins, the other reads why; over real connections, again and again."""

import asyncio
from collections import Counter

from tests.house import House

NEAR = (119.1055, 36.705)
ROUNDS = 200


async def test_of_two_desks_that_assign_one_alert_at_once_one_wins_each_time(app: House) -> None:
    officers = {await app.officer("甲", NEAR): "甲", await app.officer("乙", NEAR): "乙"}
    desks = app.person("duty"), app.person("dispatcher")
    winners: Counter[str] = Counter()
    for _ in range(ROUNDS):
        alert = await app.raise_alert()
        answers = await asyncio.gather(
            *(
                desk.post(f"/api/alerts/{alert['id']}/assignments", json={"officer_ids": [officer], "version": 1})
                for desk, officer in zip(desks, officers, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409], [one.text for one in answers]
        won = next(one.json()["assignments"][0] for one in answers if one.status_code == 201)
        lost = next(one.json() for one in answers if one.status_code == 409)
        assert lost["detail"] == f"{won['offered_by']} has just assigned {won['officer_name']} to this alert"
        assert [one["id"] for one in lost["alert"]["assignments"]] == [won["id"]]
        winners[won["offered_by"]] += 1
        # Through the table, for speed: the next round needs both officers free.
        await app.execute("UPDATE assignment SET state = 'cancelled', cancelled_at = now()")
    assert sum(winners.values()) == ROUNDS
    assert await app.scalar("SELECT count(*) FROM assignment") == ROUNDS
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'assignment.offered'") == ROUNDS
    assert await app.rows("SELECT * FROM event_chain_breaks()") == []


async def test_of_two_alerts_that_want_one_officer_at_once_one_gets_him(app: House) -> None:
    officer = await app.officer("甲", NEAR)
    for _ in range(20):
        alerts = [await app.raise_alert(), await app.raise_alert()]
        answers = await asyncio.gather(
            *(app.assign(alert, officer, by=by) for alert, by in zip(alerts, ("duty", "dispatcher"), strict=True))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409], [one.text for one in answers]
        won = next(one.json()["alert"] for one in answers if one.status_code == 201)
        lost = next(one.json() for one in answers if one.status_code == 409)
        assert lost["detail"] == f"甲 is busy with alert {won['id']}; somebody was faster"
        loser = next(alert for alert in alerts if alert["id"] != won["id"])
        untouched = (await app.person("duty").get(f"/api/alerts/{loser['id']}")).json()
        assert untouched == loser
        await app.execute("UPDATE assignment SET state = 'cancelled', cancelled_at = now()")


async def test_two_desks_that_each_call_both_officers_do_not_wait_for_each_other(app: House) -> None:
    officers = [await app.officer("甲", NEAR), await app.officer("乙", NEAR)]
    for _ in range(10):
        alerts = [await app.raise_alert(), await app.raise_alert()]
        async with asyncio.timeout(10):
            answers = await asyncio.gather(app.assign(alerts[0], *officers), app.assign(alerts[1], *officers[::-1]))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert await app.scalar("SELECT count(*) FROM assignment WHERE state = 'offered'") == 2
        await app.execute("UPDATE assignment SET state = 'cancelled', cancelled_at = now()")


async def test_of_an_acceptance_and_a_cancellation_at_once_one_is_true(app: House) -> None:
    officer = await app.officer("甲", NEAR)
    for _ in range(10):
        assignment = (await app.assign(await app.raise_alert(), officer)).json()["assignments"][0]
        address = f"/api/assignments/{assignment['id']}"
        answers = await asyncio.gather(
            app.person("甲").post(f"{address}/accept", json={"version": 1}),
            app.person("duty").post(f"{address}/cancel", json={"version": 1}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        await app.execute("UPDATE assignment SET state = 'cancelled', cancelled_at = now()")
