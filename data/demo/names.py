"""Coined names. Nobody and nothing is meant: every company's name ends in （演示）."""

import re

import numpy as np

_BRAND_FIRST = "云澄沐瀚恒启昱霁朗博嘉瑞盛禾景岱沂泽泓源汇融信诚宏达鑫隆顺祥永丰翔腾辉耀卓越"
_BRAND_SECOND = "川岭澜野泉岳洲原峰林溪桥湖石舟帆禾光辰星宇航力拓创联益康宁安泰和元亨利贞德"
_SURNAMES = "王李张刘陈杨赵孙周吴徐马朱胡林郭何高罗郑梁谢宋唐韩曹许邓冯于董萧程袁吕魏蒋田杜丁姜范江傅钟崔石孟尹段侯"
_GIVEN_FIRST = "建国志晓海文明春秋玉振永立新宏伟成德家子天泽佳思雨欣若书婉"
_GIVEN_SECOND = "华强军平东涛波峰磊鹏杰超斌辉龙飞霞敏静丽娟燕玲芳慧颖洁婷宁琳"
_RIVERS = ("青杨河", "白石河", "柳溪", "石桥沟", "金水河", "丹水", "芦荻河", "南崖河", "双泉河", "梨园沟")
_LAKES = ("龙湾水库", "云峰水库")
_PARKS = ("经济开发区", "高新产业园", "化工产业园", "循环经济园", "装备制造园", "临港产业园")

_UNIT = re.compile(r"(?<=..)(自治县|特区|[市区县])$")


def short_name(area: str) -> str:
    """潍坊市 → 潍坊, 奎文区 → 奎文; a name of two characters stays whole."""
    return _UNIT.sub("", area)


def brands(count: int, random: np.random.Generator) -> list[str]:
    """Return two-character trade names."""
    return _pairs(_BRAND_FIRST, _BRAND_SECOND, count, random)


def people(count: int, random: np.random.Generator) -> list[str]:
    """Return personal names of two or three characters."""
    given = _pairs(_GIVEN_FIRST, _GIVEN_SECOND, count, random)
    surnames = random.integers(len(_SURNAMES), size=count).tolist()
    short = (random.random(count) < 0.2).tolist()
    return [
        _SURNAMES[who] + (name[1] if is_short else name)
        for who, name, is_short in zip(surnames, given, short, strict=True)
    ]


def company(place: str, brand: str, trade: str) -> str:
    return f"{place}{brand}{trade}有限公司（演示）"


def river(number: int) -> str:
    return _RIVERS[number % len(_RIVERS)]


def lake(number: int) -> str:
    return _LAKES[number % len(_LAKES)]


def park(number: int) -> str:
    return _PARKS[number % len(_PARKS)]


def _pairs(first: str, second: str, count: int, random: np.random.Generator) -> list[str]:
    left, right = random.integers(len(first), size=count).tolist(), random.integers(len(second), size=count).tolist()
    return [first[a] + second[b] for a, b in zip(left, right, strict=True)]
