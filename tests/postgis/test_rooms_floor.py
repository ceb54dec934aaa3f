"""Who may be seen and heard: hands, mutes, removals, locks, push to talk, and guests by link."""

import asyncio
from functools import partial
from typing import Any

import httpx

from tests.house import KUIWEN, House
from tests.postgis.test_rooms import kinds, opened, post, states
from tests.postgis.test_rooms_media import Call, call

__all__ = ["call"]


def seat(room: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in room["seats"] if one["name"] == name)


async def test_a_raised_hand_is_seen_and_inserting_gives_the_word(call: Call) -> None:
    room = await post(call.app, "甲", call.room, "hand", raised=True)
    assert seat(room, "甲")["hand_raised_at"] is not None
    await post(call.app, "duty", call.room, f"seats/{call.seats['甲']}/mute", kinds=["audio", "video"])
    room = await post(call.app, "duty", call.room, f"seats/{call.seats['甲']}/insert")
    assert (seat(room, "甲")["hand_raised_at"], seat(room, "甲")["muted"]) == (None, [])
    await post(call.app, "甲", call.room, "hand", raised=True)
    room = await post(call.app, "甲", call.room, "hand", raised=False)
    assert seat(room, "甲")["hand_raised_at"] is None
    assert (await kinds(call.app))[-5:] == [
        "room.hand_raised", "room.muted", "room.inserted", "room.hand_raised", "room.hand_lowered",
    ]  # fmt: skip


async def test_a_mute_reaches_the_hub_and_holds_when_the_connection_is_built_anew(call: Call) -> None:
    await call.send("甲")
    number = call.seats["甲"]
    room = await post(call.app, "duty", call.room, f"seats/{number}/mute", kinds=["audio"])
    assert seat(room, "甲")["muted"] == ["audio"]
    assert call.engine.told[-1] == f"mute {number} audio"
    await call.send("甲")
    assert call.engine.told[-2:] == [f"mute {number} audio", f"publish {number}"]  # silent from the first packet on
    await post(call.app, "duty", call.room, f"seats/{number}/unmute", kinds=["audio", "video"])
    assert call.engine.told[-1] == f"mute {number}"
    await post(call.app, "甲", call.room, f"seats/{number}/mute", 403, kinds=["audio"])
    await post(call.app, "duty", call.room, "seats/999/mute", 404, kinds=["audio"])


async def test_who_is_taken_out_sees_nothing_more_until_called_again(call: Call) -> None:
    room = await post(call.app, "duty", call.room, f"seats/{call.seats['甲']}/remove")
    assert states(room)["甲"] == "removed"
    assert (await call.app.person("甲").get(f"/api/rooms/{room['id']}")).status_code == 404
    heard = (await call.app.person("甲").get(f"/api/alerts/{room['alert_id']}/timeline")).json()["items"]
    assert heard[-1]["kind"] == "room.removed"  # so much he is told
    officer = seat(room, "甲")["officer_id"]
    await post(call.app, "duty", call.room, "ring", officer_ids=[officer])
    assert states(await post(call.app, "甲", call.room, "join"))["甲"] == "present"
    await post(call.app, "duty", call.room, f"seats/{call.seats['duty']}/remove", 422)


async def test_a_lock_keeps_out_whoever_has_no_seat_and_nobody_else(call: Call) -> None:
    room = await post(call.app, "duty", call.room, "lock", locked=True)
    assert (room["locked"], room["version"]) == (True, 2)
    await post(call.app, "dispatcher", call.room, "join", 409)
    await post(call.app, "甲", call.room, "leave")
    await post(call.app, "甲", call.room, "join")
    await post(call.app, "甲", call.room, "lock", 403, locked=False)
    await post(call.app, "duty", call.room, "lock", locked=False)
    await post(call.app, "dispatcher", call.room, "join")
    await post(call.app, "duty", call.room, "close", 409, version=1)
    await post(call.app, "duty", call.room, "close", version=3)


async def test_of_a_lock_and_a_join_at_once_one_is_first(app: House) -> None:
    for _ in range(20):
        room = await opened(app, kind="conference")
        await post(app, "duty", room, "join")
        door = f"/api/rooms/{room['id']}"
        locked, joined = await asyncio.gather(
            app.person("duty").post(f"{door}/lock", json={"locked": True}),
            app.person("dispatcher").post(f"{door}/join"),
        )
        assert locked.status_code == 200
        told = await app.rows(
            "SELECT kind, data->>'seat_name' AS who FROM event WHERE subject = :subject ORDER BY seq",
            subject=f"room:{room['id']}",
        )
        order = [row.kind for row in told if row.kind == "room.locked" or row.who == "dispatcher"]
        assert order == (["room.joined", "room.locked"] if joined.status_code == 200 else ["room.locked"])
        assert joined.status_code in (200, 409)


async def group(app: House) -> tuple[dict[str, Any], dict[str, int]]:
    """A push-to-talk group of the desk and two officers."""
    ids = [await app.officer(name, (119.1055, 36.705)) for name in ("甲", "乙")]
    room = await opened(app, officer_ids=ids, audio_group=True)
    for who in ("duty", "甲", "乙"):
        await post(app, who, room, "join")
    return room, {one["name"]: one["id"] for one in room["seats"]}


async def test_in_a_group_one_speaks_at_a_time_and_the_desk_breaks_in(app: House) -> None:
    room, seats = await group(app)
    assert (await post(app, "甲", room, "talk", on=True))["speaker_id"] == seats["甲"]
    refused = await app.person("乙").post(f"/api/rooms/{room['id']}/talk", json={"on": True})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "甲 is speaking"
    assert (await post(app, "duty", room, f"seats/{seats['duty']}/insert"))["speaker_id"] == seats["duty"]
    assert (await post(app, "甲", room, "talk", on=False))["speaker_id"] == seats["duty"]  # not his to end any more
    assert (await post(app, "duty", room, "talk", on=False))["speaker_id"] is None
    assert (await post(app, "乙", room, "talk", on=True))["speaker_id"] == seats["乙"]
    assert (await post(app, "乙", room, "leave"))["speaker_id"] is None
    assert (await post(app, "甲", room, "talk", on=True))["speaker_id"] == seats["甲"]
    # A button that was left pressed does not hold the floor for ever.
    await app.execute("UPDATE room SET spoke_at = now() - interval '61 seconds'")
    assert (await post(app, "duty", room, "talk", on=True))["speaker_id"] == seats["duty"]


async def test_of_two_who_press_at_once_one_has_the_word(app: House) -> None:
    room, seats = await group(app)
    door = f"/api/rooms/{room['id']}/talk"
    for _ in range(20):
        answers = await asyncio.gather(*(app.person(who).post(door, json={"on": True}) for who in ("甲", "乙")))
        assert sorted(one.status_code for one in answers) == [200, 409]
        speaker = await app.scalar("SELECT speaker_id FROM room WHERE id = :id", id=room["id"])
        who = next(name for name, number in seats.items() if number == speaker)
        await post(app, who, room, "talk", on=False)


async def test_only_the_speakers_voice_is_forwarded(call: Call) -> None:
    await call.app.execute("UPDATE room SET audio_group = true")
    number = call.seats["甲"]
    await call.send("甲")
    assert call.engine.muted[str(call.room["id"]), str(number)] == {"audio", "video"}
    await post(call.app, "甲", call.room, "talk", on=True)
    assert call.engine.muted[str(call.room["id"]), str(number)] == {"video"}
    await post(call.app, "甲", call.room, "talk", on=False)
    assert call.engine.muted[str(call.room["id"]), str(number)] == {"audio", "video"}
    plain = await opened(call.app, kind="conference")
    await post(call.app, "duty", plain, "join")
    await post(call.app, "duty", plain, "talk", 422, on=True)


async def test_the_newest_word_holds_however_words_overtake_each_other(call: Call) -> None:
    """Pressed while the connection is being built, let go of while the hub is still being told of the press."""
    await call.app.execute("UPDATE room SET audio_group = true")
    seat = (str(call.room["id"]), str(call.seats["甲"]))
    await call.send("duty")  # the room has its hub
    call.engine.on_the_way = partial(post, call.app, "甲", call.room, "talk", on=True)
    await call.send("甲")
    assert call.engine.muted[seat] == {"video"}
    await post(call.app, "甲", call.room, "talk", on=False)
    call.engine.on_the_way = partial(post, call.app, "甲", call.room, "talk", on=False)
    await post(call.app, "甲", call.room, "talk", on=True)
    assert call.engine.muted[seat] == {"audio", "video"}


async def test_a_word_that_the_hub_missed_is_told_when_the_connection_is_built_anew(call: Call) -> None:
    seat = (str(call.room["id"]), str(call.seats["甲"]))
    door = f"seats/{call.seats['甲']}"
    await call.send("甲")
    await post(call.app, "duty", call.room, f"{door}/mute", kinds=["audio"])
    call.engine.deaf = True
    await post(call.app, "duty", call.room, f"{door}/unmute", kinds=["audio"])
    call.engine.deaf = False
    assert call.engine.muted[seat] == {"audio"}
    await call.send("甲")
    assert call.engine.muted[seat] == set()


async def invited(app: House, room: dict[str, Any], **more: Any) -> tuple[dict[str, Any], httpx.AsyncClient]:
    answer = await post(app, "duty", room, "invitations", 201, name="王教授", organisation="海洋大学", **more)
    return answer, app.client(answer["token"])


async def test_an_expert_comes_in_by_link_and_sees_this_room_and_nothing_else(call: Call) -> None:
    invitation, expert = await invited(call.app, call.room, field="水处理", minutes=30)
    assert invitation["url"] == f"/room/{call.room['id']}#{invitation['token']}"
    await post(call.app, "duty", call.room, "lock", locked=True)  # the link lets in all the same
    joined = await expert.post(call.door("join"))
    assert joined.status_code == 200, joined.text
    room = joined.json()
    assert (room["me"]["role"], seat(room, "王教授")["field"]) == ("expert", "水处理")
    sdp = {"Content-Type": "application/sdp"}
    answer = await expert.post(call.door("whip"), content="v=0\r\n", headers=sdp)
    assert answer.status_code == 201
    assert (await expert.delete(answer.headers["location"])).status_code == 200
    assert (await expert.post(call.door("hand"), json={"raised": True})).status_code == 200
    assert (await expert.post(call.door("lock"), json={"locked": False})).status_code == 403
    assert (await expert.post(call.door("tokens"), json={"purpose": "publish"})).status_code == 201

    other = await opened(call.app, kind="conference")
    for door in ("", "/join", "/leave", "/whip"):
        method, headers = ("GET", {}) if not door else ("POST", sdp)
        strange = await expert.request(method, f"/api/rooms/{other['id']}{door}", headers=headers)
        assert strange.status_code in (403, 404), door
    assert [one["id"] for one in (await expert.get("/api/rooms")).json()["items"]] == [call.room["id"]]
    for path in ("/api/alerts", "/api/officers", "/api/points", "/api/regions", "/api/experts", "/api/search?q=a"):
        assert (await expert.get(path)).status_code == 401, path
    assert (await expert.post("/api/rooms", json={"kind": "conference"})).status_code == 403

    await post(call.app, "duty", call.room, f"seats/{invitation['seat_id']}/remove")
    assert (await expert.get(f"/api/rooms/{call.room['id']}")).status_code == 404
    assert (await expert.post(call.door("join"))).status_code == 404


async def test_only_who_leads_invites(call: Call) -> None:
    await post(call.app, "甲", call.room, "invitations", 403, name="谁")
    await post(call.app, "fangzi-duty", call.room, "invitations", 404, name="谁")
    await post(call.app, "duty", call.room, "invitations", 422, name=" ")


async def test_the_roster_is_that_of_ones_county_and_of_those_above(app: House) -> None:
    for name, field, region in (
        ("省", "大气", "370000"),
        ("市", "水处理", "370700"),
        ("区", "固废", "370705"),
        ("邻", "大气", "370704"),
    ):
        await app.execute(
            "INSERT INTO expert (name, organisation, field, region) VALUES (:name, 'x', :field, :region)",
            name=name,
            field=field,
            region=region,
        )

    async def listed(who: str, **params: str) -> set[str]:
        answer = await app.person(who).get("/api/experts", params=params)
        assert answer.status_code == 200, answer.text
        return {one["name"] for one in answer.json()["items"]}

    assert await listed("duty") == {"省", "市", "区"}
    assert await listed("city") == {"省", "市", "区", "邻"}
    assert await listed("duty", field="大气") == {"省"}
    assert (await app.person("planner").get("/api/experts")).status_code == 403
    new = {"name": "新", "organisation": "中心", "field": "噪声"}
    assert (await app.person("duty").post("/api/experts", json=new)).status_code == 403
    added = await app.person("admin").post("/api/experts", json=new)
    assert (added.status_code, added.json()["region"]) == (201, KUIWEN)
    assert await listed("duty", field="噪声") == {"新"}
    address = f"/api/experts/{added.json()['id']}"
    assert (await app.person("fangzi-admin").delete(address)).status_code == 404
    assert (await app.person("admin").delete(address)).status_code == 204
    assert await listed("duty", field="噪声") == set()
    people = (await app.person("duty").get("/api/callable-people")).json()["items"]
    names = {one["username"] for one in people}
    assert {"dispatcher", "expert", "city", "province"} <= names
    assert not names & {"duty", "fangzi-duty"}
