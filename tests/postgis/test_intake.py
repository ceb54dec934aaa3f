"""What becomes of frames: stored, judged, raised, absorbed, quarantined; each batch in one commit."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from data.hj212.crc import crc16
from data.hj212.readings import CHINA_STANDARD_TIME
from tests.house import FANGZI, IN_FANGZI, KUIWEN, House, Logger, arrival

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def point_id(app: House) -> int:
    return await app.outfall("MN1")


@pytest.fixture
def logger(app: House, point_id: int) -> Logger:
    return Logger(app)


async def _alerts(app: House) -> list[dict[str, object]]:
    return list((await app.person("duty").get("/api/alerts")).json()["items"])


async def _kinds(app: House) -> list[str]:
    return [row.kind for row in await app.rows("SELECT kind FROM event ORDER BY seq")]


async def test_a_reading_is_stored_once_and_says_where_it_belongs(app: House, logger: Logger, point_id: int) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    assert await logger.cod(31.5, at=at)
    (row,) = await app.rows("SELECT * FROM reading")
    assert (row.point_id, row.factor, row.period, row.at, row.value) == (point_id, "w01018", "realtime", at, 31.5)
    assert (row.flag, row.region, row.fields) == ("N", KUIWEN, {"Rtd": "31.5", "Flag": "N"})
    (device,) = await app.rows("SELECT dialect, last_seen_at, first_seen_at FROM data_logger")
    assert device.dialect == "2017"
    assert device.last_seen_at == device.first_seen_at


async def test_a_repeated_packet_leaves_no_trace_and_a_corrected_one_keeps_what_it_replaces(
    app: House, logger: Logger
) -> None:
    at = datetime.now(UTC)
    for value in (31.5, 31.5, 32.5, 32.5):
        await logger.cod(value, at=at)
    assert [row.value for row in await app.rows("SELECT value FROM reading")] == [32.5]
    assert [row.value for row in await app.rows("SELECT value FROM reading_revision")] == [31.5]


async def test_what_one_batch_corrects_is_kept_too(app: House, logger: Logger) -> None:
    at = datetime.now(UTC)
    frames = [logger.frame(f"w01018-Rtd={value},w01018-Flag=N", at=at) for value in (31.5, 33.5, 33.5, 35.5)]
    assert await logger.send(*frames) == [True] * 4
    assert [row.value for row in await app.rows("SELECT value FROM reading")] == [35.5]
    assert [row.value for row in await app.rows("SELECT value FROM reading_revision ORDER BY id")] == [31.5, 33.5]


async def test_one_fault_is_one_alert_that_keeps_the_worst(app: House, logger: Logger, point_id: int) -> None:
    start = datetime.now(UTC) - 10 * MINUTE
    for minute, value in enumerate((86.4, 120.0, 70.0, 60.0)):
        await logger.cod(value, at=start + minute * MINUTE)
    (alert,) = await _alerts(app)
    expected = {
        "kind": "pollution_source",
        "status": "raised",
        "point_id": point_id,
        "factor": "w01018",
        "value": 60.0,
        "worst_value": 120.0,
        "limit_high": 50.0,
        "unit": "mg/L",
        "reading_count": 4,
        "level": 3,  # a momentary value outside a daily limit is a warning
        "region": KUIWEN,
        "raised_by": "system:intake",
        "drill": False,
    }
    assert alert | expected == alert
    assert alert["title"] == "MN1 水务公司 总排口 化学需氧量超标 0.7 倍"
    assert await _kinds(app) == ["alert.raised", "alert.updated"]  # what is no news is not told


async def test_a_violation_of_the_same_period_makes_the_alert_graver(app: House, logger: Logger) -> None:
    await logger.cod(60.0)
    yesterday = datetime.now(UTC) - timedelta(hours=24)
    await logger.cod(130.0, at=yesterday, cn="2031")
    (alert,) = await _alerts(app)
    assert alert["level"] == 1
    assert alert["worst_value"] == 130.0
    assert alert["value"] == 60.0  # the newest reading, not the last to arrive
    assert alert["period"] == "realtime"


async def test_a_packet_sent_again_raises_once_and_counts_once(app: House, logger: Logger) -> None:
    at = datetime.now(UTC)
    for _ in range(3):
        await logger.cod(86.4, at=at)
    (alert,) = await _alerts(app)
    assert alert["reading_count"] == 1
    await app.person("duty").post(f"/api/alerts/{alert['id']}/close", json={"version": alert["version"]})
    await logger.cod(86.4, at=at)
    assert len(await _alerts(app)) == 1  # a late copy does not open it again


async def test_after_closing_the_next_exceedance_opens_a_new_alert(app: House, logger: Logger) -> None:
    await logger.cod(86.4, at=datetime.now(UTC) - MINUTE)
    (first,) = await _alerts(app)
    await app.person("duty").post(f"/api/alerts/{first['id']}/close", json={"version": first["version"]})
    await logger.cod(87.0)
    second, again = await _alerts(app)
    assert (second["status"], again["status"]) == ("raised", "closed")
    assert second["worst_value"] == 87.0


async def test_an_absorbed_reading_does_not_make_the_desks_version_stale(app: House, logger: Logger) -> None:
    await logger.cod(86.4, at=datetime.now(UTC) - MINUTE)
    (alert,) = await _alerts(app)
    await logger.cod(99.9)
    answer = await app.person("duty").post(f"/api/alerts/{alert['id']}/acknowledge", json={"version": alert["version"]})
    assert answer.status_code == 200
    assert answer.json()["worst_value"] == 99.9


async def test_old_data_are_stored_but_raise_nobody(app: House, logger: Logger) -> None:
    assert await logger.cod(500.0, at=datetime.now(UTC) - timedelta(hours=2))
    assert await app.scalar("SELECT count(*) FROM reading") == 1
    assert await _alerts(app) == []


@pytest.mark.parametrize("flag", ["D", "M", "S", "C", "T", "F", "B"])
async def test_what_is_no_measurement_raises_nobody(app: House, logger: Logger, flag: str) -> None:
    await logger.cod(500.0, flag=flag)
    assert await app.scalar("SELECT flag FROM reading") == flag
    assert await _alerts(app) == []


async def test_ph_is_judged_on_both_sides_and_keeps_the_farther(app: House, logger: Logger) -> None:
    start = datetime.now(UTC) - 10 * MINUTE
    for minute, value in enumerate((9.3, 5.0, 9.9, 7.0)):
        await logger.send(logger.frame(f"w01001-Rtd={value},w01001-Flag=N", at=start + minute * MINUTE))
    (alert,) = await _alerts(app)
    assert (alert["value"], alert["worst_value"], alert["reading_count"]) == (9.9, 5.0, 3)
    assert (alert["limit_low"], alert["limit_high"]) == (6.0, 9.0)
    assert "超出限值" in str(alert["title"])


async def test_the_permit_goes_before_the_standard(app: House, logger: Logger, point_id: int) -> None:
    await app.execute(
        "INSERT INTO discharge_limit (standard, point_id, factor, period, high, unit, valid_from, source)"
        " VALUES ('permit', :point, 'w01018', 'day', 40, 'mg/L', '2020-01-01', '排污许可证')",
        point=point_id,
    )
    await logger.cod(45.0)
    (alert,) = await _alerts(app)
    assert (alert["limit_high"], alert["limit_source"]) == (40.0, "排污许可证")


async def test_a_limit_that_is_no_longer_in_force_raises_nobody(app: House, logger: Logger) -> None:
    await app.execute("UPDATE discharge_limit SET valid_to = current_date - 1")
    await logger.cod(500.0)
    assert await _alerts(app) == []


async def test_a_stack_is_judged_by_the_value_at_reference_oxygen(app: House, logger: Logger) -> None:
    await logger.send(logger.frame("w01018-Rtd=10,w01018-ZsRtd=60,w01018-Flag=N"))
    (alert,) = await _alerts(app)
    assert alert["value"] == 60.0


async def test_a_device_that_mixes_dialects_is_one_device(app: House, logger: Logger) -> None:
    new = logger.frame("w01018-Rtd=31,w01018-Flag=N", flag=9)
    old = logger.frame("011-Rtd=32,011-Flag=N", at=datetime.now(UTC) - MINUTE, flag=None)
    assert await logger.send(new, old) == [True, True]
    rows = await app.rows("SELECT factor, value FROM reading ORDER BY value")
    assert [(row.factor, row.value) for row in rows] == [("w01018", 31.0), ("w01018", 32.0)]
    assert await app.scalar("SELECT dialect FROM data_logger") == "2005"


async def test_an_unknown_device_is_quarantined_where_the_province_sees_it(app: House, logger: Logger) -> None:
    stranger = Logger(app, "STRANGER")
    assert await stranger.send(stranger.frame("w01018-Rtd=99,w01018-Flag=N")) == [False]
    assert await app.scalar("SELECT count(*) FROM reading") == 0
    for username, expected in (("province", ["STRANGER"]), ("duty", []), ("city", [])):
        devices = await app.person(username).get("/api/intake/devices", params={"state": "quarantined"})
        assert [one["mn"] for one in devices.json()["items"]] == expected
        frames = (await app.person(username).get("/api/intake/quarantine")).json()["items"]
        assert [one["mn"] for one in frames] == expected
    assert "w01018-Rtd=99" in (await app.person("province").get("/api/intake/quarantine")).json()["items"][0]["raw"]
    assert await stranger.send(stranger.frame("w01018-Rtd=99"), stranger.frame("w01018-Rtd=98")) == [False, False]
    assert await app.scalar("SELECT count(*) FROM data_logger WHERE mn = 'STRANGER'") == 1


async def test_a_wrong_password_is_quarantined_in_the_devices_own_county(app: House, logger: Logger) -> None:
    impostor = Logger(app, "MN1", "000000")
    assert await impostor.send(impostor.frame("w01018-Rtd=99,w01018-Flag=N")) == [False]
    assert await _alerts(app) == []
    assert await app.scalar("SELECT last_seen_at FROM data_logger") is None
    (frame,) = (await app.person("duty").get("/api/intake/quarantine")).json()["items"]
    assert (frame["mn"], frame["region"]) == ("MN1", KUIWEN)
    assert "password" in frame["reason"]
    assert (await app.person("fangzi-duty").get("/api/intake/quarantine")).json()["items"] == []


async def test_a_damaged_frame_of_a_known_device_goes_to_its_county(app: House, logger: Logger) -> None:
    whole = bytes(logger.frame("w01018-Rtd=31,w01018-Flag=N"))
    damaged = arrival(whole.replace(b"Rtd=31", b"Rtd=91"))
    assert damaged.frame is None
    verdicts = await logger.intake.take([damaged])
    assert not verdicts[0].accepted
    (frame,) = (await app.person("duty").get("/api/intake/quarantine")).json()["items"]
    assert (frame["mn"], frame["region"]) == ("MN1", KUIWEN)
    assert frame["reason"].startswith("damaged: ")
    assert await app.scalar("SELECT count(*) FROM reading") == 0


async def test_one_bad_field_does_not_cost_the_good_ones(app: House, logger: Logger) -> None:
    frame = logger.frame("w01018-Rtd=abc,w01018-Flag=N;w21003-Rtd=1.5,w21003-Flag=N")
    assert await logger.send(frame) == [True]
    rows = await app.rows("SELECT factor, value FROM reading ORDER BY factor")
    assert [(row.factor, row.value) for row in rows] == [("w01018", None), ("w21003", 1.5)]
    assert "w01018-Rtd is not a number" in await app.scalar("SELECT reason FROM quarantined_frame")


async def test_good_and_bad_of_one_batch_each_get_their_own_verdict(app: House, logger: Logger) -> None:
    await app.outfall("MN2", place=IN_FANGZI, region=FANGZI)
    other, stranger = Logger(app, "MN2"), Logger(app, "NOBODY")
    good, far = logger.frame("w01018-Rtd=86,w01018-Flag=N"), other.frame("w01018-Rtd=87,w01018-Flag=N")
    assert await logger.send(good, stranger.frame("w01018-Rtd=1"), far) == [True, False, True]
    assert [one["region"] for one in await _alerts(app)] == [KUIWEN]
    fangzi = (await app.person("fangzi-duty").get("/api/alerts")).json()["items"]
    assert [one["region"] for one in fangzi] == [FANGZI]


async def test_a_name_too_long_for_a_device_is_only_quarantined(app: House, logger: Logger) -> None:
    first, second = Logger(app, "X" * 64 + "1"), Logger(app, "X" * 64 + "2")
    good = logger.frame("w01018-Rtd=31,w01018-Flag=N")
    assert await logger.send(first.frame("w01018-Rtd=1"), good, second.frame("w01018-Rtd=1")) == [False, True, False]
    assert await app.scalar("SELECT count(*) FROM data_logger WHERE mn LIKE 'XX%'") == 0
    assert await app.scalar("SELECT count(*) FROM quarantined_frame WHERE mn LIKE 'XX%'") == 2


async def test_a_long_name_that_begins_like_a_known_one_does_not_touch_it(app: House, logger: Logger) -> None:
    known = "K" * 64
    await app.outfall(known)
    stranger = Logger(app, known + "9")
    assert await stranger.send(stranger.frame("w01018-Rtd=1")) == [False]
    assert await app.scalar("SELECT last_seen_at FROM data_logger WHERE mn = :mn", mn=known) is None


def _sealed(segment: str) -> bytes:
    raw = segment.encode()
    return b"##%04d%b%04X\r\n" % (len(raw), raw, crc16(raw))


def _strange(mn: str = "MN1", pw: str = "123456", cn: str = "2011", time: str | None = None, **fields: str) -> bytes:
    time = time or f"{datetime.now(CHINA_STANDARD_TIME):%Y%m%d%H%M%S}"
    cp = ";".join([f"DataTime={time}", *(f"{name}={value}" for name, value in fields.items())])
    return _sealed(f"ST=32;CN={cn};PW={pw};MN={mn};Flag=5;CP=&&{cp}&&")


_STRANGE = {
    "NUL in a value": _strange(**{"w01018-Rtd": "1\0"}),
    "NUL in a flag": _strange(**{"w01018-Rtd": "1,w01018-Flag=N\0"}),
    "NUL in a factor": _strange(**{"w010\x0018-Rtd": "1"}),
    "NUL in the MN": _strange(mn="MN\x001"),
    "NUL in the password": _strange(pw="1234\x00"),
    "NUL in the command": _strange(cn="20\x0011"),
    "a long factor": _strange(**{"w" * 700 + "-Rtd": "1"}),
    "a long flag": _strange(**{"w01018-Rtd": "1,w01018-Flag=" + "N" * 700}),
    "a long MN": _strange(mn="M" * 700),
    "an empty MN": _strange(mn=""),
    "a huge value": _strange(**{"w01018-Rtd": "1e309"}),
    "not a number": _strange(**{"w01018-Rtd": "nan"}),
    "the largest float": _strange(**{"w01018-Rtd": "1.7976931348623157e308"}),
    "the smallest float": _strange(**{"w01018-Rtd": "5e-324"}),
    "a time that is none": _strange(time="20261332256199", **{"w01018-Rtd": "1"}),
    "the first time of all": _strange(time="00010101000000", **{"w01018-Rtd": "1"}),
    "the last time of all": _strange(time="99991231235959", **{"w01018-Rtd": "1"}),
    "characters beyond the plane": _strange(mn="😀", **{"😀-Rtd": "😀"}),
    "not a character": _strange(**{"w01018-Rtd": "\uffff\ufffe"}),
    "braces and quotes": _strange(mn='{"a":[1,NULL]}\'--', **{"{a,b}-Rtd": '1,{a,b}-Flag="N\\"'}),
    "nothing at all": b"",
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("raw", _STRANGE.values(), ids=_STRANGE.keys())
async def test_no_frame_whatever_it_says_costs_its_neighbour(app: House, logger: Logger, raw: bytes) -> None:
    neighbour = bytes(logger.frame("w21003-Rtd=1.5,w21003-Flag=N"))
    verdicts = await logger.intake.take([arrival(raw), arrival(neighbour)])
    assert verdicts[1].accepted
    assert await app.scalar("SELECT value FROM reading WHERE factor = 'w21003'") == 1.5


async def test_random_frames_are_taken_or_refused_but_never_stumbled_over(app: House, logger: Logger) -> None:
    random = Random(212)
    letters = "\0\x01\x7f ,;=&-#'\"{}[]\\%\u00a0\ufeff\u200f水😀w01018RtdFlag0123456789.eE+_nanif"

    def text_of(most: int) -> str:
        return "".join(random.choice(letters) for _ in range(random.randrange(most)))

    for _ in range(20):
        raws = [_strange(random.choice(["MN1", text_of(40)]), **{text_of(12) + "-Rtd": text_of(30)}) for _ in range(50)]
        assert len(await logger.intake.take([arrival(raw) for raw in raws])) == 50
