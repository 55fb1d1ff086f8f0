"""Where everything on the page stands: each open module by itself, deepest first.

::

    ┌ encoder ──────────┐   1. lay out layer.0's children   → its size
    │ ┌ layer.0 ──────┐ │   2. lay out encoder's children,
    │ │ query  key    │ │      layer.0 as one cell of that size
    │ └───────────────┘ │   3. …the root; then add up the offsets
    │ [layer.1]         │
    └───────────────────┘

An edge into an open module enters through a point on its top border, one for
each source and what it sends, and goes on inside; its route is the routes of all
levels, joined. The main path goes through the levels, too: where it enters a box,
the path inside begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hexviz.view.cache import LayoutCache
from hexviz.view.cycles import backward
from hexviz.view.fold import CONNECTOR, fold
from hexviz.view.interior import arrange
from hexviz.view.labels import Label
from hexviz.view.metrics import PADDING, TITLE_HEIGHT
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Arrangement, Edge, Point, Problem
from hexviz.view.satellites import Satellites, attach, place_satellites, room
from hexviz.view.scene import Scene
from hexviz.view.spine import Step, main_path
from hexviz.view.stubs import FAINT_FAN

__all__ = ["Box", "Layout", "StubBox", "lay_out"]

_NEARLY_ALL = 0.6
_ENTRY_ROOM = 6.0
"""Pixels between a title and the first line that enters to its right."""

Port = tuple[int, tuple[str, ...], bool]
"""What crosses a border as one line: a source, the values it sends, whether past hidden ops."""


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


@dataclass(slots=True)
class _Interior:
    """An open module while its layout is put together.

    ``cells`` are its children by node position. ``links`` run between cells,
    ``entering`` ones from a port to a cell, ``leaving`` ones from a cell to a
    port; each with its place among its kind.
    """

    node: int
    cells: list[int] = field(default_factory=list)
    links: dict[tuple[int, int, Port], int] = field(default_factory=dict)
    entries: dict[Port, int] = field(default_factory=dict)
    exits: dict[Port, int] = field(default_factory=dict)
    entering: dict[tuple[Port, int], int] = field(default_factory=dict)
    leaving: dict[tuple[int, Port], int] = field(default_factory=dict)
    order: dict[tuple[int, int], None] = field(default_factory=dict)
    spine: set[int] = field(default_factory=set)
    arrangement: Arrangement | None = None
    entry_x: dict[Port, float] = field(default_factory=dict)
    exit_x: dict[Port, float] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    inset: float = 0.0
    top: float = 0.0

    def steps(self) -> list[tuple[int, int, Port]]:
        """All lines in it, from vertex to vertex: cells, then entries, then exits."""
        place = {cell: at for at, cell in enumerate(self.cells)}
        entry, exit_ = len(place), len(place) + len(self.entries)
        return [
            *((place[one], place[other], port) for one, other, port in self.links),
            *((entry + self.entries[port], place[cell], port) for port, cell in self.entering),
            *((place[cell], exit_ + self.exits[port], port) for cell, port in self.leaving),
        ]


@dataclass(frozen=True, slots=True)
class _Way:
    """An edge through the levels: boxes it leaves, the one its ends share, boxes it enters."""

    port: Port
    left: tuple[str, ...]
    meet: str
    entered: tuple[str, ...]


def lay_out(
    scene: Scene,
    labels: Sequence[Label],
    cache: LayoutCache[Problem, Arrangement],
    columns: int = 1,
) -> Layout:
    """Place all nodes of a scene and route its edges.

    ``labels`` go with ``scene.nodes``. ``cache`` keeps the layouts of single
    interiors from one call to the next. The outermost open box that holds nearly
    all folds into at most so many ``columns``.
    """
    beside = attach(scene)
    work = _Work(scene, labels, beside)
    work.connect()
    work.find_spine()
    folding = work.largest() if columns > 1 else None
    for key in reversed(list(work.interiors)):
        work.solve(key, cache, columns if key == folding else 1)
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
        self.live: set[Port] = set()
        self.ways: Sequence[_Way] = ()
        self.arguments: dict[tuple[int, Port], int] = {}
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
        self.ways = [self._way(edge) for edge in self.scene.edges]
        ranks = self._ranks()
        # What crosses a border first enters first: ports stand in order of execution.
        by_execution = sorted(
            enumerate(self.scene.edges),
            key=lambda pair: (ranks[pair[1].source], ranks[pair[1].target], pair[0]),
        )
        for at, edge in by_execution:
            way = self.ways[at]
            port = way.port
            if edge.stub:
                above, below = self._ends(way, edge)
                if edge.live:
                    self.interiors[way.meet].order[above, below] = None
                elif above < below:
                    faint.setdefault((way.meet, above), {})[below] = None
                continue
            if edge.source in self.dotted:
                self.beside.add(at)
                continue
            if edge.live:
                self.live.add(port)
            self.arguments[edge.target, port] = edge.argument
            cell = edge.source
            for key in way.left:
                inside = self.interiors[key]
                inside.exits.setdefault(port, len(inside.exits))
                inside.leaving.setdefault((cell, port), len(inside.leaving))
                cell = inside.node
            links = self.interiors[way.meet].links
            links.setdefault((cell, self._first(way.entered, edge), port), len(links))
            for depth, key in enumerate(way.entered):
                inside = self.interiors[key]
                inside.entries.setdefault(port, len(inside.entries))
                cell = self._first(way.entered[depth + 1 :], edge)
                inside.entering.setdefault((port, cell), len(inside.entering))
        for (meeting, above), others in faint.items():
            inside = self.interiors[meeting]
            # Closed, it would have a line, unless its business is tensors: a box keeps its
            # place when it is opened.
            emits = any(one == above and port in self.live for one, _, port in inside.links)
            if len(others) < FAINT_FAN and not emits:
                inside.order.update(((above, below), None) for below in others)

    def _ranks(self) -> list[int]:
        """For each node its place in the order of execution, across all levels."""
        inner: dict[str, list[int]] = {}
        for at, node in enumerate(self.scene.nodes):
            inner.setdefault(node.parent, []).append(at)
        ranks = [0] * len(self.scene.nodes)
        reached = 0
        pending = inner.get("", [])[::-1]
        while pending:
            at = pending.pop()
            ranks[at] = reached
            reached += 1
            if self.scene.nodes[at].is_open:
                pending.extend(inner.get(self.scene.nodes[at].key, [])[::-1])
        return ranks

    def _way(self, edge: SceneEdge) -> _Way:
        ups = self.paths[self.scene.nodes[edge.source].parent]
        downs = self.paths[self.scene.nodes[edge.target].parent]
        shared = 0
        for one, other in zip(ups, downs, strict=False):
            if one != other:
                break
            shared += 1
        port = (edge.source, edge.values, edge.via > 0)
        return _Way(port, ups[shared:][::-1], ups[shared - 1], downs[shared:])

    def _first(self, entered: Sequence[str], edge: SceneEdge) -> int:
        """The node an edge leads to on a level: the next open box, or its target."""
        return self.interiors[entered[0]].node if entered else edge.target

    def _ends(self, way: _Way, edge: SceneEdge) -> tuple[int, int]:
        """The siblings an edge runs between. A stub has no line, but its target stands below."""
        one = self.interiors[way.left[-1]].node if way.left else edge.source
        return one, self._first(way.entered, edge)

    def find_spine(self) -> None:
        """The main path of each interior, from the outermost inwards."""
        weights = self._weights()
        ends: dict[str, tuple[Port | None, Port | None]] = {}
        for key, inside in self.interiors.items():
            start, end = ends.get(key, (None, None))
            steps = inside.steps()
            turned = backward(
                len(inside.cells),
                [Edge(one, other) for one, other, _ in steps[: len(inside.links)]],
            )
            kept = [at for at in range(len(steps)) if at >= len(turned) or not turned[at]]
            n_cells, n_entries = len(inside.cells), len(inside.entries)
            path = main_path(
                [weights[cell] for cell in inside.cells] + [0] * (n_entries + len(inside.exits)),
                [
                    Step(one, other, port in self.live, self._argument(inside, other, port))
                    for one, other, port in (steps[at] for at in kept)
                ],
                n_cells + inside.entries[start] if start in inside.entries else None,
                n_cells + n_entries + inside.exits[end] if end in inside.exits else None,
            )
            inside.spine = {kept[at] for at in path}
            self._hand_down(inside, [steps[kept[at]] for at in path], ends)

    def _hand_down(
        self,
        inside: _Interior,
        path: Sequence[tuple[int, int, Port]],
        ends: dict[str, tuple[Port | None, Port | None]],
    ) -> None:
        """Tell the boxes on a path where it enters and leaves them."""
        comes: dict[int, Port] = {other: port for _, other, port in path}
        goes: dict[int, Port] = {one: port for one, _, port in path}
        for place in comes.keys() | goes.keys():
            if place < len(inside.cells):
                node = self.scene.nodes[inside.cells[place]]
                if node.is_open:
                    ends[node.key] = (comes.get(place), goes.get(place))

    def _weights(self) -> list[int]:
        """What each node counts on a path: a module its ops, what is loose one."""
        nodes = self.scene.nodes
        ops = list(self.scene.weights)
        for at in range(len(nodes) - 1, -1, -1):
            parent = self.interiors[nodes[at].parent].node
            if parent >= 0:
                ops[parent] += ops[at]
        return [
            max(count, 1) if node.kind == "module" else 1
            for node, count in zip(nodes, ops, strict=True)
        ]

    def _argument(self, inside: _Interior, place: int, port: Port) -> int:
        cell = inside.cells[place] if place < len(inside.cells) else -1
        return self.arguments.get((cell, port), 0)

    def _leave(self, cell: int, port: Port) -> float:
        """Where lines of a port leave a cell, from its middle."""
        node = self.scene.nodes[cell]
        return self.interiors[node.key].exit_x[port] if node.is_open else self._shift(cell)

    def _enter(self, cell: int, port: Port) -> float:
        node = self.scene.nodes[cell]
        return self.interiors[node.key].entry_x[port] if node.is_open else self._shift(cell)

    def _shift(self, cell: int) -> float:
        """How far right of the middle of its cell a node stands, because of what is beside it."""
        return room(self.satellites.get(cell), self.sizes[cell][1]) / 2

    def _edges(self, inside: _Interior) -> Iterable[Edge]:
        """The lines of an interior as its problem has them."""
        lines: dict[Port, int] = {}
        cells = inside.cells
        for at, (one, other, port) in enumerate(inside.steps()):
            to_node = other < len(cells)
            yield Edge(
                one,
                other,
                self._leave(cells[one], port) if one < len(cells) else 0.0,
                self._enter(cells[other], port) if to_node else 0.0,
                6 if port in self.live else 1,
                at in inside.spine,
                self._argument(inside, other, port),
                lines.setdefault(port, len(lines)),
                to_node and not self.scene.nodes[cells[other]].is_open,
            )

    def largest(self) -> str:
        """The innermost open box that nearly all nodes lie in."""
        nodes = self.scene.nodes
        held = [1] * len(nodes)
        for at in range(len(nodes) - 1, -1, -1):
            parent = self.interiors[nodes[at].parent].node
            if parent >= 0:
                held[parent] += held[at]
        key, total = "", len(nodes)
        while True:
            inside = self.interiors[key]
            most = max(
                (at for at in inside.cells if nodes[at].is_open), key=held.__getitem__, default=-1
            )
            if most < 0 or held[most] < _NEARLY_ALL * total:
                return key
            key, total = nodes[most].key, held[most]

    def solve(self, key: str, cache: LayoutCache[Problem, Arrangement], columns: int) -> None:
        """Lay one open module out; those in it are done already."""
        inside = self.interiors[key]
        place = {cell: at for at, cell in enumerate(inside.cells)}
        edges = [*self._edges(inside)]
        edges += [
            Edge(place[one], place[other], weight=0)
            for one, other in inside.order
            if one in place and other in place
        ]
        sizes = [
            (self.sizes[cell][0] + 2 * self._shift(cell), self.sizes[cell][1])
            for cell in inside.cells
        ]
        n_entries, n_exits = len(inside.entries), len(inside.exits)
        sizes += [(1.0, 1.0)] * (n_entries + n_exits)
        problem = Problem(tuple(sizes), tuple(edges), n_entries, n_exits)
        solved = arrange(problem, cache)
        if columns > 1:
            solved = fold(solved, problem, columns)
        inside.arrangement = solved
        if key == "":
            inside.width, inside.height = solved.size
            return
        self._frame(inside, solved)
        self.sizes[inside.node] = (inside.width, inside.height)

    def _frame(self, inside: _Interior, solved: Arrangement) -> None:
        """The border of an open box: lines come in to the right of its title."""
        n_cells, n_entries = len(inside.cells), len(inside.entries)
        width = solved.size[0]
        title = self.titles[inside.node]
        entry_x = {port: solved.centres[n_cells + at][0] for port, at in inside.entries.items()}
        leftmost = min(entry_x.values(), default=title)
        inside.inset = max(PADDING, title + _ENTRY_ROOM - leftmost if entry_x else 0.0)
        if not entry_x:
            inside.inset = max(PADDING, (title - width) / 2)
        inside.width = max(inside.inset + width + PADDING, title)
        # Where lines come through the border, the row of their ends is room enough.
        inside.top = TITLE_HEIGHT + (-6.0 if n_entries else PADDING)
        inside.height = inside.top + solved.size[1] + (0.0 if inside.exits else PADDING)
        half = inside.width / 2
        for port, x in entry_x.items():
            inside.entry_x[port] = x + inside.inset - half
        for port, at in inside.exits.items():
            inside.exit_x[port] = solved.centres[n_cells + n_entries + at][0] + inside.inset - half

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
                x += self._shift(cell) if not nodes[cell].is_open else 0.0  # noqa: PLW2901
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
        drawn = [
            not edge.stub and at not in self.beside for at, edge in enumerate(self.scene.edges)
        ]
        parts = [[*self._parts(at)] if shown else [] for at, shown in enumerate(drawn)]
        pieces = [self._route(at, parts[at], boxes, origin) for at in range(len(parts))]
        return Layout(
            tuple(boxes),
            tuple(() if len(routes) > 1 else routes[0] for routes in pieces),
            tuple(stubs),
            frozenset(self.beside),
            frozenset(
                at
                for at, steps in enumerate(parts)
                if any(place in self._solved(key).upward for key, place in steps)
            ),
            Box(root.width / 2, root.height / 2, root.width, root.height),
            tuple(self._entrance(at, steps) for at, steps in enumerate(parts)),
            frozenset(
                at
                for at, steps in enumerate(parts)
                if steps and all(place in self.interiors[key].spine for key, place in steps)
            ),
            tuple(
                self._connection(at, parts[at], routes, origin)
                for at, routes in enumerate(pieces)
                if len(routes) > 1
            ),
        )

    def _connection(
        self,
        at: int,
        parts: Sequence[tuple[str, int]],
        routes: Sequence[tuple[Point, ...]],
        origin: Mapping[str, Point],
    ) -> Connection:
        key, jump = next(
            (key, self._solved(key).jumps[place])
            for key, place in parts
            if place in self._solved(key).jumps
        )
        left, top = origin[key]
        leave, enter = (
            Box(left + x, top + y, CONNECTOR, CONNECTOR) for x, y in (jump.leave, jump.enter)
        )
        return Connection(at, jump.number, key, leave, enter, *routes)

    def _solved(self, key: str) -> Arrangement:
        solved = self.interiors[key].arrangement
        assert solved is not None  # noqa: S101 - every interior was solved before
        return solved

    def _parts(self, at: int) -> Iterable[tuple[str, int]]:
        """The interiors an edge runs through, from its source on, and its place in each."""
        edge, way = self.scene.edges[at], self.ways[at]
        cell = edge.source
        for key in way.left:
            inside = self.interiors[key]
            place = inside.leaving[cell, way.port]
            yield key, len(inside.links) + len(inside.entering) + place
            cell = inside.node
        yield (
            way.meet,
            self.interiors[way.meet].links[cell, self._first(way.entered, edge), way.port],
        )
        for depth, key in enumerate(way.entered):
            inside = self.interiors[key]
            cell = self._first(way.entered[depth + 1 :], edge)
            yield key, len(inside.links) + inside.entering[way.port, cell]

    def _entrance(self, at: int, parts: Sequence[tuple[str, int]]) -> float:
        if not parts:
            return 0.0
        key, place = parts[-1]
        return round(self._solved(key).enters[place] - self._shift(self.scene.edges[at].target), 1)

    def _route(
        self,
        at: int,
        parts: Sequence[tuple[str, int]],
        boxes: Sequence[Box],
        origin: Mapping[str, Point],
    ) -> list[tuple[Point, ...]]:
        """The control points of an edge, in two pieces if it is interrupted."""
        way = self.ways[at]
        pieces: list[list[Point]] = [[]]
        for level, (key, place) in enumerate(parts):
            inside, solved = self.interiors[key], self._solved(key)
            if level > len(way.left):
                box = boxes[inside.node]
                x = box.x + inside.entry_x[way.port]
                pieces[-1] += [(x, box.top), (x, box.top + TITLE_HEIGHT)]
            left, top = origin[key]
            bends = [(left + x, top + y) for x, y in solved.bends[place]]
            if place in solved.jumps:
                split = solved.jumps[place].split
                pieces[-1] += bends[:split]
                pieces.append(bends[split:])
            else:
                pieces[-1] += bends
            if level < len(way.left):
                box = boxes[inside.node]
                pieces[-1].append((box.x + inside.exit_x[way.port], box.bottom))
        return [tuple(points) for points in pieces]
