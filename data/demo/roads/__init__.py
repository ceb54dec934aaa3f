"""The demonstration roads: an invented, drivable network for the real Shandong."""

from data.demo.roads.places import County, Town, shandong_counties, towns

__all__ = ["County", "Town", "shandong_counties", "towns"]
