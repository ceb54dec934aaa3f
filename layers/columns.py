"""What the columns of a table of rows are called, and how their values are written for people."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal

from layers.catalog import Layer, Title

Language = Literal["zh", "en"]

CHINA_STANDARD_TIME: Final = timezone(timedelta(hours=8))

_TITLES: Final[Mapping[str, Title]] = {
    "id": Title("序号", "id"),
    "lon": Title("经度", "longitude"),
    "lat": Title("纬度", "latitude"),
    "name": Title("名称", "name"),
    "code": Title("编号", "code"),
    "uscc": Title("统一社会信用代码", "social credit code"),
    "industry": Title("行业代码", "industry class"),
    "risk": Title("风险等级", "risk"),
    "credit": Title("环保信用", "credit"),
    "tags": Title("标签", "tags"),
    "region": Title("行政区划代码", "region"),
    "demo": Title("演示数据", "demonstration data"),
    "drill": Title("演练", "drill"),
    "kind": Title("类型", "kind"),
    "enterprise_id": Title("所属单位", "enterprise"),
    "organisation": Title("机构", "organisation"),
    "level": Title("级别", "level"),
    "status": Title("状态", "status"),
    "state": Title("状态", "state"),
    "at": Title("时间", "time"),
    "accuracy_m": Title("精度（米）", "accuracy (m)"),
    "heading": Title("航向（度）", "heading (°)"),
    "speed_mps": Title("速度（米/秒）", "speed (m/s)"),
    "title": Title("标题", "title"),
    "point_id": Title("监测点位", "monitoring point"),
    "raised_at": Title("发生时间", "raised at"),
    "adcode": Title("行政区划代码", "code"),
    "parent": Title("上级", "parent"),
    "reading_at": Title("监测时间", "measured at"),
    "factor": Title("因子", "factor"),
    "value": Title("数值", "value"),
    "reason": Title("原因", "reason"),
    "closed_at": Title("封闭时间", "closed at"),
    "since": Title("开始", "since"),
    "until": Title("预计恢复", "until"),
}
_YES_NO: Final = {True: Title("是", "yes"), False: Title("否", "no")}


def column_title(name: str, language: Language) -> str:
    """What people call a column; its own name where nobody has given it another."""
    title = _TITLES.get(name)
    return name if title is None else getattr(title, language)


def choice_titles(layer: Layer, language: Language) -> dict[str, dict[Any, str]]:
    """What people call the values of those columns by which the layer can be narrowed."""
    return {
        entry.id: {choice.value: getattr(choice.title, language) for choice in entry.choices}
        for entry in layer.filters
        if entry.choices
    }


def for_people(value: Any, titles: Mapping[Any, str], language: Language) -> str:
    """A value as the cell of a table: times in China's, lists with semicolons, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(getattr(_YES_NO[value], language))
    if isinstance(value, list):
        return ";".join(for_people(one, titles, language) for one in value)
    return titles.get(str(value)) or as_text(value)


def as_text(value: Any) -> str:
    """A value as text that programs read: ISO times with +08:00, lists with semicolons."""
    if isinstance(value, datetime):
        return value.astimezone(CHINA_STANDARD_TIME).isoformat(timespec="seconds")
    if isinstance(value, list):
        return ";".join(map(str, value))
    return str(value)
