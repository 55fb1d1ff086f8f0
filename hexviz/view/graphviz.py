"""Small interiors by Graphviz's ``dot``: fewest crossings, but its time grows steeply."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from itertools import pairwise

import pygraphviz

from hexviz.view.metrics import GAP_X, GAP_Y
from hexviz.view.problem import Edge, Point

__all__ = ["dot"]

_LOCK = threading.Lock()  # Graphviz keeps its state per process and bears one caller at a time

_INCH = 72.0  # dot takes sizes in inches and answers in points; one point is one pixel here


def dot(
    sizes: Sequence[Point], edges: Sequence[Edge], entries: int, exits: int
) -> tuple[list[Point], list[list[Point]]]:
    """Centres of cells and bends of edges, y pointing down. Edges must have no cycle."""
    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(nodesep=f"{GAP_X / _INCH:.3f}", ranksep=f"{GAP_Y / _INCH:.3f}")
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    leaving, entering = _offsets(edges)
    first_entry = len(sizes) - entries - exits
    for cell, (width, height) in enumerate(sizes):
        if leaving.get(cell) or entering.get(cell):
            label = _table(width, height, entering.get(cell, []), leaving.get(cell, []))
            graph.add_node(cell, shape="plain", fixedsize="false", label=label)
        else:
            graph.add_node(
                cell,
                width=f"{max(width, 0.5) / _INCH:.4f}",
                height=f"{max(height, 0.5) / _INCH:.4f}",
            )
    if entries:
        graph.add_subgraph(range(first_entry, first_entry + entries), rank="source")
    if exits:
        graph.add_subgraph(range(first_entry + entries, len(sizes)), rank="sink")
    for at, edge in enumerate(edges):
        graph.add_edge(
            edge.source,
            edge.target,
            key=str(at),
            weight=str(edge.weight),
            tailport=_port("o", leaving.get(edge.source), edge.leave, "s"),
            headport=_port("i", entering.get(edge.target), edge.enter, "n"),
        )
    with _LOCK:
        graph.layout(prog="dot")
    centres: list[Point] = []
    for cell in range(len(sizes)):
        x, y = graph.get_node(cell).attr["pos"].split(",")
        centres.append((float(x), -float(y)))
    bends = [
        _bends(graph.get_edge(edge.source, edge.target, key=str(at)).attr["pos"])
        for at, edge in enumerate(edges)
    ]
    return centres, bends


def _offsets(edges: Sequence[Edge]) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Where edges leave and enter the cells that have more than a plain middle."""
    leaving: dict[int, set[float]] = {}
    entering: dict[int, set[float]] = {}
    for edge in edges:
        if edge.leave:
            leaving.setdefault(edge.source, set()).add(edge.leave)
        if edge.enter:
            entering.setdefault(edge.target, set()).add(edge.enter)
    return (
        {cell: sorted(offsets) for cell, offsets in leaving.items()},
        {cell: sorted(offsets) for cell, offsets in entering.items()},
    )


def _port(side: str, offsets: list[float] | None, offset: float, compass: str) -> str:
    return f"{side}{offsets.index(offset)}:{compass}" if offsets and offset else compass


_NEXT_ROW = 1.6 * GAP_Y

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def _table(width: float, height: float, entering: list[float], leaving: list[float]) -> str:
    """A cell as an HTML-like label, with one pixel-sized port at each offset."""
    body = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height - 2:.0f}"></TD></TR>'
    return f"<{_TABLE}{_row('i', width, entering)}{body}{_row('o', width, leaving)}</TABLE>>"


def _row(side: str, width: float, offsets: list[float]) -> str:
    cells: list[str] = []
    reached = 0
    for at, offset in enumerate(offsets):
        left = min(max(reached, round(width / 2 + offset) - 1), round(width) - 2)
        if left > reached:
            cells.append(_cell(left - reached))
        cells.append(_cell(2, f' PORT="{side}{at}"'))
        reached = left + 2
    if reached < round(width):
        cells.append(_cell(round(width) - reached))
    return f"<TR><TD>{_TABLE}<TR>{''.join(cells)}</TR></TABLE></TD></TR>"


def _cell(width: int, port: str = "") -> str:
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="1"{port}></TD>'


_STEP = 50.0  # px between control points: a box is never cut by a corner


def _bends(spline: str) -> list[Point]:
    """A cubic spline ``e,x,y p0 c1 c2 p3 c4 c5 p6`` as the control points of a quadratic one.

    They lie on the curve itself: a quadratic B-spline stays close to control
    points that are close to each other, so it passes the boxes that dot led the
    curve around.
    """
    points = [
        (float(x), -float(y))
        for x, y in (pair.split(",") for pair in spline.split() if pair[0] not in "es")
    ]
    (from_x, from_y), (to_x, to_y) = points[0], points[-1]
    if to_y - from_y <= _NEXT_ROW:
        middle = (from_y + to_y) / 2
        return [(from_x, middle), (to_x, middle)]
    if all(abs(x - from_x) < 1.0 for x, _ in points):
        return []
    inner: list[Point] = []
    for at in range(0, len(points) - 3, 3):
        piece = points[at : at + 4]
        count = max(4, round(sum(math.dist(*pair) for pair in pairwise(piece)) / _STEP))
        inner += [_on_cubic(piece, (step + 0.5) / count) for step in range(count)]
    # dot swings out past the ends where the ways are short; a line should only go down.
    return [(x, min(max(y, from_y + 4), to_y - 10)) for x, y in inner]


def _on_cubic(piece: Sequence[Point], share: float) -> Point:
    """The point of a cubic Bézier at a share of its way."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    return (
        sum(weight * x for weight, (x, _) in zip(weights, piece, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, piece, strict=True)),
    )
