"""What never changes while a person opens and closes modules, computed once.

The ops are numbered so that every module and every call holds one run of *slots*::

    module tree with ops          slots   0 1 2 3 4 5
    root ── a ── b (2 ops)        b       ├─┤
      │     └─ 1 op               a       ├───┤
      └─ 3 ops                    root    ├─────────┤

What is visible then takes one slice assignment per visible node, and lifting
all edges of the model one indexing of two arrays. A module with too many
direct children is split along their order into *sections*, which open and
close like modules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hexviz.model.cached import cached_property
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.types import Shape
from hexviz.view.calls import CallGroup, group_calls
from hexviz.view.containers import Container, contain
from hexviz.view.palette import Palette, Theme, kind_of

__all__ = ["SECTION", "Index", "Placement", "build_index", "is_moved"]

Placement = Literal["module", "context"]
Ints = npt.NDArray[np.int64]

SECTION = 150
"""Direct children a container may have before it is split into sections."""


@dataclass(frozen=True)
class Index:
    """A graph made ready for drawing under one placement of its auxiliary ops.

    ``slot_of`` maps a position in ``graph.ops`` to its slot, ``op_at`` the
    other way. Model inputs and outputs follow in the slots after the ops.
    ``hosts`` leads from a module that has no box of its own to the key of the
    box it shares with what is alone in it. ``calls`` are what stands in the
    boxes of calls, by their keys.
    ``source``, ``target`` and ``value`` are the edges, as slots and positions
    in ``values``. ``home`` is the container key of each position,
    ``topological`` ranks the slots of ops so that edges go up. ``live`` marks
    the slots whose tensors depend on the model's inputs, other than through
    their shapes. ``folded`` are the positions of constants that are drawn as
    dots beside their only consumer.
    """

    graph: TaggedGraph
    placement: Placement
    containers: Mapping[str, Container]
    hosts: Mapping[str, str]
    calls: Mapping[str, CallGroup]
    home: tuple[str, ...]
    slot_of: Ints
    op_at: Ints
    source: Ints
    target: Ints
    value: Ints
    values: tuple[str, ...]
    topological: Ints
    live: npt.NDArray[np.bool_]
    folded: frozenset[int]
    palettes: Mapping[Theme, Palette]

    @cached_property
    def call_around(self) -> Mapping[int, str]:
        """Position → the key of the call around it that says most: the innermost."""
        found: dict[int, str] = {}
        for key, box in self.containers.items():  # outer ones first
            if box.is_call:
                found.update(dict.fromkeys(self.op_at[box.low : box.high].tolist(), key))
        return found

    @cached_property
    def stacks(self) -> Mapping[str, Container]:
        """The containers that are stacks of equal siblings."""
        return {key: box for key, box in self.containers.items() if box.members}

    @cached_property
    def guests(self) -> Mapping[str, str]:
        """The box of several modules → the outermost of them."""
        outermost: dict[str, str] = {}
        for fqn, key in self.hosts.items():
            if key not in outermost or len(fqn) < len(outermost[key]):
                outermost[key] = fqn
        return outermost

    @cached_property
    def _moved(self) -> Ints:
        """The slots of ops that stand elsewhere than where they ran, in order."""
        ops = self.graph.ops
        moved = [is_moved(ops[at]) for at in self.op_at.tolist()]
        return np.flatnonzero(moved if self.placement == "context" else [])

    def moved_in(self, box: Container) -> int:
        """How many ops in a box stand elsewhere than where they ran."""
        low, high = np.searchsorted(self._moved, [box.low, box.high])
        return int(high - low)

    @cached_property
    def computing(self) -> Ints:
        """The slots of ops that compute with tensors: live ones that are not auxiliary."""
        ops = self.graph.ops
        primary = [ops[at].auxiliary is None for at in self.op_at.tolist()]
        return np.flatnonzero(self.live[: len(primary)] & np.array(primary, dtype=np.bool_))

    @property
    def n_ops(self) -> int:
        """Number of ops; the slots from here on are the model's inputs, then its outputs."""
        return len(self.home)

    def box_of(self, fqn: str) -> str | None:
        """The key of a module's box, which others may share; ``None`` if it has no ops."""
        key = self.hosts.get(fqn, fqn)
        return key if key in self.containers else None

    def path(self, key: str) -> list[str]:
        """The containers around one, root first, the one itself last."""
        steps = [key]
        while (parent := self.containers[steps[-1]].parent) is not None:
            steps.append(parent)
        return steps[::-1]

    def kinds(self, key: str) -> list[str]:
        """The kinds of module whose colours the boxes around a container bear, and its own."""
        known = self._kinds
        if key not in known:
            faces = (self.containers[step].face for step in self.path(key))
            known[key] = tuple(dict.fromkeys(kind_of(self.graph.modules[face]) for face in faces))
        return list(known[key])

    def shape(self, value_id: str) -> str:
        """The shape of a value as an edge label: ``2×16×128``; ``""`` if unknown."""
        return _spelled(self._shape(value_id))

    def bulk(self, value_id: str) -> int:
        """How many elements a value has, dimensions without a number counted as 1; 0 if unknown."""
        shape = self._shape(value_id)
        if shape is None:
            return 0
        return math.prod(size for size in shape if isinstance(size, int))

    def _shape(self, value_id: str) -> Shape | None:
        known = self._shapes
        if value_id not in known:
            known[value_id] = self.graph.value(value_id).shape
        return known[value_id]

    # What is on the page stands there from picture to picture, and is dear to work out.

    @cached_property
    def _shapes(self) -> dict[str, Shape | None]:
        return {}

    @cached_property
    def _kinds(self) -> dict[str, tuple[str, ...]]:
        return {}


def _spelled(shape: tuple[int | str, ...] | None) -> str:
    """A shape as people write it on an edge.

    >>> _spelled((2, "seq", 128)), _spelled(()), _spelled(None)
    ('2×seq×128', 'scalar', '')
    """
    if shape is None:
        return ""
    return "×".join(map(str, shape)) if shape else "scalar"


def build_index(
    graph: TaggedGraph, placement: Placement = "module", *, section: int = SECTION
) -> Index:
    """Precompute all that drawing needs; linear in the graph.

    ``placement`` puts auxiliary ops where they ran (``module``) or at what
    they serve (``context``). ``section`` bounds the direct children of a
    container.
    """
    with collector_paused():
        return _build(graph, placement, section)


def _build(graph: TaggedGraph, placement: Placement, section: int) -> Index:
    modules = _placed(graph, placement)
    folded = frozenset(_folded(graph))
    alive = _alive(graph)
    calls = group_calls(graph, modules, alive, folded)
    boxes = contain(graph, modules, calls, folded, section)
    op_at, slot_of = boxes.op_at, boxes.slot_of
    source, target, value, values = _edges(graph, slot_of)
    topological = np.empty(len(op_at), dtype=np.int64)
    topological[slot_of[list(graph.flat.order)]] = np.arange(len(op_at))
    return Index(
        graph=graph,
        placement=placement,
        containers=boxes.containers,
        hosts=boxes.hosts,
        calls={
            key: group for key, group in _by_key(calls.values()).items() if key in boxes.containers
        },
        home=boxes.home,
        slot_of=slot_of,
        op_at=op_at,
        source=source,
        target=target,
        value=value,
        values=values,
        topological=topological,
        live=_live(graph, alive, slot_of),
        folded=folded,
        palettes={"light": Palette(graph.modules, "light"), "dark": Palette(graph.modules, "dark")},
    )


def _placed(graph: TaggedGraph, placement: Placement) -> list[str]:
    """The module in whose box each op stands."""
    if placement == "context":
        names = [op.context.module if op.context else op.module for op in graph.ops]
    else:
        names = [op.module for op in graph.ops]
    nearest = {name: graph.modules.nearest(name) for name in set(names)}
    return [nearest[name] for name in names]


def is_moved(op: Op) -> bool:
    """Whether an op stands elsewhere by what it serves than where it ran."""
    return op.context is not None and op.context.module != op.module


def _edges(graph: TaggedGraph, slot_of: Ints) -> tuple[Ints, Ints, Ints, tuple[str, ...]]:
    numbers: dict[str, int] = {}

    def number(value: str) -> int:
        return numbers.setdefault(value, len(numbers))

    slots: list[int] = slot_of.tolist()
    n_ops = len(slots)
    inputs = {value.id: n_ops + at for at, value in enumerate(graph.inputs)}
    outputs = {value.id: n_ops + len(inputs) + at for at, value in enumerate(graph.outputs)}
    triples = [
        (slots[source], slots[target], numbers.setdefault(value, len(numbers)))
        for source, target, value in graph.edges
    ]
    for slot, op in zip(slots, graph.ops, strict=True):
        if not inputs.keys().isdisjoint(op.inputs):
            triples += [
                (inputs[value], slot, number(value))
                for value in dict.fromkeys(op.inputs)
                if value in inputs
            ]
        if not outputs.keys().isdisjoint(op.outputs):
            triples += [
                (slot, outputs[value], number(value)) for value in op.outputs if value in outputs
            ]
    triples += [
        (slot, outputs[value], number(value)) for value, slot in inputs.items() if value in outputs
    ]
    table = np.array(triples, dtype=np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy(), tuple(numbers)


def _alive(graph: TaggedGraph) -> list[bool]:
    """Of each position, whether it depends on the model's inputs, other than through shapes."""
    inputs = {value.id for value in graph.inputs}
    alive = [False] * len(graph.ops)
    ops, predecessors = graph.ops, graph.flat.predecessors
    for position in graph.flat.order:
        op = ops[position]
        if op.op_type not in ("Shape", "Size"):
            alive[position] = True in [
                alive[before] for before in predecessors[position]
            ] or not inputs.isdisjoint(op.inputs)
    return alive


def _live(graph: TaggedGraph, alive: Sequence[bool], slot_of: Ints) -> npt.NDArray[np.bool_]:
    live = np.zeros(len(graph.ops) + len(graph.inputs) + len(graph.outputs), dtype=np.bool_)
    live[slot_of] = alive
    live[len(graph.ops) :] = True
    return live


def _by_key(groups: Iterable[CallGroup]) -> dict[str, CallGroup]:
    """The groups, and those in them, by key."""
    found: dict[str, CallGroup] = {}
    for group in groups:
        if group.key not in found:
            found[group.key] = group
            found |= _by_key(one for one in group.members if isinstance(one, CallGroup))
    return found


def _folded(graph: TaggedGraph) -> Iterator[int]:
    """Auxiliary ops that read nothing and feed one op: drawn as dots beside it."""
    inputs = {value.id for value in graph.inputs}
    outputs = {value.id for value in graph.outputs}
    flat = graph.flat
    for position, op in enumerate(graph.ops):
        if (
            op.auxiliary is not None
            and not flat.predecessors[position]
            and len(flat.successors[position]) == 1
            and inputs.isdisjoint(op.inputs)
            and outputs.isdisjoint(op.outputs)
        ):
            yield position
