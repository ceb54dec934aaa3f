"""Kilometres on a flat Shandong: good to 3 % at the northern and southern ends, enough for invented roads."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (n, 2)

ORIGIN_LON, ORIGIN_LAT = 119.13, 36.71  # the centre of Weifang
KM_PER_DEGREE_LAT = 110.98
KM_PER_DEGREE_LON = 89.36  # at 36.6° N


def to_plane(degrees: Points) -> Points:
    """WGS84 degrees (longitude, latitude) to kilometres east and north of the centre of Weifang."""
    return (np.asarray(degrees, dtype=np.float64) - (ORIGIN_LON, ORIGIN_LAT)) * (KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT)


def to_degrees(plane: Points) -> Points:
    """The inverse of `to_plane`."""
    return np.asarray(plane, dtype=np.float64) / (KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT) + (ORIGIN_LON, ORIGIN_LAT)
