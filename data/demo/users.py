"""Who can sign in to the demonstration, and which devices may report positions there.

These secrets are public. `serve` refuses to start while rows marked as demonstration users exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass

DEMO_PASSWORD = "onemap-demo"  # noqa: S105 - public on purpose
GATEWAY_TOKEN = "onemap-demo-gateway"  # noqa: S105 - public on purpose
LOGGER_PASSWORD = "123456"  # noqa: S105 - the protocol's own default

_KUIWEN_OFFICERS, _WEIFANG_OFFICERS = 15, 5
_TRACKER_CITY, _TRACKER_OFFICERS = "3707", range(21, 25)  # those of its counties who carry a tracker of their own


@dataclass(frozen=True, slots=True)
class DemoUser:
    """`region` is a GB/T 2260 prefix; `officer_code` is set for the role officer only."""

    username: str
    display_name: str
    role: str
    region: str
    officer_code: str | None = None


def demo_users(officer_codes: Iterable[str] = ()) -> list[DemoUser]:
    """Return the demonstration users: desks first, then officer1 … officer20, then the other officers.

    `officer_codes` are the certificate numbers of all demonstration officers: each is a user name too, with which the
    simulators answer a call. Without them only the users that the guide names are returned.
    """
    named = [*_desks(), *_named_officers()]
    taken = {user.officer_code for user in named}
    others = [
        DemoUser(code, f"执法员 {code}（演示）", "officer", _prefix(code[:6]), code)
        for code in officer_codes
        if code not in taken
    ]
    return named + others


def _desks() -> list[DemoUser]:
    return [
        DemoUser("province", "省值班员（演示）", "duty", "37"),
        DemoUser("weifang", "潍坊值班员（演示）", "duty", "3707"),
        DemoUser("kuiwen", "奎文值班员（演示）", "duty", "370705"),
        DemoUser("dispatcher", "潍坊调度员（演示）", "dispatcher", "3707"),
        DemoUser("planner", "规划员（演示）", "planner", "37"),
        DemoUser("expert", "专家（演示）", "expert", "37"),
        DemoUser("admin", "管理员（演示）", "admin", "37"),
    ]


def _named_officers() -> list[DemoUser]:
    codes = [f"370705-{n:04d}" for n in range(1, _KUIWEN_OFFICERS + 1)]
    codes += [f"370700-{n:04d}" for n in range(1, _WEIFANG_OFFICERS + 1)]
    return [
        DemoUser(f"officer{number}", f"执法员{number}（演示）", "officer", _prefix(code[:6]), code)
        for number, code in enumerate(codes, start=1)
    ]


def _prefix(adcode: str) -> str:
    """The area of an organisation: 370000 → 37, 370700 → 3707, 370705 stays."""
    return adcode.removesuffix("00").removesuffix("00")


def manned_codes() -> frozenset[str]:
    """Certificate numbers of the officers behind whom a person may sit: the simulators leave them alone."""
    return frozenset(user.officer_code for user in demo_users() if user.officer_code)


def tracker_codes(codes: Iterable[str]) -> list[str]:
    """Of these certificate numbers, return those whose officers carry a tracker of their own: a few dozen."""
    return [
        code
        for code in codes
        if code.startswith(_TRACKER_CITY) and int(code[-4:]) in _TRACKER_OFFICERS and code not in manned_codes()
    ]


def tracker_token(officer_code: str) -> str:
    """The token of an officer's own tracker."""
    return f"onemap-demo-{officer_code}"
