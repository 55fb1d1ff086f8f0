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

from hexviz.view.cache import LayoutCache
from hexviz.view.drawing import Box, Connection, Layout, StubBox
from hexviz.view.fold import CONNECTOR, fold
from hexviz.view.interior import arrange
from hexviz.view.labels import Label
from hexviz.view.levels import Interior, Levels, Port
from hexviz.view.metrics import PADDING, TITLE_HEIGHT
from hexviz.view.problem import Arrangement, Edge, Point, Problem
from hexviz.view.satellites import Satellites, attach, place_satellites, room
from hexviz.view.scene import Scene

__all__ = ["lay_out"]

_ENTRY_ROOM = 6.0
"""Pixels between a title and the first line that enters to its right."""


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
    levels = Levels(scene, beside)
    work = _Work(levels, labels, beside)
    folding = levels.largest() if columns > 1 else None
    for key in reversed(list(levels.interiors)):
        work.solve(key, cache, columns if key == folding else 1)
    return work.finish()


class _Work:
    """One run of the layout, over the levels of a scene."""

    def __init__(
        self,
        levels: Levels,
        labels: Sequence[Label],
        satellites: Mapping[int, Satellites],
    ) -> None:
        self.scene = levels.scene
        self.levels = levels
        self.interiors = levels.interiors
        self.satellites = satellites
        self.sizes: list[Point] = [label.size for label in labels]
        self.titles = [label.size[0] for label in labels]

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

    def _edges(self, inside: Interior) -> Iterable[Edge]:
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
                6 if port in self.levels.live else 1,
                at in inside.spine,
                self.levels.argument(inside, other, port),
                lines.setdefault(port, len(lines)),
                to_node and not self.scene.nodes[cells[other]].is_open,
            )

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

    def _frame(self, inside: Interior, solved: Arrangement) -> None:
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
        beside = self.levels.beside
        drawn = [not edge.stub and at not in beside for at, edge in enumerate(self.scene.edges)]
        parts = [[*self.levels.parts(at)] if shown else [] for at, shown in enumerate(drawn)]
        pieces = [self._route(at, parts[at], boxes, origin) for at in range(len(parts))]
        return Layout(
            tuple(boxes),
            tuple(() if len(routes) > 1 else routes[0] for routes in pieces),
            tuple(stubs),
            frozenset(beside),
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
        way = self.levels.ways[at]
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
