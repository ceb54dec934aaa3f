"""The layers that OneMap ships. Roads get their tiles where the prepared network is known; see `with_tiles`."""

from layers.catalog import Choice, Filter, Layer, LayerCatalog, LegendEntry, Relation, Title
from layers.tiles import PostgisTiles

_RED, _ORANGE, _GREEN, _BLUE, _GREY, _VIOLET = "#d73027", "#fc8d59", "#1a9850", "#2b7bba", "#6b7280", "#7b3294"

_LEVELS = (
    Choice("province", Title("省级", "province")),
    Choice("city", Title("市级", "city")),
    Choice("county", Title("县级", "county")),
)
_RISKS = (
    Choice("high", Title("高风险", "high risk")),
    Choice("medium", Title("中风险", "medium risk")),
    Choice("low", Title("低风险", "low risk")),
)
_CREDITS = (
    Choice("green", Title("绿标", "green")),
    Choice("blue", Title("蓝标", "blue")),
    Choice("yellow", Title("黄标", "yellow")),
    Choice("black", Title("黑标", "black")),
)
_POINT_KINDS = (
    Choice("outfall", Title("废水排口", "outfall")),
    Choice("stack", Title("废气排口", "stack")),
    Choice("ambient_air", Title("环境空气站", "ambient air station")),
    Choice("surface_water", Title("地表水断面", "surface water section")),
)
_POINT_STATES = (
    Choice("normal", Title("正常", "normal")),
    Choice("over", Title("超标", "over its limit")),
    Choice("not_measuring", Title("未测量（停运、维护、故障等）", "not measuring")),
    Choice("silent", Title("离线", "silent")),
)
_ALERT_KINDS = (
    Choice("pollution_source", Title("污染源超标", "pollution source")),
    Choice("environment_quality", Title("环境质量异常", "environment quality")),
    Choice("enforcement_task", Title("执法任务", "enforcement task")),
    Choice("manual", Title("人工上报", "raised by hand")),
)
_ALERT_STATUSES = (
    Choice("raised", Title("待处置", "raised")),
    Choice("acknowledged", Title("已确认", "acknowledged")),
    Choice("closed", Title("已关闭", "closed")),
)
_ALERT_LEVELS = (
    Choice("1", Title("红色", "red")),
    Choice("2", Title("橙色", "orange")),
    Choice("3", Title("黄色", "yellow")),
    Choice("4", Title("蓝色", "blue")),
)
_STATUSES = (Choice("free", Title("空闲", "free")), Choice("busy", Title("出勤中", "busy")))


def _region(column: str) -> Filter:
    return Filter("region", Title("行政区", "region"), column, "area")


def _legend(of: str, choices: tuple[Choice, ...], *colours: str) -> tuple[LegendEntry, ...]:
    return tuple(
        LegendEntry(of, choice.value, choice.title, colour) for choice, colour in zip(choices, colours, strict=True)
    )


# The kept counts of the coarsest cells know it: some thousand rows instead of all.
_NEWEST_ENTERPRISE = """
    SELECT greatest((SELECT max(newest) FROM enterprise_cell
                     WHERE cell >= (x'083'::bigint << 52) AND cell < (x'084'::bigint << 52)),
                    (SELECT max(updated_at) FROM enterprise WHERE cell IS NULL))
"""

ENTERPRISES = Layer(
    "enterprises",
    Title("排污单位", "Enterprises"),
    "point",
    min_zoom=4,
    vector_layers=("enterprises", "enterprises_cells"),
    single_from=11,
    legend=_legend("risk", _RISKS, _RED, _ORANGE, _GREEN),
    filters=(
        _region("e.region"),
        Filter("tag", Title("标签", "tags"), "e.tags", "all"),
        Filter("risk", Title("风险等级", "risk"), "e.risk", choices=_RISKS),
        Filter("credit", Title("环保信用", "credit"), "e.credit", choices=_CREDITS),
        Filter("industry", Title("行业代码", "industry class (GB/T 4754)"), "e.industry", "prefix"),
    ),
    relation=Relation(
        "enterprise e",
        key="e.id",
        geometry="e.geom",
        region="e.region",
        properties={
            "name": "e.name",
            "uscc": "e.uscc",
            "industry": "e.industry",
            "risk": "e.risk",
            "credit": "e.credit",
            "tags": "e.tags",
            "region": "e.region",
            "demo": "e.demo",
        },
        as_of=_NEWEST_ENTERPRISE,
        groups={"risk": "e.risk", "credit": "e.credit", "industry": "left(e.industry, 2)", "tag": "e.tags"},
        many=frozenset({"tag"}),
    ),
    tiles=PostgisTiles("layer_enterprises"),
)

# Silence is nobody's commit: it is found when it is asked for (migration 0012, which tiles are made by).
_POINT_STATE = "CASE WHEN s.due > now() THEN s.state ELSE 'silent' END"

POINTS = Layer(
    "points",
    Title("监测点位", "Monitoring points"),
    "point",
    min_zoom=4,
    vector_layers=("points", "points_cells"),
    single_from=10,
    legend=_legend("state", _POINT_STATES, _GREEN, _RED, _VIOLET, _GREY),
    filters=(
        _region("p.region"),
        Filter("kind", Title("类型", "kind"), "p.kind", choices=_POINT_KINDS),
        Filter("state", Title("状态", "state"), _POINT_STATE, choices=_POINT_STATES),
    ),
    live=True,
    relation=Relation(
        "monitoring_point p LEFT JOIN point_state s ON s.point_id = p.id",
        key="p.id",
        geometry="p.geom",
        region="p.region",
        properties={
            "code": "p.code",
            "name": "p.name",
            "kind": "p.kind",
            "enterprise_id": "p.enterprise_id",
            "state": _POINT_STATE,
            "factor": "s.factor",
            "value": "s.value",
            "reading_at": "s.at",
            "region": "p.region",
            "demo": "p.demo",
        },
        as_of="SELECT max(at) FROM point_state",
        groups={"state": _POINT_STATE, "kind": "p.kind"},
    ),
    tiles=PostgisTiles("layer_points"),
)

STATIONS = Layer(
    "stations",
    Title("执法驻点", "Stations"),
    "point",
    min_zoom=4,
    vector_layers=("stations",),
    legend=(LegendEntry(None, None, Title("执法驻点", "station"), _BLUE),),
    filters=(_region("s.region"), Filter("level", Title("级别", "level"), "s.level", choices=_LEVELS)),
    relation=Relation(
        "station s",
        key="s.id",
        geometry="s.geom",
        region="s.region",
        properties={
            "code": "s.code",
            "name": "s.name",
            "organisation": "s.organisation",
            "level": "s.level",
            "region": "s.region",
            "demo": "s.demo",
        },
        as_of="SELECT max(updated_at) FROM station",
        groups={"level": "s.level"},
    ),
    tiles=PostgisTiles("layer_stations"),
)

# A person who may not see an assignment counts its officer as free: only those who dispatch need to know better.
_OFFICER_STATUS = (
    "CASE WHEN EXISTS (SELECT FROM assignment a WHERE a.officer_id = o.id"
    " AND a.state IN ('offered', 'accepted', 'departed', 'arrived')) THEN 'busy' ELSE 'free' END"
)

OFFICERS = Layer(
    "officers",
    Title("在岗执法人员", "Officers on duty"),
    "point",
    min_zoom=4,
    vector_layers=("officers",),
    legend=_legend("status", _STATUSES, _GREEN, _ORANGE),
    filters=(
        _region("o.region"),
        Filter("status", Title("状态", "status"), _OFFICER_STATUS, choices=_STATUSES),
        Filter("level", Title("级别", "level"), "o.level", choices=_LEVELS),
    ),
    live=True,
    relation=Relation(
        "officer_position p JOIN officer o ON o.id = p.officer_id AND o.on_duty",
        key="o.id",
        geometry="p.geom",
        region="o.region",
        properties={
            "name": "o.name",
            "organisation": "o.organisation",
            "level": "o.level",
            "status": _OFFICER_STATUS,
            "at": "p.at",
            "accuracy_m": "p.accuracy_m",
            "heading": "p.heading",
            "speed_mps": "p.speed_mps",
            "region": "o.region",
            "demo": "o.demo",
        },
        as_of="SELECT max(at) FROM officer_position",
        groups={"status": _OFFICER_STATUS, "level": "o.level"},
    ),
    tiles=PostgisTiles("layer_officers"),
)

ALERTS = Layer(
    "alerts",
    Title("预警", "Alerts"),
    "point",
    min_zoom=4,
    vector_layers=("alerts",),
    legend=_legend("level", _ALERT_LEVELS, _RED, "#f46d43", "#fdd835", "#4575b4"),
    filters=(
        _region("a.region"),
        Filter("status", Title("状态", "status"), "a.status", choices=_ALERT_STATUSES, default="raised,acknowledged"),
        Filter("kind", Title("类型", "kind"), "a.kind", choices=_ALERT_KINDS),
        Filter("level", Title("级别", "level"), "a.level::text", choices=_ALERT_LEVELS),
    ),
    live=True,
    relation=Relation(
        "alert a",
        key="a.id",
        geometry="a.geom",
        region="a.region",
        properties={
            "title": "a.title",
            "kind": "a.kind",
            "level": "a.level",
            "status": "a.status",
            "point_id": "a.point_id",
            "raised_at": "a.raised_at",
            "drill": "a.drill",
            "region": "a.region",
        },
        as_of="SELECT max(updated_at) FROM alert",
        groups={"status": "a.status", "kind": "a.kind", "level": "a.level::text"},
    ),
    tiles=PostgisTiles("layer_alerts"),
)

ROADS = Layer(
    "roads",
    Title("道路", "Roads"),
    "line",
    min_zoom=6,
    vector_layers=("roads",),
    legend=(LegendEntry(None, None, Title("道路", "road"), _GREY),),
)

_IN_FORCE = "reopened_at IS NULL AND since <= now() AND (until IS NULL OR until > now())"

CLOSURES = Layer(
    "closures",
    Title("道路封闭", "Closed roads"),
    "line",
    min_zoom=4,
    vector_layers=("closures",),
    legend=(LegendEntry(None, None, Title("封闭中", "closed now"), "#c81e26"),),
    filters=(_region("c.region"),),
    live=True,
    relation=Relation(
        f"(SELECT * FROM road_closure WHERE {_IN_FORCE}) c",  # noqa: S608 - put together from our own constants
        key="c.id",
        geometry="c.geom",
        region="c.region",
        properties={
            "reason": "c.reason",
            "closed_at": "c.closed_at",
            "since": "c.since",
            "until": "c.until",
            "drill": "c.drill",
            "region": "c.region",
        },
        # That one was reopened is news too.
        as_of="SELECT max(greatest(closed_at, began_at, reopened_at)) FROM road_closure",
    ),
    tiles=PostgisTiles("layer_closures"),
)

REGIONS = Layer(
    "regions",
    Title("行政区划", "Regions"),
    "polygon",
    min_zoom=0,
    vector_layers=("regions", "regions_label"),
    max_zoom=14,
    legend=(LegendEntry(None, None, Title("行政区界", "boundary"), _GREY),),
    filters=(_region("r.adcode"), Filter("level", Title("级别", "level"), "r.level", choices=_LEVELS)),
    relation=Relation(
        "region r",
        key="r.adcode::int",
        geometry="r.geom",
        region="r.adcode",
        properties={"adcode": "r.adcode", "name": "r.name", "level": "r.level", "parent": "r.parent"},
        as_of="SELECT max(updated_at) FROM region",
        groups={"level": "r.level"},
    ),
    tiles=PostgisTiles("layer_regions"),
)


def standard_layers() -> LayerCatalog:
    """Return the catalogue of the layers that OneMap ships."""
    return LayerCatalog((ENTERPRISES, POINTS, STATIONS, OFFICERS, ALERTS, ROADS, CLOSURES, REGIONS))
