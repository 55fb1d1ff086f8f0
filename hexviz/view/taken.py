"""Where something is drawn already: boxes by coarse cells of the page, lines by fine ones.

::

    boxes                        lines
    ┌──────┬──────┐              cells in the order of rows, with the line in each and
    │ ┌──┐ │      │              how far it reaches there:
    │ └──┼─┼─┐    │                row 0: 3 4 5 6    ┐ a place, which is flat, asks for
    └────┴─┴─┴────┘                row 1: 5 6 7      ┘ a run of each row that it lies in

Each word tries several places, so that both answer from what is near alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np

from hexviz.view.problem import Point
from hexviz.view.tracks import Tracks

__all__ = ["Rectangle", "Taken", "around"]

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""

_COARSE = 64.0
_FINE = 16.0
_STEP = 8.0  # between the points of a line that are looked at, at most
_ROW = 1 << 32  # more cells than any row has


def around(middle: Point, size: Point, margin: float = 0.0) -> Rectangle:
    """The rectangle of a size around a point, wider by a margin on each side.

    >>> around((10.0, 20.0), (4.0, 2.0), 1.0)
    (7.0, 18.0, 13.0, 22.0)
    """
    across, down = size[0] / 2 + margin, size[1] / 2 + margin
    return (middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down)


class Taken:
    """Boxes, to which more are added, and lines."""

    def __init__(self, boxes: Iterable[Rectangle], lines: Tracks) -> None:
        self._boxes: dict[tuple[int, int], list[Rectangle]] = {}
        for box in boxes:
            self.add(box)
        self._cells, self._lines, self._reaches = _cells_of(lines)

    def add(self, box: Rectangle) -> None:
        """Take a rectangle."""
        for cell in _coarse(box):
            self._boxes.setdefault(cell, []).append(box)

    def is_covered(self, place: Rectangle) -> bool:
        """Whether a place lies on any box."""
        left, top, right, bottom = place
        rows = range(int(top // _COARSE), int(bottom // _COARSE) + 1)
        for across in range(int(left // _COARSE), int(right // _COARSE) + 1):
            for down in rows:
                for box in self._boxes.get((across, down), ()):
                    if box[0] < right and left < box[2] and box[1] < bottom and top < box[3]:
                        return True
        return False

    def covered(self, place: Rectangle) -> float:
        """How much of the boxes a place would cover, in square pixels."""
        left, top, right, bottom = place
        near = {box for cell in _coarse(place) for box in self._boxes.get(cell, ())}
        return sum(
            max(0.0, min(right, box[2]) - max(left, box[0]))
            * max(0.0, min(bottom, box[3]) - max(top, box[1]))
            for box in near
        )

    def lines_under(self, place: Rectangle, margin: float = 0.0) -> tuple[set[int], set[int]]:
        """The lines that run through a place, and those through it or a margin around it.

        Of a curve some may be named that pass it by a few pixels.
        """
        left, top, right, bottom = place
        low_x, low_y, high_x, high_y = left - margin, top - margin, right + margin, bottom + margin
        under: set[int] = set()
        near: set[int] = set()
        first, last = int(low_x // _FINE), int(high_x // _FINE)
        for row in range(int(low_y // _FINE) * _ROW, int(high_y // _FINE + 1) * _ROW, _ROW):
            start = bisect_left(self._cells, row + first)
            for at in range(start, bisect_right(self._cells, row + last, start)):
                x, y, to_x, to_y = self._reaches[at]
                if x < high_x and low_x < to_x and y < high_y and low_y < to_y:
                    near.add(self._lines[at])
                    if x < right and left < to_x and y < bottom and top < to_y:
                        under.add(self._lines[at])
        return under, near


def _coarse(box: Rectangle) -> list[tuple[int, int]]:
    columns = range(int(box[0] // _COARSE), int(box[2] // _COARSE) + 1)
    rows = range(int(box[1] // _COARSE), int(box[3] // _COARSE) + 1)
    return [(across, down) for across in columns for down in rows]


def _cells_of(lines: Tracks) -> tuple[list[int], list[int], list[list[float]]]:
    """The fine cells that lines run through, in order; for each the line and its reach there."""
    way = lines.ends - lines.starts
    counts = np.ceil(np.abs(way).max(axis=1, initial=0.0) / _STEP).astype(np.int64)
    counts = np.maximum(1, counts)
    segment = np.repeat(np.arange(len(counts)), counts + 1)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(counts + 1) - (counts + 1), counts + 1)
    share = (step / counts[segment])[:, None]
    points = lines.starts[segment] + share * way[segment]
    across, down = (points // _FINE).astype(np.int64).T
    cells, owners = down * _ROW + across, lines.owners()[segment]
    new = np.ones(len(cells), dtype=np.bool_)
    new[1:] = (cells[1:] != cells[:-1]) | (owners[1:] != owners[:-1])
    starts = np.flatnonzero(new)
    if not len(starts):
        return [], [], []
    cells, owned = cells[starts], owners[starts]
    # The way into a cell and out of it belongs to what is reached there.
    before = np.maximum(starts - 1, 0)
    before = np.where(owners[before] == owned, before, starts)
    after = np.append(starts[1:], len(owners) - 1)
    after = np.where(owners[after] == owned, after, starts)
    ends = points[before], points[after]
    low = np.minimum(np.minimum.reduceat(points, starts), np.minimum(*ends))
    high = np.maximum(np.maximum.reduceat(points, starts), np.maximum(*ends))
    order = np.argsort(cells)
    reaches = np.concatenate((low, high), axis=1)[order]
    return cells[order].tolist(), owned[order].tolist(), reaches.tolist()
