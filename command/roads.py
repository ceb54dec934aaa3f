"""Where the prepared roads of an installation lie."""

from pathlib import Path

from routing.network import RoadStore


def road_store(home: Path) -> RoadStore:
    """The store of the roads under an installation's home folder."""
    return RoadStore(home / "roads")
