"""A finished layout: where everything on the page stands, and how lines run."""

from __future__ import annotations

from dataclasses import dataclass

from hexviz.view.problem import Point

__all__ = ["Box", "Connection", "Layout", "StubBox"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its centre and size, in pixels; y points down."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The y of its upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class StubBox:
    """A named stub: the edges that end in it, by their positions in the scene, and its place."""

    edges: tuple[int, ...]
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Connection:
    """An edge interrupted between two columns, by its position in the scene.

    Its line ends in the connector at ``leave`` and goes on from that at
    ``enter``, with control points ``before`` and ``after``. Edges that carry the
    same share connectors, which lie in the box ``key``.
    """

    edge: int
    number: int
    key: str
    leave: Box
    enter: Box
    before: tuple[Point, ...]
    after: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes and routes in the order of the scene's nodes and edges.

    A route is the control points between the ends of an edge; ``()`` is a
    straight line. ``enters`` is where each edge enters its target, in pixels
    from the middle of its upper side. ``upward`` are the edges that close a
    cycle: they leave below their source, go up beside what lies between and
    enter above their target. ``beside`` are those between a constant and its
    consumer, which run sideways. ``spine`` are the edges of the main path.
    ``connections`` are the edges that are not drawn as one line.
    """

    boxes: tuple[Box, ...]
    routes: tuple[tuple[Point, ...], ...]
    stubs: tuple[StubBox, ...]
    beside: frozenset[int]
    upward: frozenset[int]
    bounds: Box
    enters: tuple[float, ...] = ()
    spine: frozenset[int] = frozenset()
    connections: tuple[Connection, ...] = ()

    @property
    def interrupted(self) -> frozenset[int]:
        """The edges of which there is a connection."""
        return frozenset(link.edge for link in self.connections)
