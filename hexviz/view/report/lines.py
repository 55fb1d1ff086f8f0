"""Which edges of a model are lines, and which are named stubs, whatever is open.

::

    root                     An edge is split into its part in each box it passes: out of
    ├─ mask ───╮             the boxes around its source, between two siblings where both
    └─ encoder │             meet, and into the boxes around its target.
       ├─ layer.0 ◀┤ line
       ├─ layer.1 ◀  stub    Where a value comes to many children of one box, the first
       └─ …                  has a line and the others a stub, in every state of the page.

The app decides this anew for what is open; a report has no server to ask, so
it is decided once, by the ops at the ends. A line's way through a box is known
by the box's *port*: the slot of the op where the line begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hexviz.view.index import Index
from hexviz.view.stubs import FAINT_FAN, FAN

__all__ = ["Interior", "Wire", "Wiring", "wire"]

_OUTSIDE = -1

Step = tuple[str, int]
"""A container's key, and the number of one of its children."""


@dataclass(slots=True)
class Interior:
    """One box with all of its children closed: who they are, and what runs between them.

    ``children`` are keys of containers and slots of ops, inputs and outputs.
    Lines are ``links`` between two children, ``entering`` from a port to a
    child and ``leaving`` from a child to a port; ``order`` are pairs of which
    the first should stand above. ``live`` are the links that carry tensors, as
    all lines through a port do. ``dots`` are constants drawn beside a child,
    ``stubs`` the edges (as positions in the index) that end in its stub.
    """

    children: tuple[str | int, ...]
    links: dict[tuple[int, int], None] = field(default_factory=dict)
    entering: dict[tuple[int, int], None] = field(default_factory=dict)
    leaving: dict[tuple[int, int], None] = field(default_factory=dict)
    order: dict[tuple[int, int], None] = field(default_factory=dict)
    dots: dict[int, list[int]] = field(default_factory=dict)
    stubs: dict[int, list[int]] = field(default_factory=dict)
    live: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Wire:
    """One edge of the model, by slots; ``value`` is its position in ``Index.values``."""

    source: int
    target: int
    value: int
    is_live: bool
    is_line: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """All boxes by key, and all edges but those of constants drawn beside their reader."""

    interiors: dict[str, Interior]
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """An edge on its way: out through ``left``, across ``meet``, in through ``entered``."""

    left: Sequence[Step]
    meet: str
    ends: tuple[int, int]
    entered: Sequence[Step]


def wire(index: Index) -> Wiring:
    """Split every edge of the model; linear in the graph, times the depth of its modules."""
    return _Work(index).run()


class _Work:
    def __init__(self, index: Index) -> None:
        self.index = index
        n_inputs, n_outputs = len(index.graph.inputs), len(index.graph.outputs)
        inputs = range(index.n_ops, index.n_ops + n_inputs)
        outputs = range(inputs.stop, inputs.stop + n_outputs)
        self.steps: list[tuple[Step, ...]] = [()] * outputs.stop
        above: dict[str, tuple[Step, ...]] = {"": ()}
        self.interiors: dict[str, Interior] = {}
        for key, box in index.containers.items():
            slots = [one if isinstance(one, str) else int(index.slot_of[one]) for one in box.items]
            children = (*inputs, *slots, *outputs) if key == "" else tuple(slots)
            self.interiors[key] = Interior(children)
            for at, child in enumerate(children):
                steps = (*above[key], (key, at))
                if isinstance(child, str):
                    above[child] = steps
                else:
                    self.steps[child] = steps
        folded = {int(index.slot_of[position]) for position in index.folded}
        self.edges = list(
            zip(index.source.tolist(), index.target.tolist(), index.value.tolist(), strict=True)
        )
        self.dotted = {
            source: target
            for source, target, _ in self.edges
            if source in folded and self.steps[source][:-1] == self.steps[target][:-1]
        }

    def _way(self, source: int, target: int) -> _Way:
        ups, downs = self.steps[source], self.steps[target]
        shared = next(at for at, (one, other) in enumerate(zip(ups, downs, strict=False))
                      if one != other)  # fmt: skip
        meet, ends = ups[shared][0], (ups[shared][1], downs[shared][1])
        return _Way(ups[shared + 1 :][::-1], meet, ends, downs[shared + 1 :])

    def run(self) -> Wiring:
        """Find the fans, then say of each edge whether it is a line."""
        for source, target in self.dotted.items():
            key, child = self.steps[target][-1]
            self.interiors[key].dots.setdefault(child, []).append(source)
        drawn = [edge for edge in self.edges if edge[0] not in self.dotted]
        ways = [self._way(source, target) for source, target, _ in drawn]
        kept = self._kept([edge[0] for edge in drawn], ways)
        wires = []
        reached: set[tuple[str, int, int]] = set()
        for (source, target, value), way in zip(drawn, ways, strict=True):
            is_live = bool(self.index.live[source])
            crosses = bool(way.left or way.entered)
            is_line = (is_live or not crosses) and all(
                (key, origin, source, child) in kept for key, origin, child in _forks(way)
            )
            wires.append(Wire(source, target, value, is_live, is_line))
            if is_line:
                self._draw(way, source, is_live)
                reached.update((key, child, source) for key, _, child in _forks(way))
            elif is_live:
                self.interiors[way.meet].order[way.ends] = None
        for at, (one, way) in enumerate(zip(wires, ways, strict=True)):
            if one.is_line:
                continue
            for key, _, child in _forks(way):
                # A box with a line from there needs no stub of the same name beside it.
                if (key, child, one.source) not in reached:
                    self.interiors[key].stubs.setdefault(child, []).append(at)
        return Wiring(self.interiors, tuple(wires))

    def _kept(self, sources: list[int], ways: list[_Way]) -> set[tuple[str, int, int, int]]:
        """(box, where from, port, child) of every fork that is drawn."""
        fans: dict[tuple[str, int, int], dict[int, None]] = {}
        for source, way in zip(sources, ways, strict=True):
            for key, origin, child in _forks(way):
                fans.setdefault((key, origin, source), {})[child] = None
        return {
            (*fan, child)
            for fan, children in fans.items()
            for child in (
                [min(children)]
                if len(children) >= (FAN if self.index.live[fan[2]] else FAINT_FAN)
                else children
            )
        }

    def _draw(self, way: _Way, port: int, is_live: bool) -> None:
        for key, child in way.left:
            self.interiors[key].leaving[child, port] = None
        self.interiors[way.meet].links[way.ends] = None
        for key, child in way.entered:
            self.interiors[key].entering[port, child] = None
        if is_live:
            self.interiors[way.meet].live.add(way.ends)


def _forks(way: _Way) -> list[tuple[str, int, int]]:
    """Where a way could be one of many: (box, the child or border it comes from, child)."""
    return [(way.meet, *way.ends), *((key, _OUTSIDE, child) for key, child in way.entered)]
