"""The words in which one open module's layout is asked for and answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Arrangement", "Edge", "Jump", "Point", "Problem"]

Point = tuple[float, float]
"""x to the right and y down, in pixels; or a width and a height."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From a cell's bottom to another's top, each at an offset in pixels from its centre.

    The heavier an edge, the shorter and straighter it should be; one of weight 0
    is not drawn and only keeps its target below its source. An edge of the
    ``spine`` runs straight down. Edges into one cell come from left to right in
    the order of their ``argument``. ``line`` is the same for edges that carry the
    same, which may run together. ``free`` edges may enter beside the offset.
    """

    source: int
    target: int
    leave: float = 0.0
    enter: float = 0.0
    weight: int = 1
    spine: bool = False
    argument: int = 0
    line: int = -1
    free: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Cells by width and height, and the edges between them.

    Cells come in order of execution. The last ``entries + exits`` cells are
    points on the border: first those where edges come in, then those where
    they go out.
    """

    sizes: tuple[Point, ...]
    edges: tuple[Edge, ...]
    entries: int = 0
    exits: int = 0


@dataclass(frozen=True, slots=True)
class Jump:
    """An edge from one column to another: where the connectors with its number stand.

    Its first ``split`` bends lead to ``leave``, the others come from ``enter``.
    """

    number: int
    leave: Point
    enter: Point
    split: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A solved problem: the centre of each cell, and the bends of each edge.

    The origin is the top left corner, ``size`` the width and height in
    pixels. Bends are the control points of a smooth curve between the ends;
    an edge without bends is a straight line. ``enters`` are the offsets from
    its target's centre at which each edge comes in. ``upward`` are the
    positions of the edges that close a cycle, ``jumps`` those of the edges that are
    interrupted between two columns.
    """

    centres: tuple[Point, ...]
    bends: tuple[tuple[Point, ...], ...]
    size: Point
    enters: tuple[float, ...] = ()
    upward: frozenset[int] = frozenset()
    jumps: Mapping[int, Jump] = field(default_factory=dict)
