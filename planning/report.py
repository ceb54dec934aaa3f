"""A scenario as a page to print (zh-CN): figures, map, method, and the date of the data."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planning.changes import Changes
from planning.colours import BEYOND, ORIGIN, colours
from planning.demands import County
from planning.picture import svg_map
from planning.shapes import CoverageResult, Scenario, Uncovered

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
LATE_DRAWN, LATE_LISTED = 4000, 50

_DEMANDS = {
    "enterprises": "排污单位",
    "high_risk": "高风险排污单位",
    "points": "监测点位",
    "alerts": "历史报警",
    "area": "辖区面积（平方公里）",
}
_NAMES = {
    "high": "高风险",
    "medium": "中风险",
    "low": "低风险",
    "outfall": "排水口",
    "stack": "排气筒",
    "ambient_air": "环境空气",
    "surface_water": "地表水",
    "pollution_source": "污染源报警",
    "environment_quality": "环境质量报警",
    "enforcement_task": "执法任务",
    "manual": "人工报警",
}
_REASONS = {"late": "超时", "no_road": "附近无道路", "no_way": "无路可通"}
_PAGES = Environment(loader=PackageLoader("planning", "."), autoescape=True, undefined=StrictUndefined)


def report(
    name: str,
    owner: str,
    scenario: Scenario,
    found: CoverageResult,
    counties: Sequence[County],
    areas: bytes,
    beyond: Sequence[Uncovered],
    beyond_total: int,
    worst: Sequence[Uncovered],
    worst_total: int,
    *,
    demo: bool = False,
) -> str:
    """Write the page. `beyond` is not reached within the longest band, `worst` not within the shortest.

    `demo` says on it that the data are made up.
    """
    return _PAGES.get_template("report.html.j2").render(
        title=name or f"{found.region_name}执法力量覆盖分析",
        owner=owner,
        demo=demo,
        found=found,
        demand=_DEMANDS[found.demand],
        origins=_origins(scenario),
        computed_at=_when(found.computed_at),
        data_as_of=found.data_as_of and _when(found.data_as_of),
        pairs=list(zip(found.total.reached, found.total.backup, strict=True)),
        picture=Markup(svg_map(counties, found, areas, beyond)),  # noqa: S704 - our own drawing, its texts escaped
        key=list(zip(found.minutes, colours(len(found.minutes)), strict=True)),
        beyond=BEYOND,
        origin=ORIGIN,
        late_shown=len(beyond),
        late_total=beyond_total,
        tables=[
            ("三、按市", found.by_city),
            ("四、按县区", found.by_county),
            ("五、按风险与标签", [*found.by_risk, *found.by_tag]),
        ],
        names=_NAMES,
        reasons=_REASONS,
        worst=worst,
        worst_total=worst_total,
        weights=_weights(scenario),
        part="（仅计图上绘定的范围）" if scenario.inside else "",
        hour="" if scenario.at is None else f"，按 {scenario.at} 时的车速",
        minutes=lambda value: f"{value:g}",
        share=lambda value: "—" if value is None else f"{value:.1%}",
        one=lambda value: "—" if value is None else f"{value:.1f}",
    )


def _origins(scenario: Scenario) -> str:
    if scenario.origins == "stations":
        who = "执法驻地"
    elif scenario.origins == "officers":
        who = {"day": "白班执法人员驻地", "night": "夜班执法人员驻地", None: "在岗执法人员"}[scenario.shift]
    else:
        who = "指定地点"
    return who + _changes(scenario.changes or Changes())


def _changes(changes: Changes) -> str:
    """What was moved, added and left out, by number."""
    counts = {"移动": len(changes.moved), "新增": len(changes.added), "撤去": len(changes.left_out)}
    said = "、".join(f"{what} {count} 处" for what, count in counts.items() if count)
    return f"（假设{said}）" if said else ""


def _weights(scenario: Scenario) -> str:
    if scenario.demand == "area":
        return "权重为面积。"
    if scenario.weights is None:
        return "每个对象权重为 1。"
    said = "、".join(f"{_NAMES[risk]} {value:g}" for risk, value in scenario.weights.items())
    return f"权重按风险：{said}，其余为 1。"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M}"
