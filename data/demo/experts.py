"""The demonstration's roster of experts: made-up people, by the fields in which a bureau asks for advice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoExpert:
    """`region` is where the expert serves, with all that lies in it."""

    name: str
    organisation: str
    field: str
    region: str


def demo_experts() -> list[DemoExpert]:
    """All of them, the province's first."""
    return [
        DemoExpert("王海川（演示）", "省生态环境监测中心", "水污染防治", "370000"),
        DemoExpert("李静（演示）", "省环境科学研究院", "大气污染防治", "370000"),
        DemoExpert("赵明远（演示）", "省固体废物中心", "危险废物", "370000"),
        DemoExpert("孙婷（演示）", "省核与辐射安全中心", "辐射安全", "370000"),
        DemoExpert("周建国（演示）", "潍坊市化工应急专家组", "化工应急", "370700"),
        DemoExpert("吴敏（演示）", "潍坊市生态环境监测中心", "在线监测", "370700"),
        DemoExpert("郑立（演示）", "潍坊市排水集团", "污水处理", "370700"),
    ]
