"""What can be imported: the fields of each kind, what they take, and what columns are usually called."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from data.importers.errors import BadValue
from data.importers.reading import LAT, LON
from data.tables import POINT_KINDS

Parse = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `names` are the column names under which it is usually found, `sql` its type in the database.

    `refers_to` names the table whose natural key the field holds; the row then gets that row's id in `column`.
    """

    name: str
    parse: Parse
    names: tuple[str, ...] = ()
    required: bool = False
    sql: str = "text"
    refers_to: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing; `key` is its natural key. `placed` things stand somewhere and have `lon` and `lat`."""

    name: str
    table: str
    key: str
    fields: tuple[Field, ...]
    placed: bool = True

    def field(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)


NATURAL_KEYS = {"enterprise": "uscc", "station": "code"}


def _text(value: str) -> str:
    return value


def _degrees(limit: float) -> Parse:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise BadValue("not a number of degrees") from None
        if not math.isfinite(number) or abs(number) > limit:
            hint = "; it looks like a longitude" if limit < abs(number) <= 180 else ""
            raise BadValue(f"degrees between -{limit:g} and {limit:g} are needed{hint}")
        return number

    return parse


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise BadValue("not a number") from None
    if not math.isfinite(number):
        raise BadValue("not a finite number")
    return number


def _credit_code(value: str) -> str:
    try:
        return str(uscc.validate(value.upper()))
    except ValidationError:
        raise BadValue("not a unified social credit code: 18 characters with a check digit (GB 32100)") from None


def _day(value: str) -> date:
    digits = re.sub(r"[年月./]", "-", value).replace("日", "")
    for shape in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(digits.split(" ")[0].split("T")[0], shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise BadValue("not a day such as 2026-12-31")


def _list(value: str) -> list[str]:
    parts = (part.strip() for part in re.split(r"[;；,，、|]", value))
    return list(dict.fromkeys(part for part in parts if part))


def _one_of(*allowed: str, **other_words: str) -> Parse:
    def parse(value: str) -> str:
        word = other_words.get(value, value.lower())
        if word not in allowed:
            raise BadValue(f"must be one of {', '.join(allowed)}")
        return word

    return parse


def _matching(pattern: str, meaning: str) -> Parse:
    shape = re.compile(pattern)

    def parse(value: str) -> str:
        if not shape.fullmatch(value):
            raise BadValue(meaning)
        return value

    return parse


_LEVEL = _one_of(
    "province", "city", "county", 省级="province", 市级="city", 县级="county", 省="province", 市="city", 县="county"
)
_POINT_KIND = _one_of(
    *POINT_KINDS, 废水排放口="outfall", 废水="outfall", 废气排放口="stack", 废气="stack", 空气站="ambient_air",
    环境空气="ambient_air", 地表水="surface_water", 水质断面="surface_water",
)  # fmt: skip

_NAME = Field(
    "name", _text, ("name", "名称", "企业名称", "单位名称", "站点名称", "点位名称", "PositionName"), required=True
)
_CODE = Field("code", _text, ("code", "编号", "编码", "站点编码", "点位编码", "StationCode"), required=True)
_LON = Field("lon", _degrees(180), ("lon", "lng", "longitude", "经度", "x", LON), required=True, sql="double precision")
_LAT = Field("lat", _degrees(90), ("lat", "latitude", "纬度", "y", LAT), required=True, sql="double precision")
_ORGANISATION = Field(
    "organisation", _text, ("organisation", "organization", "单位", "所属单位", "机构"), required=True
)
_ORGANISATION_LEVEL = Field("level", _LEVEL, ("level", "级别", "层级"), required=True)

_KINDS = (
    Kind(
        "enterprises",
        table="enterprise",
        key="uscc",
        fields=(
            Field("uscc", _credit_code, ("uscc", "统一社会信用代码", "社会信用代码", "信用代码"), required=True),
            _NAME,
            _LON,
            _LAT,
            Field(
                "industry",
                _matching(r"\d{2,4}", "a GB/T 4754 class of two to four digits is needed"),
                ("industry", "行业代码", "行业类别代码"),
                required=True,
            ),
            Field("address", _text, ("address", "地址", "详细地址", "生产地址")),
            Field("tags", _list, ("tags", "标签", "企业标签"), sql="text[]"),
            Field("risk", _one_of("low", "medium", "high", 低="low", 中="medium", 高="high"), ("risk", "风险等级")),
            Field(
                "credit",
                _one_of("green", "blue", "yellow", "black", 绿="green", 蓝="blue", 黄="yellow", 黑="black"),
                ("credit", "信用等级"),
            ),
            Field(
                "permit_number",
                _matching(r"[0-9A-Z]{22}", "a permit number of 22 characters is needed"),
                ("permit_number", "排污许可证编号", "许可证编号"),
            ),
            Field("permit_class", _text, ("permit_class", "管理类别", "排污许可管理类别")),
            Field("permit_valid_to", _day, ("permit_valid_to", "许可证有效期至", "有效期至"), sql="date"),
        ),
    ),
    Kind(
        "points",
        table="monitoring_point",
        key="code",
        fields=(
            _CODE,
            _NAME,
            _LON,
            _LAT,
            Field("kind", _POINT_KIND, ("kind", "点位类型", "监测点类型"), required=True),
            Field("standard", _text, ("standard", "执行标准", "标准")),
            Field("grade", _text, ("grade", "标准级别", "目标水质", "水质目标")),
            Field("reference_oxygen", _number, ("reference_oxygen", "基准氧含量"), sql="double precision"),
            Field(
                "enterprise_uscc",
                _credit_code,
                ("enterprise_uscc", "统一社会信用代码", "uscc"),
                refers_to="enterprise",
                column="enterprise_id",
            ),
        ),
    ),
    Kind(
        "stations",
        table="station",
        key="code",
        fields=(_CODE, _NAME, _LON, _LAT, _ORGANISATION, _ORGANISATION_LEVEL),
    ),
    Kind(
        "officers",
        table="officer",
        key="code",
        fields=(
            Field(
                "code", _matching(r".{1,32}", "at most 32 characters"), ("code", "执法证号", "证件编号"), required=True
            ),
            Field("name", _text, ("name", "姓名"), required=True),
            _ORGANISATION,
            _ORGANISATION_LEVEL,
            Field(
                "region",
                _matching(r"\d{6}", "a GB/T 2260 code of six digits is needed"),
                ("region", "adcode", "行政区划代码", "区划代码"),
                required=True,
            ),
            Field("phone", _text, ("phone", "电话", "手机", "联系电话")),
            Field("skills", _list, ("skills", "专长", "技能"), sql="text[]"),
            Field(
                "shift",
                _one_of("day", "night", "rotating", 白班="day", 夜班="night", 轮班="rotating"),
                ("shift", "班次"),
            ),
            Field(
                "station_code",
                _text,
                ("station_code", "station", "驻地编码"),
                refers_to="station",
                column="station_id",
            ),
            Field("certificate_valid_to", _day, ("certificate_valid_to", "证件有效期至", "有效期至"), sql="date"),
        ),
        placed=False,
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
