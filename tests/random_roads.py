"""Small random road networks, full of what makes roads hard: one-ways, loops, restricted turns, separate pieces."""

import numpy as np

from routing.measure import UNITS_PER_DEGREE
from routing.network import PreparedNetwork, RoadStore
from routing.osm import OsmRoads, TurnRestriction
from routing.preparing import prepare
from routing.restrictions import split_restricted
from routing.simplification import simplify


def random_roads(seed: int) -> OsmRoads:
    """A small tangle of streets: one-ways, loops, streets given twice, restricted turns, separate pieces."""
    random = np.random.default_rng(seed)
    count = int(random.integers(4, 14))
    x = (119.1 * UNITS_PER_DEGREE + random.integers(0, 60_000, count)).astype(np.int32)
    y = (36.7 * UNITS_PER_DEGREE + random.integers(0, 60_000, count)).astype(np.int32)
    ways = [random.integers(0, count, int(random.integers(2, 6))) for _ in range(int(random.integers(3, 12)))]
    points = np.concatenate(ways)
    restrictions = []
    for _ in range(int(random.integers(0, 8))):
        one, other = random.integers(0, len(ways), 2)
        via = ways[one][-1] if random.random() < 0.7 else ways[one][0]
        restrictions.append(TurnRestriction(int(one), int(via), int(other), bool(random.random() < 0.3)))
    return OsmRoads(
        way_id=np.arange(len(ways)),
        way_start=np.cumsum([0, *map(len, ways)]),
        way_class=np.zeros(len(ways), np.uint8),
        way_name=random.integers(0, 3, len(ways)).astype(np.int32),
        way_kph=np.where(random.random(len(ways)) < 0.5, random.integers(10, 100, len(ways)), np.nan),
        way_flags=np.zeros(len(ways), np.uint8),
        way_oneway=(random.random(len(ways)) < 0.4).astype(np.uint8),
        node=points.astype(np.int64),
        x=x[points],
        y=y[points],
        names=["", "甲路", "乙路"],
        classes=["residential"],
        restrictions=restrictions,
        notes={},
    )


def network_of(roads: OsmRoads, store: RoadStore) -> PreparedNetwork | None:
    graph, begins, ends = simplify(roads)
    if not len(graph.edge_tail):
        return None
    split_restricted(graph, begins, ends, roads.restrictions)
    store.install(*prepare(graph, source="random"))
    return store.current()
