"""Why an officer stands where they stand in the list, in words that a dispatcher reads in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from routing.ranking import CUT_OFF, NO_ROAD_THERE, Ranked
from routing.snapping import too_far

VAGUE_M: Final = 100.0
"""A fix whose error is larger says so."""

_MINUTE_AND_HALF: Final = 90.0
_UNREACHABLE_ZH: Final[Mapping[str, str]] = {
    NO_ROAD_THERE: "所在位置没有道路通往现场",
    CUT_OFF: "单行道或封闭道路使其无法到达",
    too_far(): "人员周围 2 公里内没有道路",
    f"the destination: {too_far()}": "现场周围 2 公里内没有道路",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One remark about an officer; `code` is for programs."""

    code: str
    zh: str
    en: str


class Person(Protocol):
    """What the remarks need to know of an officer. Ages in seconds, errors in metres."""

    @property
    def is_busy(self) -> bool: ...
    @property
    def is_stale(self) -> bool: ...
    @property
    def is_expired(self) -> bool: ...
    @property
    def age_s(self) -> float: ...
    @property
    def accuracy_m(self) -> float | None: ...


def place_in_list(travel_time_s: float, first_s: float, *, is_first: bool) -> Reason:
    """Why exactly here: the first, or how much later than the first."""
    if is_first:
        return Reason("fastest", "可最先到达", "can be there first")
    later = travel_time_s - first_s
    if later < 1.0:
        return Reason("as_fast", "与第一名同时到达", "as fast as the first")
    return Reason("later", f"比第一名晚 {_minutes_zh(later)}", f"{_minutes_en(later)} after the first")


def remarks(person: Person, leg: Ranked[int], *, declined: bool) -> list[Reason]:
    """What a dispatcher should know of this officer before sending them."""
    reasons = []
    if declined:
        reasons.append(Reason("declined", "已拒绝或未应答本次派遣", "has declined this alert, or did not answer"))
    if person.is_busy:
        reasons.append(Reason("busy", "正在执行其他任务", "is on another assignment"))
    if person.is_expired:
        reasons.append(Reason("certificate_expired", "执法证已过期", "the enforcement certificate has expired"))
    if person.is_stale:
        minutes = int(person.age_s // 60)
        reasons.append(Reason("stale", f"位置已 {minutes} 分钟未更新", f"the position is {minutes} min old"))
    if leg.travel_time_s is None:
        zh, en = unreachable(leg)
        reasons.append(Reason("unreachable", f"道路无法到达（{zh}）", f"cannot get there by road: {en}"))
    elif leg.walk_s >= 1.0:
        zh, en = _minutes_zh(leg.walk_s), _minutes_en(leg.walk_s)
        reasons.append(Reason("walk", f"含道路外步行 {zh}", f"{en} of it on foot, away from the road"))
    if person.accuracy_m is not None and person.accuracy_m > VAGUE_M:
        metres = round(person.accuracy_m)
        reasons.append(Reason("vague", f"定位误差约 {metres} 米", f"position good to {metres} m only"))
    return reasons


def could_be_inside(radius_m: float, distance_m: float) -> Reason:
    """An old position outside the circle, so near that its officer may be inside by now."""
    seen, km = _kilometres(distance_m), _kilometres(radius_m)
    return Reason(
        "could_be_inside",
        f"现在可能已在 {km} 公里内（最后位置距 {seen} 公里）",
        f"could be within {km} km by now (last seen {seen} km away)",
    )


def may_have_left(radius_m: float) -> Reason:
    """An old position inside the circle, so near its edge that its officer may be outside by now."""
    km = _kilometres(radius_m)
    return Reason("may_have_left", f"现在可能已离开 {km} 公里范围", f"may have left the {km} km by now")


def unreachable(leg: Ranked[int]) -> tuple[str, str]:
    """Why no road leads there, in Chinese and in English."""
    why = leg.unreachable_reason or NO_ROAD_THERE
    return _UNREACHABLE_ZH.get(why, f"路网不可用：{why}"), why


def _kilometres(metres: float) -> str:
    return f"{metres / 1000:.1f}".removesuffix(".0")


def _minutes_zh(seconds: float) -> str:
    return f"{round(seconds / 60)} 分钟" if seconds >= _MINUTE_AND_HALF else f"{round(seconds)} 秒"


def _minutes_en(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds >= _MINUTE_AND_HALF else f"{round(seconds)} s"
