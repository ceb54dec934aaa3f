"""Roads while they are being laid out: columns of edges between numbered points."""

from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import NDArray

from data.demo.roads.plane import Points

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

NO_NAME = -1
NO_CHAIN = -1


class Rank(IntEnum):
    """The class of a road; a larger rank is a bigger road. Its OSM `highway` value is the name in lower case."""

    RESIDENTIAL = 0
    UNCLASSIFIED = 1
    TERTIARY = 2
    SECONDARY = 3
    PRIMARY = 4
    TRUNK = 5
    MOTORWAY_LINK = 6
    MOTORWAY = 7


@dataclass(slots=True)
class Edges:
    """Edges by column. Edges of one chain, in the order of `place`, become one way where their tags agree."""

    start: Ints
    end: Ints
    rank: Ints
    name: Ints  # number in the NameBook, or NO_NAME
    chain: Ints
    place: Ints
    grid: Flags  # a street of a town's grid
    oneway: Flags  # from start to end only
    bridge: Flags
    roundabout: Flags

    @classmethod
    def between(cls, start: Ints, end: Ints, rank: int | Ints, **columns: Ints | Flags | int | bool) -> Self:
        """New edges; columns not given are empty: no name, no chain, two-way, on the ground."""
        size = len(start)

        def column(name: str, empty: int | bool, kind: type) -> NDArray[Any]:
            return np.array(np.broadcast_to(columns.get(name, empty), size), dtype=kind)

        return cls(
            start=np.asarray(start, dtype=np.int64),
            end=np.asarray(end, dtype=np.int64),
            rank=np.array(np.broadcast_to(rank, size), dtype=np.int64),
            name=column("name", NO_NAME, np.int64),
            chain=column("chain", NO_CHAIN, np.int64),
            place=column("place", 0, np.int64),
            grid=column("grid", False, np.bool_),
            oneway=column("oneway", False, np.bool_),
            bridge=column("bridge", False, np.bool_),
            roundabout=column("roundabout", False, np.bool_),
        )

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: Flags | Ints) -> Self:
        """The chosen rows, by mask or by number."""
        return type(self)(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def plus(self, *others: Self) -> Self:
        """These rows, then the rows of `others`."""
        tables = (self, *others)
        return type(self)(*(np.concatenate([getattr(t, column.name) for t in tables]) for column in fields(self)))

    def lines(self, points: Points) -> Lines:
        """One straight LineString per edge."""
        return np.asarray(
            shapely.linestrings(np.stack([points[self.start], points[self.end]], axis=1)), dtype=np.object_
        )

    def length_km(self, points: Points) -> Floats:
        """Straight length of every edge."""
        across = points[self.end] - points[self.start]
        return np.asarray(np.hypot(across[:, 0], across[:, 1]), dtype=np.float64)

    def degree(self, size: int) -> Ints:
        """How many edges meet at each of `size` points."""
        return np.bincount(self.start, minlength=size) + np.bincount(self.end, minlength=size)

    def turn_round(self, which: Flags) -> None:
        """Let the edges `which` run the other way, together with their place in the chain."""
        self.start[which], self.end[which] = self.end[which].copy(), self.start[which].copy()
        self.place[which] = -self.place[which]


@dataclass(slots=True)
class NameBook:
    """Street names by number, so that edges can carry them in a column."""

    names: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """The number of `name`, given out on first use."""
        if (known := self._numbers.get(name)) is not None:
            return known
        self.names.append(name)
        self._numbers[name] = len(self.names) - 1
        return len(self.names) - 1


def without_unused_points(points: Points, edges: Edges) -> Points:
    """Drop points that no edge uses and renumber the edges in place."""
    used = np.zeros(len(points), dtype=np.bool_)
    used[edges.start] = used[edges.end] = True
    number = np.cumsum(used) - 1
    edges.start, edges.end = number[edges.start], number[edges.end]
    return points[used]
