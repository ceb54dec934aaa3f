"""From a road graph to the arrays of the prepared network: order, search structure, grid, hierarchy."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from gis.compiled import compiled
from routing.customising import Edges, customise
from routing.errors import RoadsFileError
from routing.graph import RoadGraph
from routing.hierarchy import build
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Bytes, Ints, Longs, hilbert_order
from routing.network import FROM_MAINLAND, METRIC_COLUMNS, TO_MAINLAND, Arrays, Grid
from routing.ordering import nested_order

CELL_M = 300.0
MOST_CELLS = 4_000_000


Progress = Callable[[str, int], None]


def prepare(
    graph: RoadGraph, *, source: str, progress: Progress = lambda _what, _done: None
) -> tuple[Arrays, dict[str, Any]]:
    """Return what `RoadStore.install` takes: the arrays, and what the manifest says about them."""
    if not len(graph.edge_tail):
        raise RoadsFileError(f"{source} holds no road between two places")
    order = hilbert_order(graph.node_x, graph.node_y)
    new_number = np.empty(len(order), np.int32)
    new_number[order] = np.arange(len(order), dtype=np.int32)
    tail, head = new_number[graph.edge_tail], new_number[graph.edge_head]

    by_tail = np.lexsort((graph.edge_backward, graph.edge_shape, head, tail))
    tail, head = tail[by_tail], head[by_tail]
    backward, copied = graph.edge_backward[by_tail], graph.edge_copied[by_tail]
    old_shape = graph.edge_shape[by_tail]

    # Stretches in the order in which edges first use them: what is searched together lies together.
    used, first_use = np.unique(old_shape, return_index=True)
    shapes = used[np.argsort(first_use)]
    new_shape = np.full(len(graph.shape_name), -1, np.int32)
    new_shape[shapes] = np.arange(len(shapes), dtype=np.int32)
    edge_shape = new_shape[old_shape]
    counts = np.diff(graph.shape_start)[shapes]
    shape_start = np.concatenate([[0], np.cumsum(counts)])
    points = np.repeat(graph.shape_start[shapes] - shape_start[:-1], counts) + np.arange(shape_start[-1])
    xy = np.stack([graph.shape_x[points], graph.shape_y[points]], axis=1)
    # A stretch of no length still takes a moment, so that every search ends and ties break.
    shape_ms = np.maximum(np.rint(graph.shape_seconds[shapes] * 1000), 1).astype(np.int32)

    nodes = len(order)
    indptr = np.searchsorted(tail, np.arange(nodes + 1)).astype(np.int64)
    arriving = np.lexsort((tail, head))
    r_indptr = np.searchsorted(head[arriving], np.arange(nodes + 1)).astype(np.int64)
    ms = shape_ms[edge_shape]

    shape_edge = np.full((len(shapes), 2), -1, np.int32)
    real = np.flatnonzero(~copied)
    shape_edge[edge_shape[real], backward[real].astype(np.int64)] = real
    copies = np.flatnonzero(copied)
    copy_of = shape_edge[edge_shape[copies], backward[copies].astype(np.int64)]
    copy_order = np.lexsort((copies, copy_of))
    origin = new_number[graph.node_origin[order]]
    twins = np.flatnonzero(origin != np.arange(nodes))
    twin_order = np.lexsort((twins, origin[twins]))

    _, component = connected_components(
        # A junction and its copies are one place, even if every road into it leads to a copy.
        coo_array(
            (
                np.ones(len(tail) + nodes, np.int8),
                (np.concatenate([tail, origin]), np.concatenate([head, np.arange(nodes)])),
            ),
            shape=(nodes, nodes),
        ),
        directed=True,
        connection="weak",
    )
    point_shape = np.repeat(np.arange(len(shapes), dtype=np.int32), counts)
    grid = grid_over(xy)
    grid_start, grid_point = fill_grid(xy, point_shape, grid)
    texts = [name.encode() for name in graph.names]
    node_xy = np.stack([graph.node_x[order], graph.node_y[order]], axis=1)
    cuts = nested_order(tail, head, node_xy[:, 0].copy(), node_xy[:, 1].copy(), progress)
    progress("joining roads to arcs of the hierarchy", nodes)
    hierarchy = build(cuts, tail, head)
    shape_m = graph.shape_length_m[shapes]
    metric = customise(hierarchy, Edges(indptr, tail, head, ms, edge_shape, shape_m))
    about = {
        "source": source,
        "classes": graph.classes,
        "grid": asdict(grid),
        "counts": {
            "junctions": int((origin == np.arange(nodes)).sum()),
            "edges": len(real),
            "nodes_with_copies": nodes,
            "edges_with_copies": len(tail),
            "stretches": len(shapes),
            "points": len(xy),
            "km": round(float(graph.shape_length_m[shapes].sum()) / 1000, 1),
            "islands": int(component.max()) + 1,
            "arcs": len(hierarchy.head),
        },
        "notes": graph.notes,
    }
    arrays = Arrays(
        node_id=graph.node_id[order],
        node_xy=node_xy,
        node_origin=origin,
        component=component.astype(np.int32),
        mainland=mainland(tail, head, nodes),
        indptr=indptr,
        tail=tail,
        head=head,
        ms=ms,
        edge_shape=edge_shape,
        edge_backward=backward.astype(np.uint8),
        edge_copied=copied.astype(np.uint8),
        r_indptr=r_indptr,
        r_tail=tail[arriving],
        r_ms=ms[arriving],
        r_edge=arriving.astype(np.int32),
        shape_start=shape_start.astype(np.int64),
        shape_xy=xy,
        point_shape=point_shape,
        shape_m=shape_m,
        shape_ms=shape_ms,
        shape_name=graph.shape_name[shapes],
        shape_class=graph.shape_class[shapes],
        shape_flags=graph.shape_flags[shapes],
        shape_way=graph.shape_way[shapes],
        shape_edge=shape_edge,
        copy_of_edge=copy_of[copy_order],
        copy_edge=copies[copy_order].astype(np.int32),
        copy_of_node=origin[twins][twin_order],
        copy_node=twins[twin_order].astype(np.int32),
        grid_start=grid_start,
        grid_point=grid_point,
        names_start=np.cumsum([0, *map(len, texts)], dtype=np.int64),
        names_text=np.frombuffer(b"".join(texts), np.uint8),
        rank=hierarchy.rank,
        ranked_node=hierarchy.node,
        parent=hierarchy.parent,
        arc_start=hierarchy.start,
        arc_head=hierarchy.head,
        arc_tail=hierarchy.tail,
        arcs_below_start=hierarchy.below_start,
        arcs_below=hierarchy.below,
        arcs_below_tail=hierarchy.below_tail,
        **{name: getattr(metric, name) for name in METRIC_COLUMNS},
    )
    return arrays, about


def mainland(tail: Ints, head: Ints, nodes: int) -> Bytes:
    """Return for every node whether it can reach the largest strongly connected part, and be reached from it."""
    roads = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(nodes, nodes)).tocsr()
    _, part = connected_components(roads, directed=True, connection="strong")
    somewhere = int(np.argmax(part == np.bincount(part).argmax()))
    bits = np.zeros(nodes, np.uint8)
    bits[breadth_first_order(roads, somewhere, return_predecessors=False)] |= FROM_MAINLAND
    bits[breadth_first_order(roads.T.tocsr(), somewhere, return_predecessors=False)] |= TO_MAINLAND
    return bits


def grid_over(xy: Ints) -> Grid:
    """Lay cells of `CELL_M` over the points; larger ones where stray ways make the box huge."""
    low, high = xy.min(axis=0).astype(np.int64), xy.max(axis=0).astype(np.int64)
    middle = np.radians((low[1] + high[1]) / 2 / UNITS_PER_DEGREE)
    cell_m = CELL_M
    while True:
        cell_y = int(cell_m / METRES_PER_DEGREE * UNITS_PER_DEGREE)
        cell_x = int(cell_y / max(np.cos(middle), 0.05))
        columns, rows = int((high[0] - low[0]) // cell_x) + 1, int((high[1] - low[1]) // cell_y) + 1
        if columns * rows <= MOST_CELLS:
            return Grid(int(low[0]), int(low[1]), cell_x, cell_y, columns, rows)
        cell_m *= 1.5


def fill_grid(xy: Ints, point_shape: Ints, grid: Grid) -> tuple[Longs, Ints]:
    """Return, cell by cell, the segments that touch the cell (each named by its first point)."""
    place = np.array([grid.x0, grid.y0, grid.cell_x, grid.cell_y, grid.columns, grid.rows], np.int64)
    counts = np.zeros(grid.columns * grid.rows + 1, np.int64)
    _visit_cells(xy, point_shape, place, counts, np.empty(0, np.int32), False)
    start = np.cumsum(counts)
    found = np.empty(int(start[-1]), np.int32)
    cursor = start[:-1].copy()
    _visit_cells(xy, point_shape, place, cursor, found, True)
    return start, found


@compiled
def _visit_cells(
    xy: Ints, point_shape: Ints, place: Longs, counts: Longs, found: npt.NDArray[np.int32], fill: bool
) -> None:
    """Count (`counts[cell + 1]`) or list (`found`, with `counts` as cursors) the cells that each segment touches."""
    x0, y0, cell_x, cell_y, columns, rows = place[0], place[1], place[2], place[3], place[4], place[5]
    for point in range(len(xy) - 1):
        if point_shape[point] != point_shape[point + 1]:
            continue
        ax, ay = float(xy[point, 0] - x0) / cell_x, float(xy[point, 1] - y0) / cell_y
        bx, by = float(xy[point + 1, 0] - x0) / cell_x, float(xy[point + 1, 1] - y0) / cell_y
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
        for row in range(int(ay), min(int(by), rows - 1) + 1):
            # The part of the segment inside this row of cells; a hair wider, so that rounding loses no cell.
            low_x, high_x = ax, bx
            if by > ay:
                low_x = ax + (bx - ax) * max((row - ay) / (by - ay), 0.0)
                high_x = ax + (bx - ax) * min((row + 1 - ay) / (by - ay), 1.0)
            if low_x > high_x:
                low_x, high_x = high_x, low_x
            for column in range(max(int(low_x - 1e-6), 0), min(int(high_x + 1e-6), columns - 1) + 1):
                cell = row * columns + column
                if fill:
                    found[counts[cell]] = point
                    counts[cell] += 1
                else:
                    counts[cell + 1] += 1
