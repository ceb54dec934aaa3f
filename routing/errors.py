"""What can be wrong with roads.

RoadsError
├── RoadsFileError        a file or place that roads cannot be made from
├── NetworkUnusable       a prepared network that must not be used
│   └── NoRoads           there is none yet
├── OutsideRoads          a point too far from any road
├── NoRoute               two points without a road between them
├── UnusableClosure       a geometry that closes nothing, or cannot be read
├── UnusableSpeeds        factors that no road could be driven at
└── SpeedsChanged         factors that somebody else changed meanwhile
"""


class RoadsError(Exception):
    """Base of everything this room raises; the message is one sentence for the person in front of the screen."""


class RoadsFileError(RoadsError):
    """No roads can be made from this file or place; nothing was installed."""


class NetworkUnusable(RoadsError):
    """The prepared network on disk is damaged, half written or of another format; import the roads again."""


class NoRoads(NetworkUnusable):
    """No roads have been imported yet."""


class OutsideRoads(RoadsError):
    """The point is farther from any road than the limit."""


class NoRoute(RoadsError):
    """No road leads from one point to the other."""


class UnusableClosure(RoadsError):
    """The geometry cannot be read, or no road lies under it."""


class UnusableSpeeds(RoadsError):
    """Speed factors out of range, or for an hour that no day has."""


class SpeedsChanged(RoadsError):
    """Somebody else changed the speed factors since they were read."""
