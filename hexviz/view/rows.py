"""In which rows each cell of an interior stands, and the points of long edges in the rows between.

::

    row 0    a          a longest path gives the rows; then each cell sinks as
             │ ╲        long as that shortens more of its lines than it stretches:
    row 1    b  ·       what is only needed below stands just above its reader.
             │  │
    row 2    c  ┌─┐     An edge over several rows gets a point (·) in each row
             │  │d│     between. A tall cell (d) takes up several rows, with a
    row 3    e  │ │     part of it in each, so that small ones beside it do not
              ╲ └┬┘     stand as far apart as it is high.
    row 4       f
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from hexviz.view.metrics import GAP_X, GAP_Y
from hexviz.view.problem import Edge, Point

__all__ = ["Grid", "Segment", "in_rows"]

_LONGEST = 60  # an edge over more rows than this is drawn without points between
_WIDEST = 2600.0
_TALL = 100.0
"""Height in pixels above which a cell takes up several rows."""
_ROW = 66.0
"""Height of a row and the gap below it, as they are on average."""
_LANE = 8.0
"""Width in pixels that a line takes up in a row it passes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an edge from one row to a lower one, by offsets from the middles of its ends.

    ``edge`` is -1 for what holds the parts of a tall cell together.
    """

    upper: int
    lower: int
    leave: float
    enter: float
    edge: int


@dataclass(slots=True)
class Grid:
    """Cells, their further parts, and points of long edges, as vertices in rows from left to right.

    The first vertices are the cells. ``cell_of`` is the cell that a vertex is, or is
    a part of; -1 for a point of an edge. ``last`` is the last part of each cell.
    ``chains`` are the vertices of each edge from its source to its target, ``()``
    for one that has no line in the rows.
    """

    rows: list[list[int]]
    row_of: list[int]
    widths: list[float]
    cell_of: list[int]
    last: list[int]
    chains: list[tuple[int, ...]]
    segments: list[Segment]


def in_rows(
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    entries: int,
    exits: int,
    turned: Sequence[bool],
    *,
    spans: bool = True,
) -> Grid:
    """Put cells in rows. ``edges`` must have no cycle; ``turned`` ones get no points.

    Without ``spans``, also a tall cell stands in one row only.
    """
    count = len(sizes)
    widths = [width for width, _ in sizes]
    heights = [_rows_for(height) if spans else 1 for _, height in sizes]
    row_of = _rows(heights, edges, entries, exits)
    row_of, heights = _without_empty(row_of, heights)
    row_of = _split_wide(row_of, widths, entries + exits)
    cell_of = list(range(count))
    last = list(range(count))
    segments: list[Segment] = []
    for cell, height in enumerate(heights):
        for step in range(1, height):
            part = len(row_of)
            row_of.append(row_of[cell] + step)
            widths.append(widths[cell])
            cell_of.append(cell)
            segments.append(Segment(last[cell], part, 0.0, 0.0, -1))
            last[cell] = part
    chains: list[tuple[int, ...]] = []
    for at, edge in enumerate(edges):
        if turned[at] or not edge.weight:
            chains.append(())
            continue
        start = last[edge.source]
        chain = [start]
        span = row_of[edge.target] - row_of[start]
        if 1 < span <= _LONGEST:
            for step in range(1, span):
                chain.append(len(row_of))
                row_of.append(row_of[start] + step)
                widths.append(_LANE)
                cell_of.append(-1)
        chain.append(edge.target)
        chains.append(tuple(chain))
        for one, other in pairwise(chain):
            leave = edge.leave if one == start else 0.0
            enter = edge.enter if other == edge.target else 0.0
            segments.append(Segment(one, other, leave, enter, at))
    rows: list[list[int]] = [[] for _ in range(max(row_of, default=-1) + 1)]
    for vertex, row in enumerate(row_of):
        rows[row].append(vertex)
    return Grid(rows, row_of, widths, cell_of, last, chains, segments)


def _rows_for(height: float) -> int:
    """How many rows of ops are as high as a cell."""
    return 1 if height <= _TALL else round((height + GAP_Y) / _ROW)


def _rows(heights: Sequence[int], edges: Sequence[Edge], entries: int, exits: int) -> list[int]:
    count = len(heights)
    inner = count - entries - exits
    above: list[list[Edge]] = [[] for _ in range(count)]
    below: list[list[Edge]] = [[] for _ in range(count)]
    for edge in edges:
        below[edge.source].append(edge)
        above[edge.target].append(edge)
    waiting = [len(links) for links in above]
    row = [0] * inner + [-1] * entries + [0] * exits
    ready = [cell for cell in range(count) if not waiting[cell]]
    for cell in ready:
        for edge in below[cell]:
            row[edge.target] = max(row[edge.target], row[cell] + heights[cell])
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                ready.append(edge.target)
    for cell in reversed(ready):
        # Lines to what leaves the box are as long wherever the cell stands.
        near = [edge for edge in below[cell] if edge.target < inner]
        pull = sum(max(edge.weight, 1) for edge in near)
        hold = sum(max(edge.weight, 1) for edge in above[cell] if edge.source < inner)
        # A tall one had better stand beside what is above than below it.
        if cell < inner and near and (pull > hold or (pull == hold and heights[cell] == 1)):
            row[cell] = min(row[edge.target] for edge in below[cell]) - heights[cell]
    highest = min(row[:inner], default=0)
    lowest = max((at + height for at, height in zip(row[:inner], heights, strict=False)), default=0)
    first = 1 if entries else 0
    row = [at - highest + first for at in row]
    row[inner:] = [0] * entries + [lowest - highest + first] * exits
    return row


def _without_empty(row_of: Sequence[int], heights: Sequence[int]) -> tuple[list[int], list[int]]:
    """Leave out the rows in which no cell begins."""
    begun = sorted(set(row_of))
    row = [bisect_left(begun, at) for at in row_of]
    ends = [bisect_left(begun, at + height) for at, height in zip(row_of, heights, strict=True)]
    return row, [end - at for end, at in zip(ends, row, strict=True)]


def _split_wide(row_of: list[int], widths: Sequence[float], ends: int) -> list[int]:
    """Break a row that is wider than any page into several: its cells have no edges between."""
    width: dict[tuple[int, int], float] = {}
    part: list[int] = []
    current: dict[int, int] = {}
    for cell, row in enumerate(row_of):
        at = current.setdefault(row, 0)
        crowded = width.get((row, at), 0.0) + widths[cell] + GAP_X > _WIDEST
        if crowded and cell < len(row_of) - ends:
            at = current[row] = at + 1
        width[row, at] = width.get((row, at), 0.0) + widths[cell] + GAP_X
        part.append(at)
    parts = (current.get(row, 0) + 1 for row in range(max(row_of, default=0) + 1))
    starts = list(accumulate(parts, initial=0))
    return [starts[row] + at for row, at in zip(row_of, part, strict=True)]
