"""The order of what stands in one row: few crossings, and arguments from left to right.

::

    q   k   v        The first order is read from the bottom: a reader's
     ╲  │  ╱         arguments stand from left to right, what they are made
      attend         from above them, and lines that only pass by on the right.
        │            Sweeps then sort each row by the means of its neighbours,
       out           and are kept only where they spare crossings.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from hexviz.view.problem import Edge
from hexviz.view.rows import Grid

__all__ = ["put_in_order"]

_SWEEPS = 10
_SPINE = 4
"""How many other crossings one with the spine is as bad as."""
_BODY = 10_000
"""The same for one with a tall cell, which must not be."""
_FEW = 400
"""Vertices up to which there is time to sort more often and to swap neighbours."""

Link = tuple[int, int, float, float]
"""A neighbour, the weight of a crossing, and where the line ends at the vertex and at the
neighbour: shares of their widths from the middle, as an open box has several ends."""

Links = list[list[Link]]
"""For each vertex its lines to the next row."""


def put_in_order(grid: Grid, edges: Sequence[Edge]) -> bool:
    """Sort the rows of a grid in place; whether no line runs through a tall cell."""
    count = len(grid.row_of)
    above: Links = [[] for _ in range(count)]
    below: Links = [[] for _ in range(count)]
    for segment in grid.segments:
        weight = 1
        if segment.edge < 0:
            weight = _BODY
        elif edges[segment.edge].spine:
            weight = _SPINE
        leave = segment.leave / (grid.widths[segment.upper] + 1.0)
        enter = segment.enter / (grid.widths[segment.lower] + 1.0)
        above[segment.lower].append((segment.upper, weight, enter, leave))
        below[segment.upper].append((segment.lower, weight, leave, enter))
    first = _as_read(grid, edges)
    rows = [sorted(row, key=first.__getitem__) for row in grid.rows]
    small = count <= _FEW
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_SWEEPS if small else 3):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        _sweep(rows, above if sweep % 2 == 0 else below, downward=sweep % 2 == 0)
        if small:
            _swap(rows, above, below)
        crossed = _crossings(rows, below)
        if crossed < fewest:
            best, fewest = rows, crossed
    grid.rows = best
    return fewest < _BODY


def _as_read(grid: Grid, edges: Sequence[Edge]) -> list[int]:
    """For each vertex its place in the order in which its readers come to it."""
    incoming: dict[int, list[int]] = {}
    for at, chain in enumerate(grid.chains):
        if chain:
            incoming.setdefault(edges[at].target, []).append(at)
    passing = _passing(grid, edges)
    for target, members in incoming.items():
        members.sort(key=lambda at: (at in passing, edges[at].argument, edges[at].source, at))
        incoming[target] = members
    place = [-1] * len(grid.row_of)
    reached = 0
    spine = {vertex for at, chain in enumerate(grid.chains) if edges[at].spine for vertex in chain}
    lowest_first = sorted(
        range(len(place)),
        key=lambda vertex: (-grid.row_of[vertex], vertex not in spine, vertex),
    )
    for start in lowest_first:
        pending = [start]
        while pending:
            vertex = pending.pop()
            if place[vertex] >= 0:
                continue
            place[vertex] = reached
            reached += 1
            for at in reversed(incoming.get(vertex, ())):
                pending.append(edges[at].source)
                pending.extend(grid.chains[at][1:-1])
    return [place[cell if cell >= 0 else at] for at, cell in enumerate(grid.cell_of)]


def _passing(grid: Grid, edges: Sequence[Edge]) -> set[int]:
    """The long edges whose source reaches their target by another way, too."""
    long = [at for at, chain in enumerate(grid.chains) if len(chain) > 2]
    if not long:
        return set()
    reaching: dict[int, int] = {}
    order = sorted(range(len(grid.row_of)), key=grid.row_of.__getitem__)
    bits = {edges[at].source: 0 for at in long}
    for at, source in enumerate(bits):
        bits[source] = 1 << at
    into: dict[int, list[int]] = {}
    for at, chain in enumerate(grid.chains):
        if chain:
            into.setdefault(edges[at].target, []).append(edges[at].source)
    for vertex in order:
        seen = 0
        for source in into.get(vertex, ()):
            seen |= reaching[source]
        reaching[vertex] = seen | bits.get(vertex, 0)
    return {
        at
        for at in long
        if any(
            reaching[source] & bits[edges[at].source]
            for source in into[edges[at].target]
            if source != edges[at].source
        )
    }


def _sweep(rows: list[list[int]], links: Links, *, downward: bool) -> None:
    """Sort each row by the means of its neighbours in the row before."""
    place = {vertex: float(at) for row in rows for at, vertex in enumerate(row)}
    for row in rows[1:] if downward else rows[-2::-1]:
        keys = {
            vertex: sum(place[other] + end for other, _, _, end in links[vertex])
            / len(links[vertex])
            if links[vertex]
            else place[vertex]
            for vertex in row
        }
        row.sort(key=keys.__getitem__)
        for at, vertex in enumerate(row):
            place[vertex] = float(at)


def _swap(rows: list[list[int]], above: Links, below: Links) -> None:
    """Swap neighbours as long as that spares crossings."""
    place = {vertex: at for row in rows for at, vertex in enumerate(row)}
    for _ in range(4):
        swapped = False
        for row in rows:
            for at in range(len(row) - 1):
                one, other = row[at], row[at + 1]
                gain = sum(
                    _pair(links[one], links[other], place) - _pair(links[other], links[one], place)
                    for links in (above, below)
                )
                if gain > 0:
                    row[at], row[at + 1] = other, one
                    place[one], place[other] = at + 1, at
                    swapped = True
        if not swapped:
            return


def _pair(left: Sequence[Link], right: Sequence[Link], place: dict[int, int]) -> int:
    """Crossings of the lines of two neighbours, the one standing left of the other."""
    return sum(
        weight * heavy
        for one, weight, _, end in left
        for other, heavy, _, far in right
        if place[one] + end > place[other] + far
    )


def _crossings(rows: Sequence[Sequence[int]], below: Links) -> int:
    """All crossings between neighbouring rows; those with heavier lines count for more."""
    total = 0
    for row, following in pairwise(rows):
        place = {vertex: at for at, vertex in enumerate(following)}
        lines = sorted(
            (at + start, place[other] + end, weight)
            for at, vertex in enumerate(row)
            for other, weight, start, end in below[vertex]
            if other in place
        )
        ends: list[float] = []
        heavy: list[tuple[float, int]] = []
        # Lines from one point are sorted by where they end: they cross none of each other.
        for _, to, weight in lines:
            total += weight * (len(ends) - bisect_right(ends, to))
            total += sum(weight * (other - 1) for end, other in heavy if end > to)
            insort(ends, to)
            if weight > 1:
                heavy.append((to, weight))
    return total
