"""Where things stand in each box while all of its children are closed.

A browser that opens a child puts these together: the interior is stretched
where the child is, as much as the child grows (``place.js``)::

    ┌ a ───────────┐        ┌ a ─────────────────┐
    │  [b]   [c]   │        │  ┌ b ───────┐      │      what is right of b moves by
    │     ╲  ╱     │   ⇒    │  │ [p]→[q]  │ [c]  │      as much as b grows, what is
    │     [d]      │        │  └──────────┘      │      above or below it by a share
    └──────────────┘        │      [d]           │      of that
                            └────────────────────┘

Stretching never turns an order around: what stood apart stays apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hexviz.view.cache import LayoutCache
from hexviz.view.index import Index
from hexviz.view.interior import arrange
from hexviz.view.labels import Label, label_of, title_width
from hexviz.view.metrics import PADDING, TITLE_HEIGHT, shorten
from hexviz.view.parts import Kind, SceneNode
from hexviz.view.problem import Edge, Point, Problem
from hexviz.view.render import Layouts
from hexviz.view.report.lines import Interior, Wire, Wiring
from hexviz.view.satellites import Satellites, place_satellites, room

__all__ = ["Cell", "Placed", "lay_out_interiors", "node_of"]

_APART = 9.0  # pixels between lines that come in side by side
_HEAVY = 6
_STUB_NAME = 16
_MANY = 8192


@dataclass(frozen=True, slots=True)
class Cell:
    """One child of a box: the centre and size of its box, and the width of all that is its own.

    ``dots`` are constants beside it: (slot, centre as seen from its own).
    ``stub`` is (text, centre, size, slots it stands for), ``None`` if it has none.
    """

    child: str | int
    label: Label
    centre: Point
    size: Point
    room: float
    dots: tuple[tuple[int, Point], ...]
    stub: tuple[str, Point, Point, tuple[int, ...]] | None


@dataclass(frozen=True, slots=True)
class Placed:
    """One box, open, with all of its children closed; its top left corner is the origin.

    ``links`` are lines between two cells, by their positions; ``entering``
    and ``leaving`` begin or end on the border and belong to a port. Points are
    control points between the ends.
    """

    title: str
    size: Point
    cells: tuple[Cell, ...]
    links: dict[tuple[int, int], tuple[Point, ...]]
    entering: dict[tuple[int, int], tuple[Point, ...]]
    leaving: dict[tuple[int, int], tuple[Point, ...]]


def lay_out_interiors(index: Index, wiring: Wiring) -> dict[str, Placed]:
    """Lay out every box of a model; equal ones are worked out once."""
    cache: Layouts = LayoutCache(_MANY)
    return {
        key: _lay_out(index, key, interior, wiring.wires, cache)
        for key, interior in wiring.interiors.items()
    }


def node_of(index: Index, key: str, child: str | int) -> SceneNode:
    """A child of a box as a scene has it."""
    depth = index.containers[key].depth + 1
    if isinstance(child, str):
        kind: Kind = "section" if index.containers[child].is_section else "module"
        return SceneNode(f"m:{child}", kind, key, depth, child)
    if child < index.n_ops:
        position = int(index.op_at[child])
        kind = "constant" if position in index.folded else "op"
        return SceneNode(f"o:{position}", kind, key, depth, position=position)
    at = child - index.n_ops
    n_inputs = len(index.graph.inputs)
    if at < n_inputs:
        return SceneNode(f"i:{at}", "input", key, depth, position=at)
    return SceneNode(f"u:{at - n_inputs}", "output", key, depth, position=at - n_inputs)


def _lay_out(
    index: Index, key: str, inside: Interior, wires: Sequence[Wire], cache: Layouts
) -> Placed:
    dotted = {slot for slots in inside.dots.values() for slot in slots}
    cells = [at for at, child in enumerate(inside.children) if child not in dotted]
    place = {child: at for at, child in enumerate(cells)}
    labels = [label_of(index, node_of(index, key, inside.children[at])) for at in cells]
    beside = [_satellites(index, inside, at, wires) for at in cells]
    rooms = [room(group, label.size) for group, label in zip(beside, labels, strict=True)]
    entries = {port: at for at, port in enumerate(dict.fromkeys(p for p, _ in inside.entering))}
    exits = {port: at for at, port in enumerate(dict.fromkeys(p for _, p in inside.leaving))}
    n_cells = len(cells)
    last = n_cells + len(entries)

    edges = [
        Edge(place[a], place[b], weight=_HEAVY if (a, b) in inside.live else 1)
        for a, b in inside.links
    ]
    edges += [Edge(n_cells + entries[p], place[b], weight=_HEAVY) for p, b in inside.entering]
    edges += [Edge(place[a], last + exits[p], weight=_HEAVY) for a, p in inside.leaving]
    edges += [
        Edge(place[a], place[b], weight=0) for a, b in inside.order if (a, b) not in inside.links
    ]
    sizes = (*rooms, *((1.0, 1.0) for _ in range(len(entries) + len(exits))))
    solved = arrange(Problem(sizes, tuple(edges), len(entries), len(exits)), cache)

    title = _title(index, key)
    wanted = title.size[0] + 24.0 * min(len(entries), 3)
    margin = PADDING if key else 0.0
    width = max(solved.size[0] + 2 * margin, wanted)
    left = (width - solved.size[0]) / 2
    top = 0.0 if not key else TITLE_HEIGHT + (-6.0 if entries else PADDING)
    height = top + solved.size[1] + (0.0 if exits else margin)

    def moved(points: Sequence[Point]) -> tuple[Point, ...]:
        return tuple((left + x, top + y) for x, y in points)

    meant = {port: left + solved.centres[n_cells + at][0] for port, at in entries.items()}
    doors = _doors(meant, title.size[0] + 8.0, width - 12.0)
    bends = iter(solved.bends)
    links = {ends: moved(next(bends)) for ends in inside.links}
    entering = {
        (port, child): _inward((doors[port], meant[port]), moved(next(bends)))
        for port, child in inside.entering
    }
    leaving = {
        (child, port): (*moved(next(bends)), (left + solved.centres[last + exits[port]][0], height))
        for child, port in inside.leaving
    }
    return Placed(
        title=title.text,
        size=(width, height),
        cells=tuple(
            _cell(inside.children[at], label, moved([solved.centres[n]])[0], group, wires)
            for n, (at, label, group) in enumerate(zip(cells, labels, beside, strict=True))
        ),
        links={(place[a], place[b]): path for (a, b), path in links.items()},
        entering={(port, place[b]): path for (port, b), path in entering.items()},
        leaving={(place[a], port): path for (a, port), path in leaving.items()},
    )


def _title(index: Index, key: str) -> Label:
    if key == "":
        return Label("", (0.0, 0.0))
    box = index.containers[key]
    node = node_of(index, box.parent or "", key)
    if not box.members:
        return label_of(index, replace(node, is_open=True))
    # The app shows one member of a stack for all, here all are shown: named as while it is closed.
    text = label_of(index, node).text.replace("\n", "  ").rpartition(" · ")[0]
    return Label(text, (title_width(text), TITLE_HEIGHT))


def _doors(meant: dict[int, float], first: float, last: float) -> dict[int, float]:
    """Where lines come in: right of the title, and apart from each other while there is room."""
    doors: dict[int, float] = {}
    for port in sorted(meant, key=meant.__getitem__):
        doors[port] = min(max(meant[port], first), last)
        first = doors[port] + _APART
    return doors


def _inward(door: tuple[float, float], bends: Sequence[Point]) -> tuple[Point, ...]:
    """A line from its door on; pushed aside by the title, it returns to the way laid out for it."""
    x, meant = door
    head = ((x, 0.0), (x, TITLE_HEIGHT))
    if abs(meant - x) < 1.0:
        return (*head, *bends)
    if len(bends) == 2:
        return (*head, (x, bends[0][1]), bends[1])
    return (
        *head,
        (meant, TITLE_HEIGHT + 8.0),
        *(bend for bend in bends if bend[1] > TITLE_HEIGHT + 12.0),
    )


def _satellites(
    index: Index, inside: Interior, child: int, wires: Sequence[Wire]
) -> Satellites | None:
    dots, stubs = inside.dots.get(child, []), inside.stubs.get(child, [])
    if not dots and not stubs:
        return None
    ranked = sorted(stubs, key=lambda at: not wires[at].is_live)
    values = list(dict.fromkeys(wires[at].value for at in ranked))
    text = ""
    if values:
        name = index.graph.value(index.values[values[0]]).name.rpartition("/")[2]
        text = shorten(name, _STUB_NAME) + (f" +{len(values) - 1}" if len(values) > 1 else "")
    return Satellites(list(dots), ranked, text)


def _cell(
    child: str | int,
    label: Label,
    centre: Point,
    group: Satellites | None,
    wires: Sequence[Wire],
) -> Cell:
    dots: list[tuple[int, Point]] = []
    stub = None
    if group is not None:
        dots, box = place_satellites(group, (0.0, 0.0), label.size)
        if box is not None:
            sources = tuple(dict.fromkeys(wires[at].source for at in group.stubs))
            stub = (group.text, *box, sources)
    width = room(group, label.size)[0]
    return Cell(child, label, centre, label.size, width, tuple(dots), stub)
