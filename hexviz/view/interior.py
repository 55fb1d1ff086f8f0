"""The layout of one open module: its direct children, as cells, from top to bottom.

::

      entry        what comes in from outside enters at the top,
        │          through one point per source
    ┌───┴──┐
    │ cell │       cells in rows, edges down
    └───┬──┘
      exit         and leaves at the bottom

A problem is plain content (sizes and edges, no names), so equal layers of a
model have equal problems and are laid out once.
"""

from __future__ import annotations

from collections.abc import Sequence

from hexviz.view.cache import LayoutCache
from hexviz.view.graphviz import dot
from hexviz.view.layered import layered
from hexviz.view.problem import Arrangement, Edge, Point, Problem
from hexviz.view.wrap import wrap

__all__ = ["DOT_LIMIT", "arrange", "backward"]

DOT_LIMIT = 110
"""Nodes and edges up to which Graphviz is quick enough (about 60 ms) to be worth its looks."""


def arrange(problem: Problem, cache: LayoutCache[Problem, Arrangement]) -> Arrangement:
    """Solve a problem, or find it solved in the cache."""
    known = cache.get(problem)
    if known is None:
        known = _solve(problem)
        cache.put(problem, known)
    return known


def _solve(problem: Problem) -> Arrangement:
    flipped = backward(len(problem.sizes), problem.edges)
    forward = [
        Edge(edge.target, edge.source, edge.enter, edge.leave, edge.weight) if flip else edge
        for edge, flip in zip(problem.edges, flipped, strict=True)
    ]
    small = len(problem.sizes) + len(problem.edges) <= 2 * DOT_LIMIT
    solver = dot if small and len(problem.sizes) <= DOT_LIMIT else layered
    ends = (problem.entries, problem.exits)
    arrangement = _framed(problem.sizes, *solver(problem.sizes, forward, *ends))
    arrangement = _framed(problem.sizes, *wrap(arrangement, problem.sizes, forward, *ends))
    return Arrangement(
        arrangement.centres,
        tuple(
            bends[::-1] if flip else bends
            for bends, flip in zip(arrangement.bends, flipped, strict=True)
        ),
        arrangement.size,
    )


def _framed(
    sizes: Sequence[Point], centres: Sequence[Point], bends: Sequence[Sequence[Point]]
) -> Arrangement:
    """Move everything so that the top left corner of what is drawn is the origin."""
    if not centres:
        return Arrangement((), (), (0.0, 0.0))
    # Control points of long edges count half: the curve stays well inside of them.
    xs = [x for path in bends for x, _ in path]
    ys = [y for path in bends for _, y in path]
    left = min([x - w / 2 for (x, _), (w, _) in zip(centres, sizes, strict=True)] + xs)
    right = max([x + w / 2 for (x, _), (w, _) in zip(centres, sizes, strict=True)] + xs)
    top = min([y - h / 2 for (_, y), (_, h) in zip(centres, sizes, strict=True)] + ys)
    bottom = max([y + h / 2 for (_, y), (_, h) in zip(centres, sizes, strict=True)] + ys)
    return Arrangement(
        tuple((round(x - left, 1), round(y - top, 1)) for x, y in centres),
        tuple(tuple((round(x - left, 1), round(y - top, 1)) for x, y in path) for path in bends),
        (right - left, bottom - top),
    )


def backward(count: int, edges: Sequence[Edge]) -> list[bool]:
    """Which edges to turn so that no cycle is left: those that go back in time within one.

    Two closed modules may feed each other. Cells come in order of execution,
    so within a knot of cells that all reach each other the edge that goes to
    an earlier cell is the one drawn upwards::

        a → b → c      a, b form a knot: b → a is turned, b → c is not
        ↑___│
    """
    knot = _knots(count, edges)
    return [edge.source > edge.target and knot[edge.source] == knot[edge.target] for edge in edges]


def _knots(count: int, edges: Sequence[Edge]) -> list[int]:
    """The strongly connected component of each cell (Tarjan 1972, on a stack of our own)."""
    following: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        following[edge.source].append(edge.target)
    seen = [0] * count
    low = [0] * count
    knot = [-1] * count
    stack: list[int] = []
    clock = 0
    for root in range(count):
        if seen[root]:
            continue
        work = [(root, 0)]
        while work:
            cell, at = work.pop()
            if at == 0:
                clock += 1
                seen[cell] = low[cell] = clock
                stack.append(cell)
            elif knot[following[cell][at - 1]] < 0:
                low[cell] = min(low[cell], low[following[cell][at - 1]])
            for step in range(at, len(following[cell])):
                after = following[cell][step]
                if not seen[after]:
                    work.append((cell, step + 1))
                    work.append((after, 0))
                    break
                if knot[after] < 0:
                    low[cell] = min(low[cell], seen[after])
            else:
                if low[cell] == seen[cell]:
                    while knot[cell] < 0:
                        knot[stack.pop()] = cell
    return knot
