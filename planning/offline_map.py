"""A scenario as one HTML file with a folium map in it: everything inlined, so that it opens with no network."""

import base64
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import shapely

from planning.colours import BEYOND, ORIGIN, colours
from planning.demands import County
from planning.drawing import features
from planning.shapes import CoverageResult, Uncovered

if TYPE_CHECKING:
    import folium

SHOWN = 3000
"""So many of those not covered are drawn, the gravest first; the legend says of how many."""


def offline_map(
    name: str,
    found: CoverageResult,
    counties: Sequence[County],
    areas: bytes,
    late: Sequence[Uncovered],
    late_in_all: int,
    *,
    demo: bool = False,
) -> str:
    """Draw areas, counties, origins and whom nobody reaches within the longest band. No tiles: nothing is fetched.

    `demo` says on it that the data are made up.
    """
    import folium  # brings pandas along: no start should wait for it

    drawn = json.loads(features(areas))
    chart = folium.Map(tiles=None, control_scale=True, attributionControl=False, prefer_canvas=True)
    chart.default_js, chart.default_css = [], []  # they name addresses on the internet; ours stand in the header
    shades = dict(zip(found.minutes, colours(len(found.minutes)), strict=True))
    for feature in drawn["features"]:
        minutes = feature["properties"]["minutes"]
        if not feature["geometry"]["coordinates"]:
            continue
        folium.GeoJson(
            feature, name=f"{minutes:g} 分钟内", style_function=_filled(shades[minutes]), smooth_factor=0.5
        ).add_to(chart)
    folium.GeoJson(
        _borders(counties),
        name="县区界线",
        style_function=lambda _: {"fillOpacity": 0, "color": "#444", "weight": 1},
        tooltip=folium.GeoJsonTooltip(["words"], labels=False),
    ).add_to(chart)
    _points(
        chart,
        f"{found.minutes[-1]:g} 分钟内到不了",
        [(one.lon, one.lat, f"{one.name}（{_late(one)}）") for one in late[:SHOWN]],
        radius=3,
        colour=BEYOND,
    )
    _points(
        chart,
        "出发点",
        [(one.lon, one.lat, one.name + ("（附近无道路）" if one.off_road else "")) for one in found.origins],
        radius=6,
        colour=ORIGIN,
    )
    folium.LayerControl(collapsed=False).add_to(chart)
    chart.fit_bounds(_bounds(counties))
    legend = _legend(name, found, shades, len(late), late_in_all, demo=demo)
    return _render(chart, name or f"{found.region_name}覆盖分析", legend)


def _borders(counties: Sequence[County]) -> dict[str, Any]:
    """Boundaries to some fifty metres, which is more than a generalised boundary knows."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": json.loads(shapely.to_geojson(shapely.simplify(county.boundary, 5e-4))),
                "properties": {"words": html.escape(county.name)},
            }
            for county in counties
        ],
    }


def _points(
    chart: "folium.Map", name: str, places: list[tuple[float, float, str]], *, radius: int, colour: str
) -> None:
    import folium

    if not places:
        return
    drawn = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {"words": html.escape(words)},  # a tooltip is HTML
            }
            for lon, lat, words in places
        ],
    }
    mark = folium.CircleMarker(radius=radius, color="#fff", weight=1, fill=True, fill_color=colour, fill_opacity=0.9)
    tooltip = folium.GeoJsonTooltip(["words"], labels=False)
    folium.GeoJson(drawn, name=name, marker=mark, tooltip=tooltip).add_to(chart)


def _filled(colour: str) -> Any:
    return lambda _: {"fillColor": colour, "fillOpacity": 1.0, "color": colour, "weight": 1}


def _late(one: Uncovered) -> str:
    match one.reason:
        case "no_road":
            return "附近无道路"
        case "no_way":
            return "无路可通"
    return f"{one.minutes:.0f} 分钟"


def _bounds(counties: Sequence[County]) -> list[list[float]]:
    """The region: origins that help from far away are found by moving the map."""
    west, south, east, north = shapely.total_bounds([county.boundary for county in counties]).tolist()
    return [[south, west], [north, east]]


def _legend(
    name: str, found: CoverageResult, shades: dict[float, str], late: int, late_in_all: int, *, demo: bool
) -> str:
    rows = "".join(
        f'<li><i style="background:{shades[band.minutes]}"></i>{band.minutes:g} 分钟内：'
        f"{'—' if band.share is None else f'{band.share:.1%}'}（{band.demands:,}）</li>"
        for band in found.total.reached
    )
    mark = '<p class="demo">演示数据，均为虚构</p>' if demo else ""
    shown = f"（图上 {min(late, SHOWN):,} 个）" if late_in_all > SHOWN else ""
    return (
        f'<div class="legend">{mark}<b>{html.escape(name or found.region_name)}</b><ul>{rows}'
        f'<li><i style="background:{BEYOND}"></i>未覆盖：{late_in_all:,}{shown}</li></ul>'
        f"<small>道路版本 {html.escape(found.roads_version)}<br>{found.computed_at:%Y-%m-%d} 计算</small></div>"
    )


_STYLE = """
.legend{position:absolute;z-index:1000;left:12px;bottom:64px;background:#fff;padding:10px 12px;border-radius:6px;
box-shadow:0 1px 6px #0004;font:13px/1.5 "Noto Sans SC","Microsoft YaHei",sans-serif;color:#222}
.legend ul{list-style:none;margin:4px 0;padding:0}.legend i{display:inline-block;width:12px;height:12px;
margin-right:6px;border-radius:2px;vertical-align:-1px}.legend small{color:#555}
.legend .demo{margin:0 0 6px;color:#9e2a2b;font-weight:700}
.leaflet-container{background:#eef2f5;font:12px "Noto Sans SC","Microsoft YaHei",sans-serif}
"""


def _render(chart: "folium.Map", title: str, legend: str) -> str:
    root: Any = chart.get_root()
    root.title = html.escape(title)
    root.header.add_child(_as_it_is(f"<style>{_leaflet_css()}{_STYLE}</style>"), name="leaflet_css")
    root.header.add_child(_as_it_is(f"<script>{_leaflet_js()}</script>"), name="leaflet_js")
    root.html.add_child(_as_it_is(legend), name="legend")
    page: str = root.render()
    return page


def _as_it_is(text: str) -> Any:
    """An element whose text is no template, whatever braces are in it."""
    from branca.element import Element

    made: Any = Element("{{ this.text }}")
    made.text = text
    return made


@cache
def _leaflet_js() -> str:
    """Leaflet without the address of its source map."""
    return re.sub(r"//# sourceMappingURL=.*", "", _asset("leaflet.js").decode())


@cache
def _leaflet_css() -> str:
    """Leaflet's styles with its pictures inside."""

    def inlined(found: re.Match[str]) -> str:
        return f"url(data:image/png;base64,{base64.b64encode(_asset(found[1])).decode()})"

    return re.sub(r"url\((images/[\w.-]+\.png)\)", inlined, _asset("leaflet.css").decode())


def _asset(name: str) -> bytes:
    return resources.files("js_lib_leaflet").joinpath("static", "js_lib_leaflet", *name.split("/")).read_bytes()
