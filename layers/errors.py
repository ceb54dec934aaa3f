"""What can be wrong with a layer."""


class LayerError(Exception):
    """Something about a layer is wrong."""


class UnknownLayer(LayerError):
    """No layer has this id; `GET /api/layers` lists those that exist."""


class LayerExists(LayerError):
    """A layer with this id is in the catalogue already."""


class NoTiles(LayerError):
    """The layer has no tiles here (roads before a network is prepared)."""
