"""Pollutants and process values by code: HJ 212-2017 annex B, with the codes that HJ/T 212-2005 used before.

Units are those of the standard, except particulates in ambient air (a34001, a34002, a34004): the annex prints ng/m³,
every station sends µg/m³. A code that is not listed here is kept as sent; the list only gives it a name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Factor:
    """One code; `old` is its 2005 code, "" in a unit means that the value has none."""

    code: str
    zh: str
    en: str
    unit: str
    old: str | None = None


_LISTED = (
    Factor("w00000", "污水流量", "wastewater flow", "L/s", "B01"),
    Factor("w01001", "pH 值", "pH", "", "001"),
    Factor("w01002", "色度", "colour", "", "002"),
    Factor("w01003", "浑浊度", "turbidity", "NTU"),
    Factor("w01009", "溶解氧", "dissolved oxygen", "mg/L"),
    Factor("w01010", "水温", "water temperature", "°C"),
    Factor("w01012", "悬浮物", "suspended solids", "mg/L", "003"),
    Factor("w01014", "电导率", "conductivity", "μS/cm"),
    Factor("w01017", "五日生化需氧量", "BOD5", "mg/L", "010"),
    Factor("w01018", "化学需氧量", "COD(Cr)", "mg/L", "011"),
    Factor("w01019", "高锰酸盐指数", "permanganate index", "mg/L"),
    Factor("w01020", "总有机碳", "total organic carbon", "mg/L", "015"),
    Factor("w20111", "总汞", "mercury", "μg/L", "020"),
    Factor("w20115", "总镉", "cadmium", "μg/L", "022"),
    Factor("w20116", "总铬", "chromium", "mg/L", "023"),
    Factor("w20117", "六价铬", "chromium(VI)", "μg/L", "024"),
    Factor("w20119", "总砷", "arsenic", "mg/L", "026"),
    Factor("w20120", "总铅", "lead", "mg/L", "027"),
    Factor("w20121", "总镍", "nickel", "mg/L", "028"),
    Factor("w20122", "总铜", "copper", "mg/L", "029"),
    Factor("w20123", "总锌", "zinc", "mg/L", "030"),
    Factor("w21001", "总氮", "total nitrogen", "mg/L", "065"),
    Factor("w21003", "氨氮", "ammonia nitrogen", "mg/L", "060"),
    Factor("w21011", "总磷", "total phosphorus", "mg/L", "101"),
    Factor("w22001", "石油类", "petroleum oils", "mg/L", "080"),
    Factor("w23002", "挥发酚", "volatile phenols", "mg/L", "110"),
    Factor("a00000", "废气流量", "flue-gas flow", "m³/s", "B02"),
    Factor("a01001", "温度", "air temperature", "°C"),
    Factor("a01002", "湿度", "air humidity", "%"),
    Factor("a01006", "气压", "air pressure", "kPa"),
    Factor("a01007", "风速", "wind speed", "m/s"),
    Factor("a01008", "风向", "wind direction", "°"),
    Factor("a01010", "林格曼黑度", "Ringelmann blackness", ""),
    Factor("a01011", "烟气流速", "flue-gas velocity", "m/s", "S02"),
    Factor("a01012", "烟气温度", "flue-gas temperature", "°C", "S03"),
    Factor("a01013", "烟气压力", "flue-gas pressure", "kPa", "S08"),
    Factor("a01014", "烟气湿度", "flue-gas humidity", "%", "S05"),
    Factor("a05024", "臭氧", "ozone", "µg/m³"),
    Factor("a19001", "氧气含量", "oxygen content", "%", "S01"),
    Factor("a20057", "汞", "mercury", "mg/m³", "31"),
    Factor("a21001", "氨", "ammonia", "mg/m³", "10"),
    Factor("a21002", "氮氧化物", "nitrogen oxides", "mg/m³", "03"),
    Factor("a21003", "一氧化氮", "nitric oxide", "mg/m³"),
    Factor("a21004", "二氧化氮", "nitrogen dioxide", "mg/m³"),
    Factor("a21005", "一氧化碳", "carbon monoxide", "mg/m³", "04"),
    Factor("a21018", "氟化物", "fluorides", "mg/m³", "06"),
    Factor("a21024", "氯化氢", "hydrogen chloride", "mg/m³", "08"),
    Factor("a21026", "二氧化硫", "sulphur dioxide", "mg/m³", "02"),
    Factor("a21028", "硫化氢", "hydrogen sulphide", "mg/m³", "05"),
    Factor("a24087", "总烃", "total hydrocarbons", "mg/m³", "25"),
    Factor("a24088", "非甲烷总烃", "non-methane hydrocarbons", "mg/m³"),
    Factor("a25002", "苯", "benzene", "mg/m³"),
    Factor("a25003", "甲苯", "toluene", "mg/m³"),
    Factor("a25005", "二甲苯", "xylene", "mg/m³"),
    Factor("a34001", "总悬浮颗粒物", "TSP", "µg/m³"),
    Factor("a34002", "可吸入颗粒物", "PM10", "µg/m³"),
    Factor("a34004", "细颗粒物", "PM2.5", "µg/m³"),
    Factor("a34013", "烟尘", "soot and dust", "mg/m³", "01"),
)

FACTORS: dict[str, Factor] = {factor.code: factor for factor in _LISTED}

_CURRENT = {factor.old: factor.code for factor in _LISTED if factor.old is not None}


def current_code(code: str) -> str:
    """Return the 2017 code for one of 2005, and any other code as it is."""
    return _CURRENT.get(code, code)
