"""What the road generator refuses."""


class ScaleImpossible(ValueError):
    """The asked share of the network is not above 0 and at most 1, or its density not from 1 to 6."""
