"""The words in which one open module's layout is asked for and answered."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Arrangement", "Edge", "Point", "Problem"]

Point = tuple[float, float]
"""x to the right and y down, in pixels; or a width and a height."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From a cell's bottom to another's top, each at an offset in pixels from its centre.

    The heavier an edge, the shorter and straighter it should be.
    """

    source: int
    target: int
    leave: float = 0.0
    enter: float = 0.0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Cells by width and height, and the edges between them.

    The last ``entries + exits`` cells are points on the border: first those
    where edges come in, then those where they go out.
    """

    sizes: tuple[Point, ...]
    edges: tuple[Edge, ...]
    entries: int = 0
    exits: int = 0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A solved problem: the centre of each cell, and the bends of each edge.

    The origin is the top left corner, ``size`` the width and height in
    pixels. Bends are the control points of a smooth curve between the ends;
    an edge without bends is a straight line.
    """

    centres: tuple[Point, ...]
    bends: tuple[tuple[Point, ...], ...]
    size: Point
