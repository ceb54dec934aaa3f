"""Which county a place belongs to, for rows that are made while we run."""

from dataclasses import dataclass

from gis.errors import OutsideRegions
from gis.regions import RegionIndex


@dataclass(frozen=True, slots=True)
class Places:
    """The regions, as loaded at start."""

    regions: RegionIndex

    def county(self, lon: float, lat: float) -> str:
        """The county's adcode; a place just off the coast belongs to the nearest county.

        Raises `OutsideRegions` for a place that no county holds.
        """
        return self.regions.locate(lon, lat).adcode

    def county_or(self, lon: float, lat: float, *, area: str) -> str:
        """The county, or the area of whoever asks (a trial on roads outside the province): `3707` gives 370700."""
        try:
            return self.county(lon, lat)
        except OutsideRegions:
            return area.ljust(6, "0")
