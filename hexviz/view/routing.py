"""How lines run between the rows, and how high the rows stand apart.

::

    ┌───┐      ┌───┐     A line runs upright past the cells of a row and turns aside
    │ a │      │ b │     only in the gap between two rows, at a height of its own
    └─┬─┘      └─┬─┘     (a track), unless what it would run along carries the same.
      ╰────────╮ │       Where that spares crossings, tracks lie higher or lower.
        ╭──────┼─╯
    ┌───┴┐  ┌──┴─┐  ╭╮   A line that closes a cycle leaves below its source, goes up
    │ c  │  │ d  │  ││   beside all cells between and comes in above its target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hexviz.view.metrics import GAP_Y
from hexviz.view.problem import Edge, Point
from hexviz.view.rows import Grid

__all__ = ["Routed", "route"]

_TRACK = 8.0
"""Pixels between lines that turn aside in one gap."""
_FIRST = 14.0
"""Pixels from the row above to the first track."""
_TURN = 14.0
"""Pixels before and after a turn within which a line bends."""
_LANE = 12.0
_BESIDE = 18.0
_SPREAD = 13.0
_CORNER = 8.0
_MARGIN = 8.0
_MANY = 80


@dataclass(slots=True)
class _Aside:
    """A stretch of a line in a gap: from and to which x, and how it goes on from there.

    ``tops`` are the places where it comes from above or leaves upwards,
    ``bottoms`` those below.
    """

    line: tuple[int, int]
    tops: tuple[float, ...]
    bottoms: tuple[float, ...]
    track: int = 0

    @property
    def low(self) -> float:
        return min(*self.tops, *self.bottoms)

    @property
    def high(self) -> float:
        return max(*self.tops, *self.bottoms)


@dataclass(frozen=True, slots=True)
class Routed:
    """Where cells stand, and the control points of each edge; where each edge enters its target."""

    centres: list[Point]
    bends: list[list[Point]]
    enters: list[float]


def route(
    grid: Grid,
    x: Sequence[float],
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    turned: Sequence[bool],
) -> Routed:
    """Draw all edges of a grid whose vertices stand at ``x``.

    ``edges`` point down; of ``turned`` ones the line runs the other way.
    """
    work = _Routes(grid, x, sizes, edges, turned)
    return work.run()


class _Routes:
    def __init__(
        self,
        grid: Grid,
        x: Sequence[float],
        sizes: Sequence[Point],
        edges: Sequence[Edge],
        turned: Sequence[bool],
    ) -> None:
        self.grid, self.x, self.sizes, self.edges, self.turned = grid, x, sizes, edges, turned
        self.enters = _entrances(grid, x, sizes, edges, turned)
        # The gap of a row is the one below it; the one above all rows is the last.
        self.gaps: list[list[_Aside]] = [[] for _ in range(len(grid.rows) + 1)]

    def run(self) -> Routed:
        pieces = [self._pieces(at, chain) for at, chain in enumerate(self.grid.chains)]
        lanes = self._lanes()
        for gap in self.gaps:
            _tracks(gap)
        tops, bottoms = self._heights()
        first, last = self.grid.row_of, self.grid.last
        centres = [
            (self.x[cell], (tops[first[cell]] + bottoms[first[last[cell]]]) / 2)
            for cell in range(len(self.sizes))
        ]
        bends: list[list[Point]] = []
        for at, edge in enumerate(self.edges):
            asides = lanes.get(at) or pieces[at]
            points = [(xs, self._height(gap, aside, tops, bottoms)) for gap, aside, xs in asides]
            if at in lanes:
                start = (edge.target, centres[edge.target][1] + self.sizes[edge.target][1] / 2)
                end = (edge.source, centres[edge.source][1] - self.sizes[edge.source][1] / 2)
            else:
                start = (edge.source, centres[edge.source][1] + self.sizes[edge.source][1] / 2)
                end = (edge.target, centres[edge.target][1] - self.sizes[edge.target][1] / 2)
            bends.append(_curve(points, start[1], end[1]))
        return Routed(centres, bends, self.enters)

    def _pieces(
        self, at: int, chain: Sequence[int]
    ) -> list[tuple[int, _Aside, tuple[float, float]]]:
        """Where an edge turns aside: gap, stretch, from and to which x."""
        edge, found = self.edges[at], []
        for one, other in pairwise(chain):
            start = self.x[one] + (edge.leave if one == chain[0] else 0.0)
            end = self.x[other] + (self.enters[at] if other == edge.target else 0.0)
            if abs(start - end) < 0.75:
                continue
            row = self.grid.row_of[one]
            aside = _Aside((edge.source, edge.line), (start,), (end,))
            self.gaps[row].append(aside)
            found.append((row, aside, (start, end)))
        return found

    def _lanes(self) -> dict[int, list[tuple[int, _Aside, tuple[float, float]]]]:
        """The ways around of the edges that close a cycle: out below, up beside all, in above."""
        reach = [
            max((self.x[at] + self.grid.widths[at] / 2 for at in row), default=0.0)
            for row in self.grid.rows
        ]
        result = {}
        turned = [at for at in range(len(self.edges)) if self.turned[at]]
        row_of = self.grid.row_of
        # The shortest way round lies innermost.
        turned.sort(key=lambda at: row_of[self.edges[at].target] - row_of[self.edges[at].source])
        for at in turned:
            edge = self.edges[at]
            upper, lower = row_of[edge.source], row_of[self.grid.last[edge.target]]
            lane = max(reach[upper : lower + 1]) + _BESIDE
            for row in range(upper, lower + 1):
                reach[row] = lane - _BESIDE + _LANE
            start, end = self.x[edge.target] + edge.enter, self.x[edge.source] + self.enters[at]
            out = _Aside((edge.target, edge.line), (start, lane), ())
            back = _Aside((edge.target, edge.line), (), (lane, end))
            above = upper - 1 if upper else len(self.gaps) - 1
            self.gaps[lower].append(out)
            self.gaps[above].append(back)
            result[at] = [(lower, out, (start, lane)), (above, back, (lane, end))]
        return result

    def _heights(self) -> tuple[list[float], list[float]]:
        tops: list[float] = []
        bottoms: list[float] = []
        y = 0.0
        for at, row in enumerate(self.grid.rows):
            tops.append(y)
            # A tall cell that ends here began further up.
            cells = [cell for cell in map(self.grid.cell_of.__getitem__, row) if cell >= 0]
            ending = (cell for cell in cells if self.grid.row_of[self.grid.last[cell]] == at)
            bottoms.append(
                max(
                    (tops[self.grid.row_of[cell]] + self.sizes[cell][1] for cell in ending),
                    default=y,
                )
            )
            bottoms[-1] = max(bottoms[-1], y)
            y = bottoms[-1] + GAP_Y
            y += _TRACK * max((aside.track for aside in self.gaps[at]), default=0)
        return tops, bottoms

    def _height(
        self, gap: int, aside: _Aside, tops: Sequence[float], bottoms: Sequence[float]
    ) -> float:
        if gap == len(self.grid.rows):
            last = max(other.track for other in self.gaps[gap])
            return tops[0] - GAP_Y + _FIRST - _TRACK * (last - aside.track)
        return bottoms[gap] + _FIRST + _TRACK * aside.track


def _entrances(
    grid: Grid,
    x: Sequence[float],
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    turned: Sequence[bool],
) -> list[float]:
    """Where each edge enters: several side by side, a straight one in the middle.

    Of a turned edge that is its source, which its line leads to.
    """
    enters = [edge.leave if turn else edge.enter for edge, turn in zip(edges, turned, strict=True)]
    incoming: dict[int, dict[tuple[int, int], list[int]]] = {}
    for at, edge in enumerate(edges):
        if edge.free and edge.weight:
            one, other = (edge.target, edge.source) if turned[at] else (edge.source, edge.target)
            lines = incoming.setdefault(other, {})
            lines.setdefault((one, edge.line), []).append(at)
    for target, lines in incoming.items():
        if len(lines) < 2:
            continue

        def comes_from(members: list[int], target: int = target) -> float:
            first = members[0]
            if turned[first]:
                return math.inf  # from the lanes on the right
            edge, before = edges[first], grid.chains[first][-2]
            leave = edge.leave if len(grid.chains[first]) == 2 else 0.0
            return x[before] + leave - x[target] - edge.enter

        ranked = sorted(lines.values(), key=comes_from)
        straight = [at for at, members in enumerate(ranked) if abs(comes_from(members)) < 0.75]
        middle = straight[0] if straight else (len(ranked) - 1) / 2
        side = max(middle, len(ranked) - 1 - middle)
        # A node with something beside it stands right of the middle of its cell.
        reach = sizes[target][0] / 2 - abs(enters[ranked[0][0]]) - _CORNER
        step = min(_SPREAD, max(reach, 0.0) / side)
        for place, members in enumerate(ranked):
            for at in members:
                enters[at] += round((place - middle) * step, 1)
    return enters


def _tracks(gap: list[_Aside]) -> None:
    """Give each stretch in a gap a track of its own where it would run along another one."""
    if len(gap) < 2 or len(gap) > _MANY:
        return
    merged: dict[tuple[int, int], list[_Aside]] = {}
    for aside in gap:
        merged.setdefault(aside.line, []).append(aside)
    groups = [
        _Aside(
            line,
            tuple(x for aside in members for x in aside.tops),
            tuple(x for aside in members for x in aside.bottoms),
        )
        for line, members in merged.items()
    ]
    over: list[set[int]] = [set() for _ in groups]
    under: list[int] = [0] * len(groups)
    for one, a in enumerate(groups):
        for other in range(one + 1, len(groups)):
            b = groups[other]
            if a.low > b.high + _MARGIN or b.low > a.high + _MARGIN:
                continue
            upper, lower = (one, other) if _cost(a, b) <= _cost(b, a) else (other, one)
            over[upper].add(lower)
            under[lower] += 1
    # From above to below; of a circle the one with fewest over it goes first.
    left = set(range(len(groups)))
    while left:
        first = min(left, key=lambda at: (under[at], at))
        left.remove(first)
        for other in left:
            if other in over[first] or first in over[other]:
                under[other] -= other in over[first]
                groups[other].track = max(groups[other].track, groups[first].track + 1)
    for group, members in zip(groups, merged.values(), strict=True):
        for aside in members:
            aside.track = group.track


def _cost(upper: _Aside, lower: _Aside) -> int:
    """Crossings if one stretch lies above another."""
    return sum(upper.low < x < upper.high for x in lower.tops) + sum(
        lower.low < x < lower.high for x in upper.bottoms
    )


def _curve(
    turns: Sequence[tuple[tuple[float, float], float]], start: float, end: float
) -> list[Point]:
    """Control points of a line that is upright but for its turns.

    Where the way before or after a turn is long, two more keep it upright.
    """
    points: list[Point] = []
    for at, ((x, to_x), y) in enumerate(turns):
        before = turns[at - 1][1] if at else start
        after = turns[at + 1][1] if at + 1 < len(turns) else end
        if abs(y - before) > 2 * _TURN:
            points.append((x, y - _TURN if before < y else y + _TURN))
        points += [(x, y), (to_x, y)]
        if abs(after - y) > 2 * _TURN:
            points.append((to_x, y + _TURN if after > y else y - _TURN))
    return points
