"""The demonstration world is plausible, on land, in the right county, and always the same."""

import re
from collections import Counter
from datetime import date

import pytest
import shapely
from stdnum.cn import uscc

from data.boundaries import load_shandong
from data.demo.enterprises import KUIWEN_PLANT
from data.demo.rows import DemoEnterprise, DemoPoint, DemoStation
from data.demo.users import demo_users, manned_codes, tracker_codes
from data.demo.world import World, WorldSize, make_world
from data.limits import limit_for, read_standards

TAGS = {
    "level": {"重点排污单位", "重点源企业", "一般源企业", "特殊监管对象"},
    "element": {"涉废水企业", "涉气企业", "涉VOCs企业", "涉危废企业", "涉重金属企业", "噪声源", "扬尘源"},
    "industry": {"化工", "火电", "钢铁", "造纸", "印染", "水泥", "污水处理厂", "垃圾焚烧", "畜禽养殖"},
    "permit": {"重点管理", "简化管理", "登记管理", "无证"},
    "monitoring": {"已联网自动监控", "视频监控", "用电监控", "未联网"},
    "risk": {"高风险", "中风险", "低风险", "绿标", "蓝标", "黄标", "黑标", "健康指数异常"},
    "record": {"近两年处罚", "限产停产", "查封扣押", "移送公安", "正面清单"},
    "place": {"水源保护区附近", "自然保护地附近", "居民区附近", "工业园区内", "信访热点"},
}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WorldSize.weifang())


def test_the_world_has_the_size_that_was_asked_for(world: World) -> None:
    assert len(world.enterprises) == 2_000
    assert len(world.points) == 200
    assert len(world.officers) >= 120
    assert [row.number for row in world.enterprises] == list(range(1, 2_001))


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    again = make_world(WorldSize.weifang())
    assert again.enterprises == world.enterprises
    assert again.points == world.points
    assert again.loggers == world.loggers
    assert again.officers == world.officers
    assert make_world(WorldSize.weifang(), seed=7).enterprises != world.enterprises


def test_everything_stands_in_the_county_that_it_names(world: World) -> None:
    counties = {area.adcode: area.geometry for area in load_shandong() if area.level == "county"}
    placed: list[DemoEnterprise | DemoPoint | DemoStation] = [*world.enterprises, *world.points, *world.stations]
    outside = [row for row in placed if not shapely.contains_xy(counties[row.region], row.lon, row.lat)]
    assert outside == []


def test_credit_codes_have_their_check_digits_and_are_unique(world: World) -> None:
    codes = [row.uscc for row in world.enterprises]
    assert len(set(codes)) == len(codes)
    assert all(uscc.is_valid(code) for code in codes)


def test_credit_codes_carry_the_county_and_a_series_that_nobody_is_given(world: World) -> None:
    assert all(row.uscc[2:8] == row.region and row.uscc[8:10] == "DM" for row in world.enterprises)


def test_every_company_says_that_it_is_made_up(world: World) -> None:
    assert all(row.name.endswith("（演示）") for row in world.enterprises)


def test_every_tag_belongs_to_one_of_the_eight_categories(world: World) -> None:
    known = set().union(*TAGS.values())
    used = {tag for row in world.enterprises for tag in row.tags}
    assert used <= known
    assert all(used & category for category in TAGS.values())
    for row in world.enterprises:
        assert len(set(row.tags)) == len(row.tags)
        assert len(set(row.tags) & TAGS["permit"]) == 1


def test_connected_enterprises_are_those_with_points(world: World) -> None:
    owners = {point.enterprise for point in world.points if point.enterprise}
    connected = {row.number for row in world.enterprises if "已联网自动监控" in row.tags}
    assert connected == owners
    assert all("未联网" not in world.enterprises[number - 1].tags for number in owners)


def test_most_enterprises_are_of_low_risk_and_good_credit(world: World) -> None:
    risk, credit = Counter(r.risk for r in world.enterprises), Counter(r.credit for r in world.enterprises)
    assert risk["low"] > 0.7 * 2_000
    assert 0 < risk["high"] < risk["medium"]
    assert credit["green"] > 0.85 * 2_000


def test_permit_numbers_are_the_credit_code_with_a_serial_and_a_letter(world: World) -> None:
    shape = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}\d{3}[A-Z]")
    for row in world.enterprises:
        assert (row.permit_number is None) == (row.permit_class is None) == (row.permit_valid_to is None)
        if row.permit_number:
            assert shape.fullmatch(row.permit_number)
            assert row.permit_number.startswith(row.uscc)


def test_every_point_has_one_logger_with_a_number_of_its_own(world: World) -> None:
    assert [row.point for row in world.loggers] == [row.number for row in world.points]
    assert len({row.mn for row in world.loggers}) == len(world.points)
    assert all(re.fullmatch(r"[0-9A-F]{24}", row.mn) for row in world.loggers)


def test_all_kinds_of_points_are_there_and_their_codes_are_unique(world: World) -> None:
    assert {row.kind for row in world.points} == {"outfall", "stack", "ambient_air", "surface_water"}
    assert len({row.code for row in world.points}) == len(world.points)


def test_every_point_has_a_limit_of_its_standard_or_its_permit(world: World) -> None:
    standards = {(limit.standard, limit.grade) for limit in read_standards()}
    with_permit = {limit.point for limit in world.permit_limits}
    for point in world.points:
        assert (point.standard, point.grade) in standards or point.number in with_permit


def test_the_plant_in_kuiwen_stands_at_its_crossing_with_fifty_for_cod(world: World) -> None:
    plant, outlet = world.enterprises[0], world.points[0]
    assert plant.name == KUIWEN_PLANT.name
    assert (outlet.lon, outlet.lat, outlet.region) == (119.16, 36.71, "370705")
    limit = limit_for(
        read_standards(), "w01018", "day", date(2026, 11, 23), standard=outlet.standard, grade=outlet.grade
    )
    assert limit is not None
    assert limit.high == 50


def test_every_organisation_has_a_station_and_officers(world: World) -> None:
    areas = {area.adcode for area in load_shandong() if area.adcode.startswith("3707")} | {"370000"}
    assert {row.code[:6] for row in world.stations} == areas
    assert {row.region for row in world.officers} == areas
    home = {row.number: row for row in world.stations}
    assert all(home[row.station].code[:6] == row.region for row in world.officers)


def test_officers_have_certificates_shifts_and_skills(world: World) -> None:
    assert len({row.code for row in world.officers}) == len(world.officers)
    assert {row.shift for row in world.officers} == {"day", "night", "rotating"}
    assert all(row.skills for row in world.officers)
    assert all(row.phone.startswith("100") for row in world.officers)


def test_demonstration_users_who_are_officers_exist_with_a_valid_certificate(world: World) -> None:
    officers = {row.code: row for row in world.officers}
    for code in manned_codes():
        assert officers[code].certificate_valid_to > date(2027, 1, 1)


def test_demonstration_users_see_their_own_area() -> None:
    users = {user.username: user for user in demo_users()}
    assert len(users) == 27
    assert (users["kuiwen"].role, users["kuiwen"].region) == ("duty", "370705")
    assert users["officer1"].officer_code == "370705-0001"
    assert all((user.role == "officer") == (user.officer_code is not None) for user in users.values())


def test_trackers_are_never_those_of_officers_with_a_person_behind() -> None:
    codes = [f"370705-{n:04d}" for n in range(1, 41)]
    found = tracker_codes(codes)
    assert found
    assert not set(found) & manned_codes()
