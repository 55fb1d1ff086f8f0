"""A long drawing folded into columns, as text is.

::

    a            a   ①         Cuts go where no cell stands and fewest lines cross. A line
    b            b   │         over a cut ends in a numbered connector below its column, and
    c     ⇒      c   d         goes on from one of the same number above the column it leads
    d            │   e         to: no wire runs between the columns.
    e            ①
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from hexviz.view.problem import Arrangement, Jump, Point, Problem

__all__ = ["CONNECTOR", "fold"]

CONNECTOR = 18.0
"""Width and height in pixels of a connector."""

_Key = TypeVar("_Key", bound=tuple[float, ...])

_LEAST = 240.0
"""Height in pixels below which a column is not worth its connectors."""
_GUTTER = 64.0
_HEAD = 40.0
"""Pixels above a column for the connectors there."""
_FOOT = 14.0
"""Pixels from a column to the connectors below it."""
_APART = 24.0
"""Pixels between the middles of connectors side by side."""


def fold(drawn: Arrangement, problem: Problem, columns: int) -> Arrangement:
    """The drawing of a problem in at most so many columns of about equal height.

    What enters stays above the first column, what leaves below the last one. A
    drawing stays whole if a cycle would run over a cut.
    """
    inner = len(problem.sizes) - problem.entries - problem.exits
    cuts = _cuts(drawn, problem, inner, min(columns, int(drawn.size[1] / _LEAST)))
    work = _Fold(drawn, problem, cuts)
    if not cuts or any(work.column_of(at)[0] != work.column_of(at)[1] for at in drawn.upward):
        return drawn
    return work.folded()


@dataclass(frozen=True, slots=True)
class _Half:
    """Where an edge is cut: the points before and after, and the x at which it meets the cuts."""

    before: tuple[Point, ...]
    after: tuple[Point, ...]
    leave: float
    enter: float


class _Fold:
    def __init__(self, drawn: Arrangement, problem: Problem, cuts: Sequence[float]) -> None:
        self.drawn, self.problem = drawn, problem
        self.bounds = [0.0, *cuts, drawn.size[1]]
        inner = len(problem.sizes) - problem.entries - problem.exits
        self.column = [bisect_right(cuts, y) for _, y in drawn.centres]
        self.column[inner:] = [0] * problem.entries + [len(cuts)] * problem.exits

    def column_of(self, edge: int) -> tuple[int, int]:
        """The columns in which an edge begins and ends."""
        ends = self.problem.edges[edge]
        return self.column[ends.source], self.column[ends.target]

    def folded(self) -> Arrangement:
        """The drawing with all columns side by side."""
        halves = dict(self._halves())
        moves = self._moves(halves)
        foot = max(low - high for high, low in pairwise(self.bounds)) + _HEAD
        jumps = self._jumps(halves, moves)
        height = foot + 2 * _FOOT + CONNECTOR
        centres = [
            (round(x + moves[column][0], 1), round(y + moves[column][1], 1))
            for (x, y), column in zip(self.drawn.centres, self.column, strict=True)
        ]
        leaving = len(centres) - self.problem.exits
        centres[leaving:] = [(x, height) for x, _ in centres[leaving:]]
        bends = []
        for at, path in enumerate(self.drawn.bends):
            start, end = (moves[column] for column in self.column_of(at))
            half = halves.get(at)
            if half is None:
                bends.append(_moved(path, start))
            else:
                before, after = _moved(half.before, start), _moved(half.after, end)
                out, back = jumps[at].leave, jumps[at].enter
                before += _aside(half.leave + start[0], out, out[1] - CONNECTOR / 2 - 5)
                after = _aside(back[0], (half.enter + end[0], 0.0), back[1] + CONNECTOR) + after
                jumps[at] = replace(jumps[at], split=len(before))
                bends.append(before + after)
        sizes = zip(centres, self.problem.sizes, strict=True)
        reach = [x + width / 2 for (x, _), (width, _) in sizes]
        reach += [x for path in bends for x, _ in path]
        reach += [jump.enter[0] + CONNECTOR / 2 for jump in jumps.values()]
        return replace(
            self.drawn,
            centres=tuple(centres),
            bends=tuple(bends),
            size=(max(reach), height),
            jumps=jumps,
        )

    def _halves(self) -> Iterator[tuple[int, _Half]]:
        """The edges that lead from one column to another."""
        for at, edge in enumerate(self.problem.edges):
            start, end = self.column_of(at)
            if start == end or not edge.weight:
                continue
            path = self.drawn.bends[at]
            before = tuple(point for point in path if point[1] <= self.bounds[start + 1])
            after = tuple(point for point in path if point[1] > self.bounds[end])
            leave = before[-1][0] if before else self._x(edge.source) + edge.leave
            enter = after[0][0] if after else self._x(edge.target) + self.drawn.enters[at]
            yield at, _Half(before, after, leave, enter)

    def _x(self, cell: int) -> float:
        return self.drawn.centres[cell][0]

    def _moves(self, halves: dict[int, _Half]) -> list[Point]:
        """How far each column moves."""
        count = len(self.bounds) - 1
        low, high = [math.inf] * count, [-math.inf] * count

        def reach(column: int, xs: Sequence[float]) -> None:
            low[column] = min(low[column], *xs)
            high[column] = max(high[column], *xs)

        for (x, _), (width, _), column in zip(
            self.drawn.centres, self.problem.sizes, self.column, strict=True
        ):
            reach(column, (x - width / 2, x + width / 2))
        for at, path in enumerate(self.drawn.bends):
            half = halves.get(at)
            pieces = (path, ()) if half is None else (half.before, half.after)
            for column, piece in zip(self.column_of(at), pieces, strict=True):
                if piece:
                    reach(column, [x for x, _ in piece])
        moves: list[Point] = []
        reached = 0.0
        for column, (left, right) in enumerate(zip(low, high, strict=True)):
            down = _HEAD - self.bounds[column] if column else 0.0
            moves.append((reached - left, down))
            reached += right - left + _GUTTER
        return moves

    def _jumps(self, halves: dict[int, _Half], moves: Sequence[Point]) -> dict[int, Jump]:
        """Numbers and places of the connectors; what carries the same has the same number."""
        outs: dict[tuple[int, int, int], float] = {}
        backs: dict[tuple[int, int, int, float], float] = {}
        for at, half in halves.items():
            edge = self.problem.edges[at]
            start, end = self.column_of(at)
            outs.setdefault((start, edge.source, edge.line), half.leave + moves[start][0])
            back = (end, edge.source, edge.line, half.enter)
            backs.setdefault(back, half.enter + moves[end][0])
        out_x, back_x = _apart(outs), _apart(backs)
        numbers = {
            key: at + 1 for at, key in enumerate(sorted(outs, key=lambda k: (k[0], outs[k])))
        }
        jumps: dict[int, Jump] = {}
        for at, half in halves.items():
            edge = self.problem.edges[at]
            start, end = self.column_of(at)
            out, back = (start, edge.source, edge.line), (end, edge.source, edge.line, half.enter)
            foot = self.bounds[start + 1] + moves[start][1] + _FOOT + CONNECTOR / 2
            jumps[at] = Jump(numbers[out], (out_x[out], foot), (back_x[back], CONNECTOR / 2), 0)
        return jumps


def _moved(path: Sequence[Point], by: Point) -> tuple[Point, ...]:
    return tuple((round(x + by[0], 1), round(y + by[1], 1)) for x, y in path)


def _aside(x: float, to: Point, y: float) -> tuple[Point, ...]:
    """The turn of a line to or from a connector that does not stand in its way."""
    return () if abs(x - to[0]) < 0.75 else ((x, y), (to[0], y))


def _apart(places: Mapping[_Key, float]) -> dict[_Key, float]:
    """The places, those in one column so far apart that connectors do not overlap."""
    result: dict[_Key, float] = {}
    last: tuple[float, float] | None = None
    for key in sorted(places, key=lambda key: (key[0], places[key])):
        x = places[key]
        if last is not None and last[0] == key[0]:
            x = max(x, last[1] + _APART)
        result[key] = x
        last = (key[0], x)
    return result


def _cuts(drawn: Arrangement, problem: Problem, inner: int, columns: int) -> list[float]:
    """Heights between rows, near those of columns of equal height, that few lines cross."""
    spans = sorted(
        (y - height / 2, y + height / 2)
        for (_, y), (_, height) in zip(drawn.centres[:inner], problem.sizes, strict=False)
    )
    gaps: list[float] = []
    reached = spans[0][1] if spans else 0.0
    for top, bottom in spans[1:]:
        if top > reached + 4:
            gaps.append((top + reached) / 2)
        reached = max(reached, bottom)
    starts = sorted(drawn.centres[edge.source][1] for edge in problem.edges)
    ends = sorted(drawn.centres[edge.target][1] for edge in problem.edges)
    step = drawn.size[1] / max(columns, 1)

    def cost(gap: float, wanted: float) -> float:
        crossing = bisect_right(starts, gap) - bisect_right(ends, gap)
        return crossing * step * 0.1 + abs(gap - wanted)

    cuts: list[float] = []
    for at in range(1, columns):
        wanted = at * step
        near = [gap for gap in gaps if abs(gap - wanted) < step * 0.35 and gap > (cuts or [0])[-1]]
        if near:
            cuts.append(min(near, key=lambda gap: cost(gap, wanted)))
    return cuts
