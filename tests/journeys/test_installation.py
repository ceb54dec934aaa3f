"""Looking after an installation by commands: who may serve, devices, users, backup and restore, frames by hand."""

import json
import secrets
from pathlib import Path

import httpx
from product import PASSWORD, ROOT, Product, free_port, plain, report_position

SAMPLES = ROOT / "tests" / "samples" / "hj212"


def test_a_second_start_from_the_same_home_is_refused_and_the_first_does_not_notice(product: Product) -> None:
    ports = ("--port", str(free_port()), "--hj212-port", str(free_port()))
    said = product.command("demo", "--small", *ports)
    assert said.code == 1
    assert "already" in plain(said.err)
    product.wait_until_healthy()


def test_a_start_on_a_port_that_is_taken_says_so(product: Product, tmp_path: Path) -> None:
    said = product.command("serve", "--port", str(product.port), "--home", str(tmp_path), home=False)
    assert said.code == 1
    assert f"127.0.0.1:{product.port}" in said.err
    assert "--port" in plain(said.err)
    assert list(tmp_path.iterdir()) == []


def test_serve_refuses_as_long_as_demonstration_users_could_sign_in(breakable: Product) -> None:
    breakable.stop()
    said = breakable.command("serve", "--port", str(breakable.port), "--hj212-port", str(breakable.gateway_port))
    assert said.code == 1
    assert "demonstration users" in plain(said.err)
    assert "remove-demo" in said.err
    assert breakable.processes() == set()


def test_a_bureau_without_a_demonstration_serves_and_its_people_sign_in(bureau: Product) -> None:
    answer = httpx.post(
        f"{bureau.url}/api/session", json={"username": "desk", "password": PASSWORD}, trust_env=False, timeout=30
    )
    assert answer.status_code == 200
    assert answer.json()["demo"] is False
    assert answer.json()["user"]["region_name"] == "山东省"


def test_a_new_user_signs_in_until_disabled(product: Product) -> None:
    name, password = f"u{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    added = product.command("user", "add", name, "--role", "duty", "--region", "370705", "--password", password)
    assert added.code == 0, added
    with product.signed_in(name, password) as person:
        assert (person.user["role"], person.user["region"]) == ("duty", "370705")
        assert product.command("user", "disable", name).code == 0
        person.get("/api/alerts", 401)


def test_a_short_password_is_refused_in_words(product: Product) -> None:
    said = product.command("user", "add", "shorty", "--role", "duty", "--region", "37", "--password", "short")
    assert said.code == 1
    assert "characters" in said.err


def test_a_device_reports_from_when_it_is_added_until_it_is_revoked(product: Product) -> None:
    token = secrets.token_urlsafe(16)
    with product.signed_in("weifang") as desk:
        officer = next(one for one in desk.every("/api/officers") if one["code"] == "370705-0015")
        desk.post(f"/api/officers/{officer['id']}/duty", {"on": True})
        added = product.command("device", "add", "--officer", officer["code"], "--token", token, "--label", "journey")
        assert added.code == 0, added
        report_position(product, token, 119.15, 36.70)
        now = desk.get(f"/api/officers/{officer['id']}")
        assert (now["lon"], now["lat"], now["status"]) == (119.15, 36.7, "free")
        device_id = plain(added.out).split()[1]
        listed = product.command("device", "list")
        assert any(line.split()[:2] == [device_id, str(officer["id"])] for line in map(plain, listed.out.splitlines()))
        assert product.command("device", "revoke", device_id).code == 0
        query = {"id": token, "lat": 36.70, "lon": 119.15}
        answer = httpx.get(f"{product.url}/api/positions/osmand", params=query, trust_env=False)
        assert answer.status_code == 400
        assert "no device" in answer.text
        desk.post(f"/api/officers/{officer['id']}/duty", {"on": False})
        assert desk.get(f"/api/officers/{officer['id']}")["lon"] is None


def test_a_device_for_nobody_is_refused_in_words(product: Product) -> None:
    said = product.command("device", "add", "--officer", "nobody-knows", "--token", "x" * 20)
    assert said.code == 1
    assert "nobody-knows" in said.err


def test_a_backup_brings_back_everything_as_it_was(breakable: Product, tmp_path: Path) -> None:
    file = tmp_path / "onemap.backup"
    with breakable.signed_in("weifang") as desk:
        said = breakable.command("backup", str(file))
        assert said.code == 0, said
        before = desk.every("/api/alerts")
        late = desk.post("/api/alerts", {"lon": 119.1, "lat": 36.7, "title": "after the backup", "kind": "manual"}, 201)
        breakable.stop()
        restored = breakable.command("restore", str(file), "--yes")
        assert restored.code == 0, restored
        breakable.start()
        assert desk.every("/api/alerts") == before
        desk.get(f"/api/alerts/{late['id']}", 404)
    drilled = breakable.command(*breakable.drill(), home=False)
    assert drilled.code == 0, drilled.out
    verified = breakable.command("verify")
    assert verified.code == 0, verified


def test_a_file_that_is_no_backup_changes_nothing(breakable: Product, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a backup")
    with breakable.signed_in("weifang") as desk:
        before = desk.every("/api/points", kind="outfall")
        said = breakable.command("restore", str(file), "--yes")
        assert said.code == 1, said
        assert "Traceback" not in said.err
        assert desk.every("/api/points", kind="outfall") == before


def test_every_sample_frame_is_decoded_to_one_json_line(product: Product) -> None:
    for sample in sorted(SAMPLES.glob("*.bin")):
        said = product.command("hj212", "decode", str(sample), home=False)
        assert said.code == 0, said
        [line] = map(json.loads, said.out.splitlines())
        assert {"ok", "error", "dialect", "qn", "st", "cn", "mn", "flag", "cp", "factors"} <= line.keys()
        assert line["crc_computed"]


def test_damaged_bytes_are_a_line_that_says_why(product: Product, tmp_path: Path) -> None:
    good = (SAMPLES / "v09_air_realtime.bin").read_bytes()
    file = tmp_path / "frames.bin"
    file.write_bytes(b"noise" + good + good[:-6] + b"0000\r\n" + good)
    said = product.command("hj212", "decode", str(file), home=False)
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["ok"] for line in lines if line["ok"]] == [True, True]
    assert all(line["error"] for line in lines if not line["ok"])
