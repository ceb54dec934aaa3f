"""What the fictional enterprises do, and how often: industry classes of GB/T 4754-2017 with what they emit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Industry:
    """One industry class.

    `trade` is the word in the company's name; `tag` the industry tag, if one of the catalogue fits. `emits` holds tags
    of pollution elements. `share` is its weight among all enterprises; `keys` the part that needs a full permit
    (重点管理), `simplified` the part with a simplified one (简化管理); of the rest most are registered only.
    """

    code: str
    trade: str
    tag: str | None
    emits: tuple[str, ...]
    share: float
    keys: float
    simplified: float


WATER, AIR, VOC, HAZARD, METAL, NOISE, DUST = (
    "涉废水企业",
    "涉气企业",
    "涉VOCs企业",
    "涉危废企业",
    "涉重金属企业",
    "噪声源",
    "扬尘源",
)
SEWAGE = "4620"
POWER = ("4411", "4412", "4417")

INDUSTRIES: tuple[Industry, ...] = (
    Industry(SEWAGE, "污水处理", "污水处理厂", (WATER,), 0.6, 0.9, 0.1),
    Industry("4411", "发电", "火电", (AIR, WATER, HAZARD), 0.1, 1.0, 0.0),
    Industry("4412", "热电", "火电", (AIR, WATER), 0.4, 0.9, 0.1),
    Industry("4417", "环保能源", "垃圾焚烧", (AIR, WATER, HAZARD), 0.15, 1.0, 0.0),
    Industry("3011", "水泥", "水泥", (AIR, DUST), 1.5, 0.6, 0.3),
    Industry("3110", "炼铁", "钢铁", (AIR, WATER, HAZARD), 0.3, 1.0, 0.0),
    Industry("3130", "钢材", "钢铁", (AIR, WATER), 2.5, 0.3, 0.4),
    Industry("2221", "纸业", "造纸", (WATER, AIR), 3.5, 0.5, 0.4),
    Industry("1713", "印染", "印染", (WATER, VOC), 3.0, 0.6, 0.3),
    Industry("2511", "石油化工", "化工", (AIR, WATER, VOC, HAZARD), 0.9, 0.9, 0.1),
    Industry("2614", "化学", "化工", (WATER, AIR, VOC, HAZARD), 5.0, 0.5, 0.3),
    Industry("2611", "化工", "化工", (WATER, AIR, HAZARD), 2.0, 0.5, 0.3),
    Industry("2631", "农药", "化工", (WATER, VOC, HAZARD), 0.8, 0.7, 0.2),
    Industry("2641", "涂料", "化工", (VOC, HAZARD), 3.0, 0.2, 0.5),
    Industry("2710", "药业", None, (WATER, VOC, HAZARD), 1.6, 0.5, 0.3),
    Industry("2911", "轮胎", None, (AIR, VOC), 1.5, 0.4, 0.4),
    Industry("2919", "橡胶", None, (VOC,), 4.0, 0.05, 0.4),
    Industry("2927", "塑料制品", None, (VOC,), 12.0, 0.01, 0.2),
    Industry("3360", "表面处理", None, (WATER, METAL, HAZARD), 2.5, 0.5, 0.3),
    Industry("3240", "有色金属", None, (AIR, METAL, HAZARD), 1.0, 0.5, 0.3),
    Industry("3391", "铸造", None, (AIR, NOISE), 6.0, 0.05, 0.5),
    Industry("3411", "锅炉", None, (AIR, NOISE), 2.5, 0.02, 0.2),
    Industry("3670", "汽车部件", None, (VOC, NOISE), 9.0, 0.03, 0.2),
    Industry("3489", "机械制造", None, (NOISE,), 26.0, 0.0, 0.08),
    Industry("3021", "建材", None, (DUST, NOISE), 12.0, 0.0, 0.2),
    Industry("3031", "砖瓦", None, (AIR, DUST), 3.0, 0.1, 0.7),
    Industry("3071", "陶瓷", None, (AIR, DUST), 1.5, 0.4, 0.4),
    Industry("3041", "玻璃", None, (AIR,), 0.6, 0.7, 0.2),
    Industry("1019", "石材", None, (DUST, NOISE), 3.0, 0.0, 0.1),
    Industry("2021", "木业", None, (VOC, DUST), 11.0, 0.0, 0.25),
    Industry("2110", "家具", None, (VOC,), 8.0, 0.01, 0.2),
    Industry("2319", "包装印刷", None, (VOC,), 6.0, 0.02, 0.25),
    Industry("1751", "纺织", None, (NOISE,), 7.0, 0.01, 0.1),
    Industry("1312", "面粉", None, (DUST,), 5.0, 0.0, 0.05),
    Industry("1352", "食品", None, (WATER,), 6.0, 0.15, 0.4),
    Industry("1371", "果蔬", None, (WATER,), 7.0, 0.02, 0.2),
    Industry("1361", "水产", None, (WATER,), 3.0, 0.03, 0.3),
    Industry("1391", "淀粉", None, (WATER, AIR), 1.2, 0.5, 0.3),
    Industry("1513", "酿酒", None, (WATER,), 1.2, 0.2, 0.4),
    Industry("0313", "牧业", "畜禽养殖", (WATER,), 14.0, 0.02, 0.1),
    Industry("0321", "养殖", "畜禽养殖", (WATER,), 10.0, 0.01, 0.1),
    Industry("7724", "环境治理", None, (HAZARD, WATER), 0.8, 0.8, 0.2),
    Industry("5265", "加油站", None, (VOC,), 5.0, 0.0, 0.15),
    Industry("8111", "汽车维修", None, (VOC, HAZARD), 14.0, 0.0, 0.1),
    Industry("6210", "餐饮管理", None, (WATER, AIR), 18.0, 0.0, 0.0),
    Industry("8411", "医疗管理", None, (WATER, HAZARD), 2.0, 0.2, 0.5),
)
