"""Where everything on the page stands: each open module by itself, deepest first.

::

    ┌ encoder ──────────┐   1. lay out layer.0's children   → its size
    │ ┌ layer.0 ──────┐ │   2. lay out encoder's children,
    │ │ query  key    │ │      layer.0 as one cell of that size
    │ └───────────────┘ │   3. …the root; then add up the offsets
    │ [layer.1]         │
    └───────────────────┘

An edge into an open module enters through a point on its top border, one per
source, and goes on inside; its route is the routes of all levels, joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hexviz.view.cache import LayoutCache
from hexviz.view.interior import arrange
from hexviz.view.labels import Label
from hexviz.view.metrics import PADDING, TITLE_HEIGHT
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Arrangement, Edge, Point, Problem
from hexviz.view.satellites import Satellites, attach, place_satellites, room
from hexviz.view.scene import Scene
from hexviz.view.stubs import FAINT_FAN

__all__ = ["Box", "Layout", "StubBox", "lay_out"]

_APART = 9.0
"""Pixels between lines that come in side by side."""


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
class Layout:
    """Boxes and routes in the order of the scene's nodes and edges.

    A route is the control points between the ends of an edge; ``()`` is a
    straight line. ``upward`` are the edges that leave at the top and enter at
    the bottom, because they close a cycle. ``beside`` are those between a
    constant and its consumer, which run sideways.
    """

    boxes: tuple[Box, ...]
    routes: tuple[tuple[Point, ...], ...]
    stubs: tuple[StubBox, ...]
    beside: frozenset[int]
    upward: frozenset[int]
    bounds: Box


@dataclass(slots=True)
class _Interior:
    """An open module while its layout is put together.

    ``cells`` are its children by node position. A port is known by the node
    at the far end of its lines: where they start.
    """

    node: int
    cells: list[int] = field(default_factory=list)
    links: dict[tuple[int, int, int], int] = field(default_factory=dict)
    entries: dict[int, int] = field(default_factory=dict)
    exits: dict[int, int] = field(default_factory=dict)
    entering: dict[tuple[int, int], int] = field(default_factory=dict)
    leaving: dict[tuple[int, int], int] = field(default_factory=dict)
    order: dict[tuple[int, int], None] = field(default_factory=dict)
    arrangement: Arrangement | None = None
    entry_x: dict[int, float] = field(default_factory=dict)
    exit_x: dict[int, float] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    inset: float = 0.0
    top: float = 0.0


def lay_out(
    scene: Scene,
    labels: Sequence[Label],
    cache: LayoutCache[Problem, Arrangement],
) -> Layout:
    """Place all nodes of a scene and route its edges.

    ``labels`` go with ``scene.nodes``. ``cache`` keeps the layouts of single
    interiors from one call to the next.
    """
    beside = attach(scene)
    work = _Work(scene, labels, beside)
    work.connect()
    for key in reversed(list(work.interiors)):
        work.solve(key, cache)
    return work.finish()


class _Work:
    """One run of the layout."""

    def __init__(
        self,
        scene: Scene,
        labels: Sequence[Label],
        satellites: Mapping[int, Satellites],
    ) -> None:
        self.scene = scene
        self.satellites = satellites
        self.sizes: list[Point] = [label.size for label in labels]
        self.titles = [label.size[0] for label in labels]
        self.interiors: dict[str, _Interior] = {"": _Interior(-1)}
        self.paths: dict[str, tuple[str, ...]] = {"": ("",)}
        self.beside: set[int] = set()
        dotted = {node for group in satellites.values() for node in group.dots}
        for at, node in enumerate(scene.nodes):
            if node.is_open:
                self.interiors[node.key] = _Interior(at)
                self.paths[node.key] = (*self.paths[node.parent], node.key)
        for at, node in enumerate(scene.nodes):
            if at not in dotted:
                self.interiors[node.parent].cells.append(at)
        self.dotted = dotted

    def connect(self) -> None:
        """Split every edge into its part in each open module it passes."""
        faint: dict[tuple[str, int], dict[int, None]] = {}
        self.live: set[int] = set()
        self.routes: list[tuple[list[str], str, list[str]]] = []
        for at, edge in enumerate(self.scene.edges):
            source, target = self.scene.nodes[edge.source], self.scene.nodes[edge.target]
            ups, downs = self.paths[source.parent], self.paths[target.parent]
            shared = 0
            for one, other in zip(ups, downs, strict=False):
                if one != other:
                    break
                shared += 1
            left, meet, entered = ups[shared:][::-1], ups[shared - 1], downs[shared:]
            self.routes.append((list(left), meet, list(entered)))
            if edge.stub:
                above, below = self._ends(left, entered, edge)
                if edge.live:
                    self.interiors[meet].order[above, below] = None
                elif above < below:
                    faint.setdefault((meet, above), {})[below] = None
                continue
            if edge.source in self.dotted:
                self.beside.add(at)
                continue
            cell = edge.source
            for key in left:
                inside = self.interiors[key]
                inside.exits.setdefault(edge.source, len(inside.exits))
                inside.leaving.setdefault((cell, edge.source), len(inside.leaving))
                cell = inside.node
            first = self.interiors[entered[0]].node if entered else edge.target
            links = self.interiors[meet].links
            links.setdefault((cell, first, edge.source), len(links))
            self.live |= {edge.source} if edge.live else set()
            for depth, key in enumerate(entered):
                inside = self.interiors[key]
                inside.entries.setdefault(edge.source, len(inside.entries))
                deeper = entered[depth + 1 :]
                cell = self.interiors[deeper[0]].node if deeper else edge.target
                inside.entering.setdefault((edge.source, cell), len(inside.entering))
        for (meeting, above), others in faint.items():
            if len(others) < FAINT_FAN:
                # Closed, it would have a line: a box keeps its place when it is opened.
                self.interiors[meeting].order.update(((above, below), None) for below in others)

    def _ends(
        self, left: Sequence[str], entered: Sequence[str], edge: SceneEdge
    ) -> tuple[int, int]:
        """The siblings an edge runs between. A stub has no line, but its target stands below."""
        one = self.interiors[left[-1]].node if left else edge.source
        return one, self.interiors[entered[0]].node if entered else edge.target

    def _leave(self, cell: int, port: int) -> float:
        """Where lines of a port leave a cell, from its middle."""
        node = self.scene.nodes[cell]
        return self.interiors[node.key].exit_x[port] if node.is_open else 0.0

    def _enter(self, cell: int, port: int) -> float:
        node = self.scene.nodes[cell]
        return self.interiors[node.key].entry_x[port] if node.is_open else 0.0

    def _weight(self, port: int) -> int:
        return 6 if port in self.live else 1

    def solve(self, key: str, cache: LayoutCache[Problem, Arrangement]) -> None:
        """Lay one open module out; those in it are done already."""
        inside = self.interiors[key]
        place = {cell: at for at, cell in enumerate(inside.cells)}
        n_cells, n_entries = len(place), len(inside.entries)
        edges = [
            Edge(
                place[one],
                place[other],
                self._leave(one, port),
                self._enter(other, port),
                self._weight(port),
            )
            for one, other, port in inside.links
        ]
        edges += [
            Edge(
                n_cells + inside.entries[port],
                place[cell],
                0.0,
                self._enter(cell, port),
                self._weight(port),
            )
            for port, cell in inside.entering
        ]
        edges += [
            Edge(
                place[cell],
                n_cells + n_entries + inside.exits[port],
                self._leave(cell, port),
                0.0,
                self._weight(port),
            )
            for cell, port in inside.leaving
        ]
        edges += [
            Edge(place[one], place[other], weight=0)
            for one, other in inside.order
            if one in place and other in place
        ]
        sizes = [room(self.satellites.get(cell), self.sizes[cell]) for cell in inside.cells]
        sizes += [(1.0, 1.0)] * (n_entries + len(inside.exits))
        solved = arrange(Problem(tuple(sizes), tuple(edges), n_entries, len(inside.exits)), cache)
        inside.arrangement = solved
        if key == "":
            inside.width, inside.height = solved.size
            return
        title = self.titles[inside.node]
        wanted = title + (24.0 * min(n_entries, 3) if n_entries else 0.0)
        inside.width = max(solved.size[0] + 2 * PADDING, wanted)
        inside.inset = (inside.width - solved.size[0]) / 2
        # Where lines come through the border, the row of their ends is room enough.
        inside.top = TITLE_HEIGHT + (-6.0 if n_entries else PADDING)
        inside.height = inside.top + solved.size[1] + (0.0 if inside.exits else PADDING)
        half = inside.width / 2
        reached = min(title + 8.0, inside.width - 12.0)
        places = {port: solved.centres[n_cells + at][0] for port, at in inside.entries.items()}
        for port in sorted(places, key=places.__getitem__):
            # Right of the title, and apart from each other while there is room.
            x = min(max(places[port] + inside.inset, reached), inside.width - 12.0)
            inside.entry_x[port] = round(x - half, 1)
            reached = x + _APART
        for port, at in inside.exits.items():
            x = solved.centres[n_cells + n_entries + at][0] + inside.inset
            inside.exit_x[port] = round(x - half, 1)
        self.sizes[inside.node] = (inside.width, inside.height)

    def finish(self) -> Layout:
        """Add the offsets up, parents first, and join the routes."""
        nodes = self.scene.nodes
        boxes: list[Box] = [Box(0, 0, 0, 0)] * len(nodes)
        stubs: list[StubBox] = []
        origin: dict[str, Point] = {}
        for key, inside in self.interiors.items():
            if key == "":
                origin[key] = (0.0, 0.0)
            else:
                box = boxes[inside.node]
                origin[key] = (box.left + inside.inset, box.top + inside.top)
            left, top = origin[key]
            for cell, (x, y) in zip(inside.cells, self._solved(key).centres, strict=False):
                boxes[cell] = Box(left + x, top + y, *self.sizes[cell])
                group = self.satellites.get(cell)
                if group is None:
                    continue
                dots, stub = place_satellites(group, (left + x, top + y), self.sizes[cell])
                for node, centre in dots:
                    boxes[node] = Box(*centre, *self.sizes[node])
                if stub is not None:
                    stubs.append(StubBox(tuple(group.stubs), group.text, Box(*stub[0], *stub[1])))
        root = self.interiors[""]
        upward: set[int] = set()
        routes = [
            () if edge.stub or at in self.beside else self._route(at, boxes, origin, upward)
            for at, edge in enumerate(self.scene.edges)
        ]
        return Layout(
            tuple(boxes),
            tuple(routes),
            tuple(stubs),
            frozenset(self.beside),
            frozenset(upward),
            Box(root.width / 2, root.height / 2, root.width, root.height),
        )

    def _solved(self, key: str) -> Arrangement:
        solved = self.interiors[key].arrangement
        assert solved is not None  # noqa: S101 - every interior was solved before
        return solved

    def _route(
        self, at: int, boxes: Sequence[Box], origin: Mapping[str, Point], upward: set[int]
    ) -> tuple[Point, ...]:
        edge = self.scene.edges[at]
        left, meet, entered = self.routes[at]
        port = edge.source
        points: list[Point] = []
        cell = edge.source
        for key in left:
            inside = self.interiors[key]
            place = len(inside.links) + len(inside.entering) + inside.leaving[cell, port]
            points += self._bends(key, place, origin)
            box = boxes[inside.node]
            points.append((box.x + inside.exit_x[port], box.bottom))
            cell = inside.node
        first = self.interiors[entered[0]].node if entered else edge.target
        points += self._bends(meet, self.interiors[meet].links[cell, first, port], origin)
        if boxes[first].top < boxes[cell].top and boxes[first].bottom <= boxes[cell].top:
            upward.add(at)
        for depth, key in enumerate(entered):
            inside = self.interiors[key]
            box = boxes[inside.node]
            x = box.x + inside.entry_x[port]
            points += [(x, box.top), (x, box.top + TITLE_HEIGHT)]
            deeper = entered[depth + 1 :]
            cell = self.interiors[deeper[0]].node if deeper else edge.target
            points += self._inward(key, port, cell, origin, (x, box.top + TITLE_HEIGHT))
        return tuple(points)

    def _inward(
        self, key: str, port: int, cell: int, origin: Mapping[str, Point], entry: Point
    ) -> list[Point]:
        """The bends of a line inside of a box, from where it came in.

        The title may have pushed it aside. Where it ends in the first row it goes
        on from there, elsewhere it first returns to the way laid out for it.
        """
        inside = self.interiors[key]
        bends = self._bends(key, len(inside.links) + inside.entering[port, cell], origin)
        place = len(inside.cells) + inside.entries[port]
        meant = origin[key][0] + self._solved(key).centres[place][0]
        x, y = entry
        if abs(meant - x) < 1.0:
            return bends
        if len(bends) == 2:
            return [(x, bends[0][1]), bends[1]]
        return [(meant, y + 8.0), *(bend for bend in bends if bend[1] > y + 12.0)]

    def _bends(self, key: str, place: int, origin: Mapping[str, Point]) -> list[Point]:
        left, top = origin[key]
        return [(left + x, top + y) for x, y in self._solved(key).bends[place]]
