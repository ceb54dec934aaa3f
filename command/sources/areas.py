"""Counties, cities and provinces by their GB/T 2260 codes: which lies in which, and what that means for a loss."""

from collections.abc import Collection

from gis.parameters import area_prefix


def area_code(prefix: str) -> str:
    """`37` is the province 370000, `3707` the city 370700."""
    return prefix.ljust(6, "0")


def areas_of(region: str) -> list[str]:
    """The areas that a row's region lies in, from the province down: 370000, 370700, 370705."""
    prefix = area_prefix(region)
    return [area_code(prefix[:length]) for length in (2, 4, 6) if length <= len(prefix)]


def outermost(stopped: Collection[str]) -> set[str]:
    """Of these areas the ones that lie in no other of them: what stops a province is not said of each county."""
    return {area for area in stopped if not any(above in stopped for above in areas_of(area)[:-1])}
