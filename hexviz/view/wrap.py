"""Tall drawings wrap into columns, like text.

::

    a            a   ╭─ d
    b            b   │  e
    c      ⇒     c ──╯  f
    d
    e
    f

Cuts go where no cell stands and fewest edges cross. An edge from one column
to another leaves below its source for the gutter beside the column, and from
the gutter before the other enters above its target; between gutters that are
not the same it runs below all columns. (A very long straight line of nodes would also
silently stop cytoscape.js from drawing.)
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from hexviz.view.problem import Arrangement, Edge, Point

__all__ = ["TALLEST", "wrap"]

TALLEST = 1300.0
"""Height in pixels from which a drawing wraps: a page of readable text holds no more."""

_GUTTER = 56.0
_TURN = 22.0
_CLOSE = 4.0
_ASPECT = 1.5


def wrap(
    drawn: Arrangement,
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    entries: int,
    exits: int,
) -> tuple[list[Point], list[list[Point]]]:
    """Centres and bends of a drawing, in columns if it is too tall and too slim."""
    width, height = drawn.size
    centres, bends = list(drawn.centres), [list(path) for path in drawn.bends]
    if height <= TALLEST or height <= 2.2 * width:
        return centres, bends
    count = max(2, round(math.sqrt(_ASPECT * height / (width + _GUTTER))))
    inner = len(sizes) - entries - exits
    cuts = _cuts(drawn, sizes[:inner], edges, height / count)
    if not cuts:
        return centres, bends
    column = [bisect_right(cuts, y) for _, y in centres]
    column[inner : inner + entries] = [0] * entries
    column[inner + entries :] = [len(cuts)] * exits
    bounds = [0.0, *cuts, height]
    lefts = _lefts(centres, bends, sizes, edges, column, len(cuts) + 1)
    moved = [(x + lefts[col], y - bounds[col]) for (x, y), col in zip(centres, column, strict=True)]
    tallest = max(low - high for high, low in pairwise(bounds))
    for at in range(inner, inner + entries):
        moved[at] = (moved[at][0], 0.0)
    for at in range(inner + entries, len(sizes)):
        moved[at] = (moved[at][0], tallest)
    paths: list[list[Point]] = []
    for edge, path in zip(edges, bends, strict=True):
        start, end = column[edge.source], column[edge.target]
        if start == end:
            paths.append([(x + lefts[start], y - bounds[start]) for x, y in path])
            continue
        gutters = [_left(moved, sizes, column, one) - _GUTTER / 2 for one in (start + 1, end)]
        from_x, to_x = moved[edge.source][0] + edge.leave, moved[edge.target][0] + edge.enter
        cells = [at for at in range(inner) if column[at] in (start, end)]
        foot = moved[edge.source][1] + sizes[edge.source][1] / 2 + _TURN / 2
        head = moved[edge.target][1] - sizes[edge.target][1] / 2 - _TURN / 2
        foot = _clear(foot, (from_x, gutters[0]), cells, moved, sizes, down=True)
        head = _clear(head, (gutters[1], to_x), cells, moved, sizes, down=False)
        turns = [(gutters[0], foot), (gutters[1], head)]
        if end - start > 1:
            turns[1:1] = [(gutters[0], tallest + _TURN), (gutters[1], tallest + _TURN)]
        paths.append(_rounded([(from_x, foot), *turns, (to_x, head)]))
    return moved, paths


def _clear(
    y: float,
    span: tuple[float, float],
    cells: Sequence[int],
    moved: Sequence[Point],
    sizes: Sequence[Point],
    *,
    down: bool,
) -> float:
    """The first height from ``y`` on at which no cell stands between two places."""
    left, right = min(span), max(span)
    found = True
    while found:
        found = False
        for cell in cells:
            (x, middle), (width, height) = moved[cell], sizes[cell]
            beside = x + width / 2 <= left or x - width / 2 >= right
            if not beside and abs(y - middle) < height / 2 + _CLOSE:
                y = middle + (height / 2 + _TURN / 2) * (1 if down else -1)
                found = True
    return y


def _rounded(corners: Sequence[Point]) -> list[Point]:
    """Corners as control points: those beside each keep the curve from cutting it off."""
    points = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        points += [_toward(corner, before), corner, _toward(corner, after)]
    return [*points, corners[-1]]


def _toward(corner: Point, other: Point) -> Point:
    """A point near a corner, on the way to another one."""
    share = min(0.5, _TURN / (math.dist(corner, other) or 1.0))
    return (
        corner[0] + (other[0] - corner[0]) * share,
        corner[1] + (other[1] - corner[1]) * share,
    )


def _left(
    moved: Sequence[Point], sizes: Sequence[Point], column: Sequence[int], which: int
) -> float:
    """The left edge of a column."""
    return min(
        x - width / 2
        for (x, _), (width, _), col in zip(moved, sizes, column, strict=True)
        if col == which
    )


def _cuts(
    drawn: Arrangement, sizes: Sequence[Point], edges: Sequence[Edge], step: float
) -> list[float]:
    """Heights between rows to cut at, near to multiples of ``step``, crossed by few edges."""
    spans = sorted(
        (y - height / 2, y + height / 2)
        for (_, y), (_, height) in zip(drawn.centres[: len(sizes)], sizes, strict=True)
    )
    gaps: list[float] = []
    reached = spans[0][1]
    for top, bottom in spans[1:]:
        if top > reached + 4:
            gaps.append((top + reached) / 2)
        reached = max(reached, bottom)
    starts = sorted(drawn.centres[edge.source][1] for edge in edges)
    ends = sorted(drawn.centres[edge.target][1] for edge in edges)
    cuts: list[float] = []
    wanted = step
    while gaps and wanted < drawn.size[1] - step / 2:
        near = [gap for gap in gaps if abs(gap - wanted) < step * 0.35]
        if near:
            cut = min(
                near,
                key=lambda gap: (
                    (bisect_right(starts, gap) - bisect_right(ends, gap)) * step * 0.1
                    + abs(gap - wanted)
                ),
            )
            cuts.append(cut)
            wanted = cut
        wanted += step
    return cuts


def _lefts(
    centres: Sequence[Point],
    bends: Sequence[Sequence[Point]],
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    column: Sequence[int],
    count: int,
) -> list[float]:
    """How far to the right each column moves."""
    low = [math.inf] * count
    high = [-math.inf] * count
    for (x, _), (width, _), col in zip(centres, sizes, column, strict=True):
        low[col] = min(low[col], x - width / 2)
        high[col] = max(high[col], x + width / 2)
    for edge, path in zip(edges, bends, strict=True):
        if column[edge.source] == column[edge.target]:
            for x, _ in path:
                low[column[edge.source]] = min(low[column[edge.source]], x)
                high[column[edge.source]] = max(high[column[edge.source]], x)
    lefts: list[float] = []
    reached = 0.0
    for bottom, top in zip(low, high, strict=True):
        if math.isinf(bottom):
            lefts.append(reached)
            continue
        lefts.append(reached - bottom)
        reached += top - bottom + _GUTTER
    return lefts
