"""Where in its row each vertex stands: lines straight, the spine's first of all.

::

    a          Vertices whose lines can all be straight at once form a block (a, ·, d),
    │ ╲        as in Brandes and Köpf 2001, but chosen by the lines' importance:
    │  b  ·    the spine, the middles of long lines, then the rest. Blocks keep
    │  │  │    their distances; each moves to the median of what it is joined to,
    c  e  d    with the spine standing still.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from hexviz.view.metrics import GAP_X
from hexviz.view.problem import Edge
from hexviz.view.rows import Grid, Segment

__all__ = ["align"]

_SWEEPS = 8
_BESIDE = 13.0
"""Pixels between a line and the cell it passes."""
_BETWEEN = 9.0
"""Pixels between two lines that run side by side."""
_BORDER = 13.0
"""Pixels between two lines through a border: as far apart as they enter a node."""


def align(grid: Grid, edges: Sequence[Edge]) -> list[float]:
    """The x of each vertex of a grid."""
    return _Blocks(grid, edges).places()


class _Blocks:
    """Vertices tied to each other, as one thing that moves sideways."""

    def __init__(self, grid: Grid, edges: Sequence[Edge]) -> None:
        self.grid = grid
        self.edges = edges
        size = len(grid.row_of)
        self.order = [0] * size
        for row in grid.rows:
            for at, vertex in enumerate(row):
                self.order[vertex] = at
        self.block = list(range(size))
        self.shift = [0.0] * size
        aligned = self._tie()
        self._constrain()
        self._join(aligned)

    def _importance(self, segment: Segment) -> tuple[int, int, int, int]:
        if segment.edge < 0:
            return (0, 0, 0, 0)
        edge = self.edges[segment.edge]
        inner = self._passes(segment.upper) and self._passes(segment.lower)
        return (1, not edge.spine, not inner, -edge.weight)

    def _passes(self, vertex: int) -> bool:
        """Whether a vertex is a point of an edge, no part of a cell."""
        return self.grid.cell_of[vertex] < 0

    def _tie(self) -> set[int]:
        """Tie vertices of one row to one each of the next, no two ties crossing."""
        grid = self.grid
        above: dict[int, list[int]] = {}
        below: dict[int, list[int]] = {}
        for at, segment in enumerate(grid.segments):
            above.setdefault(segment.lower, []).append(at)
            below.setdefault(segment.upper, []).append(at)
        off: list[float] = [0.0] * len(grid.segments)
        for group, end in ((above, "upper"), (below, "lower")):
            for members in group.values():
                # Of several lines into a vertex, the one in the middle is the straight one.
                members.sort(key=lambda at: self.order[getattr(grid.segments[at], end)])
                for place, at in enumerate(members):
                    off[at] += abs(place - (len(members) - 1) / 2)
        ranked = sorted(
            range(len(grid.segments)),
            key=lambda at: (*self._importance(grid.segments[at]), off[at], at),
        )
        tied_up: set[int] = set()
        tied_down: set[int] = set()
        ties: dict[int, list[tuple[int, int]]] = {}
        aligned: set[int] = set()
        for at in ranked:
            segment = grid.segments[at]
            row = grid.row_of[segment.upper]
            if grid.row_of[segment.lower] != row + 1:
                continue
            if segment.upper in tied_down or segment.lower in tied_up:
                continue
            pair = (self.order[segment.upper], self.order[segment.lower])
            known = ties.setdefault(row, [])
            spot = bisect_left(known, pair)
            if spot and known[spot - 1][1] >= pair[1]:
                continue
            if spot < len(known) and known[spot][1] <= pair[1]:
                continue
            known.insert(spot, pair)
            tied_down.add(segment.upper)
            tied_up.add(segment.lower)
            aligned.add(at)
        downward = sorted(aligned, key=lambda at: grid.row_of[grid.segments[at].upper])
        for at in downward:
            segment = grid.segments[at]
            self.block[segment.lower] = self.block[segment.upper]
            offset = segment.leave - segment.enter
            self.shift[segment.lower] = self.shift[segment.upper] + offset
        return aligned

    def _constrain(self) -> None:
        """How far each block must stay right of another."""
        apart: dict[tuple[int, int], float] = {}
        widths = self.grid.widths
        for row in self.grid.rows:
            for one, other in pairwise(row):
                passing = self._passes(one) + self._passes(other)
                gap = (GAP_X, _BESIDE, _BETWEEN)[passing]
                if max(widths[one], widths[other]) <= 1.0:
                    gap = _BORDER - 1.0
                least = (widths[one] + widths[other]) / 2 + gap + self.shift[one]
                pair = (self.block[one], self.block[other])
                apart[pair] = max(apart.get(pair, -1e9), least - self.shift[other])
        self.right: dict[int, list[tuple[int, float]]] = {at: [] for at in self.block}
        self.left: dict[int, list[tuple[int, float]]] = {at: [] for at in self.block}
        for (one, other), least in apart.items():
            self.right[one].append((other, least))
            self.left[other].append((one, least))
        waiting = {at: len(links) for at, links in self.left.items()}
        self.sequence = [at for at in self.right if not waiting[at]]
        for at in self.sequence:
            for other, _ in self.right[at]:
                waiting[other] -= 1
                if not waiting[other]:
                    self.sequence.append(other)

    def _join(self, aligned: set[int]) -> None:
        """The lines between blocks: what each block is drawn to."""
        self.joined: dict[int, list[tuple[int, float, int]]] = {at: [] for at in self.right}
        self.fixed = {
            self.block[segment.upper]
            for segment in self.grid.segments
            if segment.edge >= 0 and self.edges[segment.edge].spine
        }
        for at, segment in enumerate(self.grid.segments):
            one, other = self.block[segment.upper], self.block[segment.lower]
            if at in aligned or one == other:
                continue
            offset = self.shift[segment.upper] + segment.leave
            offset -= self.shift[segment.lower] + segment.enter
            passing = self._passes(segment.upper) + self._passes(segment.lower)
            weight = max(self.edges[segment.edge].weight, 1) * (1, 2, 4)[passing]
            self.joined[one].append((other, -offset, weight))
            self.joined[other].append((one, offset, weight))

    def places(self) -> list[float]:
        """The x of each vertex."""
        lows: dict[int, float] = {}
        for at in self.sequence:
            lows[at] = max((lows[one] + least for one, least in self.left[at]), default=0.0)
        highs: dict[int, float] = {}
        far = max(lows.values(), default=0.0)
        for at in reversed(self.sequence):
            highs[at] = min((highs[one] - least for one, least in self.right[at]), default=far)
        x = {at: (lows[at] + highs[at]) / 2 for at in self.sequence}
        middle = sum(x[at] for at in self.fixed) / len(self.fixed) if self.fixed else far / 2
        for sweep in range(2 * _SWEEPS):
            for at in self.sequence if sweep % 2 == 0 else reversed(self.sequence):
                if at in self.fixed:
                    continue
                wanted = _median(
                    [(x[other] + offset, weight) for other, offset, weight in self.joined[at]],
                    x[at],
                    middle,
                )
                low = max((x[one] + least for one, least in self.left[at]), default=-math.inf)
                high = min((x[one] - least for one, least in self.right[at]), default=math.inf)
                x[at] = min(max(wanted, low), high)
        return [x[block] + shift for block, shift in zip(self.block, self.shift, strict=True)]


def _median(wanted: list[tuple[float, int]], now: float, middle: float) -> float:
    """The place with the shortest lines; where any of a stretch is as good, the one nearest now."""
    if not wanted:
        return middle
    wanted.sort()
    half = sum(weight for _, weight in wanted) / 2
    reached = 0
    for at, (place, weight) in enumerate(wanted):
        reached += weight
        if reached == half:
            return min(max(now, place), wanted[at + 1][0])
        if reached > half:
            return place
    return now
