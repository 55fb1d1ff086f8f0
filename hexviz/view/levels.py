"""The open modules of a scene, and the part of each edge in every one that it passes.

::

    ┌ encoder ────────────┐    a ─▶ query  leaves no box, meets in encoder, enters layer.0:
    │  a ──▶│layer.0      │    a link a ─▶ layer.0 in encoder, and in layer.0 a line from the
    │       │  query key  │    port on its border to query
    └───────┴─────────────┘

The main path goes through the levels, too: where it enters a box, the path inside begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hexviz.view.cycles import backward
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Arrangement, Edge
from hexviz.view.satellites import Satellites
from hexviz.view.scene import Scene
from hexviz.view.spine import Step, main_path
from hexviz.view.stubs import FAINT_FAN

__all__ = ["Interior", "Levels", "Port", "Way"]

_NEARLY_ALL = 0.6

Port = tuple[int, tuple[str, ...], bool]
"""What crosses a border as one line: a source, the values it sends, whether past hidden ops."""


@dataclass(slots=True)
class Interior:
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
class Way:
    """An edge through the levels: boxes it leaves, the one its ends share, boxes it enters."""

    port: Port
    left: tuple[str, ...]
    meet: str
    entered: tuple[str, ...]


class Levels:
    """A scene split into its open modules, and every edge into its part in each of them."""

    def __init__(self, scene: Scene, satellites: Mapping[int, Satellites]) -> None:
        self.scene = scene
        self.interiors: dict[str, Interior] = {"": Interior(-1)}
        self.beside: set[int] = set()
        self.live: set[Port] = set()
        self._paths: dict[str, tuple[str, ...]] = {"": ("",)}
        self._arguments: dict[tuple[int, Port], int] = {}
        self._dotted = {node for group in satellites.values() for node in group.dots}
        for at, node in enumerate(scene.nodes):
            if node.is_open:
                self.interiors[node.key] = Interior(at)
                self._paths[node.key] = (*self._paths[node.parent], node.key)
        for at, node in enumerate(scene.nodes):
            if at not in self._dotted:
                self.interiors[node.parent].cells.append(at)
        self.ways: Sequence[Way] = [self._way(edge) for edge in scene.edges]
        self._connect()
        self._find_spine()

    def _connect(self) -> None:
        faint: dict[tuple[str, int], dict[int, None]] = {}
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
            if edge.source in self._dotted:
                self.beside.add(at)
                continue
            if edge.live:
                self.live.add(port)
            self._arguments[edge.target, port] = edge.argument
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

    def _way(self, edge: SceneEdge) -> Way:
        ups = self._paths[self.scene.nodes[edge.source].parent]
        downs = self._paths[self.scene.nodes[edge.target].parent]
        shared = 0
        for one, other in zip(ups, downs, strict=False):
            if one != other:
                break
            shared += 1
        port = (edge.source, edge.values, edge.via > 0)
        return Way(port, ups[shared:][::-1], ups[shared - 1], downs[shared:])

    def _first(self, entered: Sequence[str], edge: SceneEdge) -> int:
        """The node an edge leads to on a level: the next open box, or its target."""
        return self.interiors[entered[0]].node if entered else edge.target

    def _ends(self, way: Way, edge: SceneEdge) -> tuple[int, int]:
        """The siblings an edge runs between. A stub has no line, but its target stands below."""
        one = self.interiors[way.left[-1]].node if way.left else edge.source
        return one, self._first(way.entered, edge)

    def _find_spine(self) -> None:
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
                    Step(one, other, port in self.live, self.argument(inside, other, port))
                    for one, other, port in (steps[at] for at in kept)
                ],
                n_cells + inside.entries[start] if start in inside.entries else None,
                n_cells + n_entries + inside.exits[end] if end in inside.exits else None,
            )
            inside.spine = {kept[at] for at in path}
            self._hand_down(inside, [steps[kept[at]] for at in path], ends)

    def _hand_down(
        self,
        inside: Interior,
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

    def argument(self, inside: Interior, place: int, port: Port) -> int:
        """Which argument of a cell of an interior a line brings."""
        cell = inside.cells[place] if place < len(inside.cells) else -1
        return self._arguments.get((cell, port), 0)

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

    def parts(self, at: int) -> Iterator[tuple[str, int]]:
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
