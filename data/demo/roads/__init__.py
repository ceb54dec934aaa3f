"""The demonstration roads: an invented, drivable network for the real Shandong."""

from data.demo.roads.errors import ScaleImpossible
from data.demo.roads.generate import Bridge, NamedPlace, RoadsSummary, write_demo_roads
from data.demo.roads.places import County, Town, shandong_counties, towns
from data.demo.roads.rivers import River, rivers

__all__ = [
    "Bridge",
    "County",
    "NamedPlace",
    "River",
    "RoadsSummary",
    "ScaleImpossible",
    "Town",
    "rivers",
    "shandong_counties",
    "towns",
    "write_demo_roads",
]
