"""The layout of one open module: its direct children, as cells, from top to bottom.

::

      entry        what comes in from outside enters at the top,
        │          through one point for each line
    ┌───┴──┐
    │ cell │       cells in rows, edges down, the spine straight
    └───┬──┘
      exit         and leaves at the bottom

A problem is plain content (sizes and edges, no names), so equal layers of a
model have equal problems and are laid out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hexviz.view.alignment import align
from hexviz.view.cache import LayoutCache
from hexviz.view.cycles import backward
from hexviz.view.ordering import put_in_order
from hexviz.view.problem import Arrangement, Point, Problem
from hexviz.view.routing import Routed, route
from hexviz.view.rows import in_rows

__all__ = ["arrange"]


def arrange(problem: Problem, cache: LayoutCache[Problem, Arrangement]) -> Arrangement:
    """Solve a problem, or find it solved in the cache."""
    known = cache.get(problem)
    if known is None:
        known = _solve(problem)
        cache.put(problem, known)
    return known


def _solve(problem: Problem) -> Arrangement:
    """Sugiyama's steps (1981): turn what closes cycles, rows, order, places, lines."""
    sizes = problem.sizes
    turned = backward(len(sizes), problem.edges)
    edges = [
        replace(edge, source=edge.target, target=edge.source, leave=edge.enter, enter=edge.leave)
        if turn
        else edge
        for edge, turn in zip(problem.edges, turned, strict=True)
    ]
    ends = (problem.entries, problem.exits)
    upward = frozenset(at for at, turn in enumerate(turned) if turn and edges[at].weight)
    # What runs around others turns aside in whole gaps, which tall cells would bar.
    grid = in_rows(sizes, edges, *ends, turned, spans=not upward)
    if not put_in_order(grid, edges):
        grid = in_rows(sizes, edges, *ends, turned, spans=False)
        put_in_order(grid, edges)
    x = align(grid, edges)
    routed = route(grid, x, sizes, edges, turned)
    return _framed(sizes, routed, tuple(routed.enters), upward)


def _framed(
    sizes: Sequence[Point], routed: Routed, enters: tuple[float, ...], upward: frozenset[int]
) -> Arrangement:
    """Move everything so that the top left corner of what is drawn is the origin."""
    centres, bends = routed.centres, routed.bends
    if not centres:
        return Arrangement((), (), (0.0, 0.0))
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
        enters,
        upward,
    )
