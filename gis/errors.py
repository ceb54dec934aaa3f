"""What can be wrong with a place.

GisError
├── BadPosition      numbers that name no place on Earth
├── BadRadius        a search radius that is no length
└── OutsideRegions   a place that belongs to no region we know
"""


class GisError(ValueError):
    """Something about a place cannot be used; the message says what and what would be right."""


class BadPosition(GisError):
    """The coordinates are not finite or lie outside -180…180 and -90…90 degrees."""


class BadRadius(GisError):
    """The radius is not a finite length of zero metres or more."""


class OutsideRegions(GisError):
    """No county holds the place, and none is near enough to take it."""
