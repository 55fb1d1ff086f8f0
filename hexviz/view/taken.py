"""Where something is drawn already: boxes by coarse cells of the page, lines by fine ones.

::

    boxes                        lines
    ┌──────┬──────┐              cells in the order of rows, with the line in each:
    │ ┌──┐ │      │                row 0: 3 4 5 6    ┐ a place, which is flat, asks for
    │ └──┼─┼─┐    │                row 1: 5 6 7      ┘ a run of each row that it lies in
    └────┴─┴─┴────┘

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
        self._cells, self._lines = _cells_of(lines)

    def add(self, box: Rectangle) -> None:
        """Take a rectangle."""
        for cell in _coarse(box):
            self._boxes.setdefault(cell, []).append(box)

    def is_covered(self, place: Rectangle) -> bool:
        """Whether a place lies on any box."""
        left, top, right, bottom = place
        for cell in _coarse(place):
            if cell in self._boxes:
                for box in self._boxes[cell]:
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

    def lines_under(self, place: Rectangle, own: int) -> int:
        """How many lines other than its own run where a place is."""
        left, right = int(place[0] // _FINE), int(place[2] // _FINE)
        found: set[int] = set()
        for row in range(int(place[1] // _FINE), int(place[3] // _FINE) + 1):
            low = bisect_left(self._cells, row * _ROW + left)
            high = bisect_right(self._cells, row * _ROW + right, low)
            if low < high:
                found.update(self._lines[low:high])
        return len(found - {own})


def _coarse(box: Rectangle) -> list[tuple[int, int]]:
    columns = range(int(box[0] // _COARSE), int(box[2] // _COARSE) + 1)
    rows = range(int(box[1] // _COARSE), int(box[3] // _COARSE) + 1)
    return [(across, down) for across in columns for down in rows]


def _cells_of(lines: Tracks) -> tuple[list[int], list[int]]:
    """The fine cells that lines run through, in order, and the line in each."""
    way = lines.ends - lines.starts
    counts = np.maximum(1, np.rint(np.abs(way).max(axis=1, initial=0.0) / _FINE)).astype(np.int64)
    segment = np.repeat(np.arange(len(counts)), counts + 1)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(counts + 1) - (counts + 1), counts + 1)
    share = (step / counts[segment])[:, None]
    across, down = ((lines.starts[segment] + share * way[segment]) // _FINE).astype(np.int64).T
    cells, owners = down * _ROW + across, lines.owners()[segment]
    # Most points are where the one before is.
    new = np.ones(len(cells), dtype=np.bool_)
    new[1:] = (cells[1:] != cells[:-1]) | (owners[1:] != owners[:-1])
    cells, owners = cells[new], owners[new]
    order = np.argsort(cells)
    return cells[order].tolist(), owners[order].tolist()
