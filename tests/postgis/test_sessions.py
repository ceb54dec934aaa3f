"""Signing in and out through the real doors."""

from tests.house import PASSWORD, House


async def test_a_right_password_opens_a_session_for_pages_and_programs(app: House) -> None:
    client = app.client()
    answer = await client.post("/api/session", json={"username": "duty", "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert (
        body["user"] | {"username": "duty", "role": "duty", "region": "370705", "region_name": "奎文区"} == body["user"]
    )
    assert body["demo"] is False
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await client.get("/api/session")).json()["user"]["username"] == "duty"  # by the cookie
    assert (await app.client(body["token"]).get("/api/session")).json()["user"] == body["user"]


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(app: House) -> None:
    client = app.client()
    answers = [
        await client.post("/api/session", json={"username": name, "password": "wrong"}) for name in ("duty", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_signing_out_ends_the_session_everywhere(app: House) -> None:
    first, second = app.person("duty"), app.person("duty")
    assert (await first.delete("/api/session")).status_code == 204
    assert (await second.get("/api/session")).json()["user"] is None
    assert (await second.get("/api/alerts")).status_code == 401
    assert (await app.client().delete("/api/session")).status_code == 204  # harmless again


async def test_the_eleventh_wrong_password_has_to_wait_whoever_asks_next(app: House) -> None:
    client = app.client()
    wrong = {"username": "duty", "password": "wrong"}
    codes = [(await client.post("/api/session", json=wrong)).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    right = await client.post("/api/session", json={"username": "duty", "password": PASSWORD})
    assert right.status_code == 429  # or guessing could go on and watch for the one that lets in
    other = await client.post("/api/session", json={"username": "planner", "password": PASSWORD})
    assert other.status_code == 200


async def test_nobody_uses_an_expired_session_or_a_closed_account(app: House) -> None:
    await app.execute("UPDATE user_session SET expires_at = now() - interval '1 second'")
    assert (await app.person("duty").get("/api/session")).json()["user"] is None
    await app.execute("UPDATE user_session SET expires_at = now() + interval '1 hour'")
    await app.execute("UPDATE user_account SET active = false WHERE username = 'duty'")
    assert (await app.person("duty").get("/api/session")).json()["user"] is None
    closed = await app.client().post("/api/session", json={"username": "duty", "password": PASSWORD})
    assert closed.status_code == 401
    assert (await app.person("planner").get("/api/session")).json()["user"]["role"] == "planner"


async def test_the_token_itself_is_not_kept(app: House) -> None:
    kept = await app.rows("SELECT token_hash FROM user_session")
    assert not {row.token_hash for row in kept} & set(app.tokens.values())


async def test_a_session_in_use_goes_on_but_not_for_ever(app: House) -> None:
    """A wall runs unattended for a month; what nobody uses still ends after half a day."""
    client = app.client()
    await client.post("/api/session", json={"username": "duty", "password": PASSWORD})
    await app.execute("UPDATE user_session SET expires_at = now() + interval '1 minute'")
    answer = await client.get("/api/session")
    assert "max-age=43200" in answer.headers["set-cookie"].lower()
    left = "SELECT max(expires_at - now()) AS left FROM user_session"
    assert (await app.rows(left))[0].left.total_seconds() > 11.9 * 3600
    await app.execute("UPDATE user_session SET created_at = now() - interval '31 days 23 hours'")
    await client.get("/api/session")
    assert (
        0 < (await app.rows("SELECT min(expires_at - now()) AS left FROM user_session"))[0].left.total_seconds() < 3601
    )
    assert "set-cookie" not in (await app.person("duty").get("/api/session")).headers  # programs carry a token
