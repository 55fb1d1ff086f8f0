"""What never changes while a person opens and closes modules, computed once.

The ops are numbered so that every module holds one run of *slots*::

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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hexviz.model.graph import TaggedGraph
from hexviz.view.palette import Palette, Theme
from hexviz.view.sections import Member, split
from hexviz.view.shapes import spelled_shape

__all__ = ["SECTION", "Container", "Index", "Placement", "build_index"]

Placement = Literal["module", "context"]
Ints = npt.NDArray[np.int64]

SECTION = 150
"""Direct children a container may have before it is split into sections."""


@dataclass(frozen=True, slots=True)
class Container:
    """A module or a section of one, with what lies directly in it.

    ``key`` is the FQN, or ``FQN@first-last`` (1-based) for a section.
    ``items`` are in execution order: the keys of child containers, and ops as
    positions in ``graph.ops``. Its ops, at any depth, are the slots ``low`` to
    ``high``. ``label`` is the title of its box.
    """

    key: str
    module: str
    parent: str | None
    depth: int
    items: tuple[str | int, ...]
    low: int
    high: int
    label: str

    @property
    def count(self) -> int:
        """Number of ops in it, at any depth."""
        return self.high - self.low

    @property
    def is_section(self) -> bool:
        """Whether it is a part of a module's children, and no module itself."""
        return self.key != self.module


@dataclass(frozen=True)
class Index:
    """A graph made ready for drawing under one placement of its auxiliary ops.

    ``slot_of`` maps a position in ``graph.ops`` to its slot, ``op_at`` the
    other way. Model inputs and outputs follow in the slots after the ops.
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

    @property
    def n_ops(self) -> int:
        """Number of ops; the slots from here on are the model's inputs, then its outputs."""
        return len(self.home)

    def path(self, key: str) -> list[str]:
        """The containers around one, root first, the one itself last."""
        steps = [key]
        while (parent := self.containers[steps[-1]].parent) is not None:
            steps.append(parent)
        return steps[::-1]

    def shape(self, value_id: str) -> str:
        """The shape of a value as an edge label: ``2×16×128``; ``""`` if unknown."""
        return spelled_shape(self.graph.value(value_id).shape)


def build_index(
    graph: TaggedGraph, placement: Placement = "module", *, section: int = SECTION
) -> Index:
    """Precompute all that drawing needs; linear in the graph.

    ``placement`` puts auxiliary ops where they ran (``module``) or at what
    they serve (``context``). ``section`` bounds the direct children of a
    container.
    """
    modules = [_placed(graph, position, placement) for position in range(len(graph.ops))]
    items = _items(graph, modules)
    folded = frozenset(_folded(graph))
    containers, home, op_at = _contain(graph, items, folded, section)
    slot_of = np.empty(len(op_at), dtype=np.int64)
    slot_of[op_at] = np.arange(len(op_at))
    source, target, value, values = _edges(graph, slot_of)
    topological = np.empty(len(op_at), dtype=np.int64)
    topological[slot_of[list(graph.flat.order)]] = np.arange(len(op_at))
    return Index(
        graph=graph,
        placement=placement,
        containers=containers,
        home=tuple(home),
        slot_of=slot_of,
        op_at=op_at,
        source=source,
        target=target,
        value=value,
        values=values,
        topological=topological,
        live=_live(graph, slot_of),
        folded=folded,
        palettes={"light": Palette(graph.modules, "light"), "dark": Palette(graph.modules, "dark")},
    )


def _placed(graph: TaggedGraph, position: int, placement: Placement) -> str:
    op = graph.ops[position]
    if placement == "context" and op.context is not None:
        return graph.modules.nearest(op.context.module)
    return graph.modules.nearest(op.module)


def _items(graph: TaggedGraph, modules: list[str]) -> dict[str, list[Member]]:
    """Direct children per module with ops below, in the order of their first op."""
    items: dict[str, list[Member]] = {"": []}
    for position, fqn in enumerate(modules):
        if fqn not in items:
            # The first op of a branch places all modules on the way down to it.
            below: str = fqn
            items[below] = []
            while (parent := graph.modules[below].parent) is not None:
                known = parent in items
                items.setdefault(parent, []).append(below)
                if known:
                    break
                below = parent
        items[fqn].append(position)
    return items


@dataclass(slots=True)
class _Draft:
    """A container before its slots are known; ``members`` are not yet split into sections."""

    key: str
    module: str
    parent: str | None
    depth: int
    members: Sequence[Member]
    first: int
    label: str
    items: tuple[str | int, ...] = ()
    low: int = -1
    high: int = -1


def _contain(
    graph: TaggedGraph, items: dict[str, list[Member]], folded: frozenset[int], section: int
) -> tuple[dict[str, Container], list[str], Ints]:
    """Lay the containers out as runs of slots, depth first, on a stack of our own."""
    drafts: list[_Draft] = []
    home = [""] * len(graph.ops)
    op_at: list[int] = []
    work: list[_Draft | int] = [_Draft("", "", None, 0, items[""], 1, graph.modules[""].label)]
    while work:
        step = work.pop()
        if isinstance(step, int):
            op_at.append(step)
        elif step.low < 0:
            step.low = len(op_at)
            drafts.append(step)
            parts = _parts(graph, step, items, folded, section)
            step.items = tuple(part if isinstance(part, int) else part.key for part in parts)
            home_key = step.key
            for part in parts:
                if isinstance(part, int):
                    home[part] = home_key
            work.append(step)  # met again once all below has its slots
            work.extend(reversed(parts))
        else:
            step.high = len(op_at)
    containers = {
        draft.key: Container(
            key=draft.key,
            module=draft.module,
            parent=draft.parent,
            depth=draft.depth,
            items=draft.items,
            low=draft.low,
            high=draft.high,
            label=draft.label,
        )
        for draft in drafts
    }
    return containers, home, np.array(op_at, dtype=np.int64)


def _parts(
    graph: TaggedGraph,
    draft: _Draft,
    items: dict[str, list[Member]],
    folded: frozenset[int],
    limit: int,
) -> list[_Draft | int]:
    """What lies directly in a container: ops, child modules and sections."""
    parts: list[_Draft | int] = []
    for part in split(draft.members, first=draft.first, folded=folded, limit=limit):
        if isinstance(part, int):
            parts.append(part)
            continue
        if isinstance(part, str):
            key, module, members, first = part, part, items[part], 1
            label = graph.modules[part].label
        else:
            key, module = f"{draft.module}@{part.first}-{part.last}", draft.module
            members, first, label = list(part.members), part.first, part.label
        parts.append(_Draft(key, module, draft.key, draft.depth + 1, members, first, label))
    return parts


def _edges(graph: TaggedGraph, slot_of: Ints) -> tuple[Ints, Ints, Ints, tuple[str, ...]]:
    numbers: dict[str, int] = {}

    def number(value: str) -> int:
        return numbers.setdefault(value, len(numbers))

    slots: list[int] = slot_of.tolist()
    n_ops = len(slots)
    inputs = {value.id: n_ops + at for at, value in enumerate(graph.inputs)}
    outputs = {value.id: n_ops + len(inputs) + at for at, value in enumerate(graph.outputs)}
    triples = [(slots[edge.source], slots[edge.target], number(edge.value)) for edge in graph.edges]
    for slot, op in zip(slots, graph.ops, strict=True):
        triples += [
            (inputs[value], slot, number(value))
            for value in dict.fromkeys(op.inputs)
            if value in inputs
        ]
        triples += [
            (slot, outputs[value], number(value)) for value in op.outputs if value in outputs
        ]
    triples += [
        (slot, outputs[value], number(value)) for value, slot in inputs.items() if value in outputs
    ]
    table = np.array(triples, dtype=np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy(), tuple(numbers)


def _live(graph: TaggedGraph, slot_of: Ints) -> npt.NDArray[np.bool_]:
    inputs = {value.id for value in graph.inputs}
    alive = [False] * len(graph.ops)
    for position in graph.flat.order:
        op = graph.ops[position]
        if op.op_type not in ("Shape", "Size"):
            alive[position] = any(
                alive[before] for before in graph.flat.predecessors[position]
            ) or not inputs.isdisjoint(op.inputs)
    live = np.zeros(len(graph.ops) + len(graph.inputs) + len(graph.outputs), dtype=np.bool_)
    live[slot_of] = alive
    live[len(graph.ops) :] = True
    return live


def _folded(graph: TaggedGraph) -> Iterator[int]:
    """Auxiliary ops that read nothing and feed one op: drawn as dots beside it."""
    fed: dict[int, set[int]] = {}
    reads = set()
    for edge in graph.edges:
        fed.setdefault(edge.source, set()).add(edge.target)
        reads.add(edge.target)
    inputs = {value.id for value in graph.inputs}
    outputs = {value.id for value in graph.outputs}
    for position, op in enumerate(graph.ops):
        if (
            op.auxiliary is not None
            and position not in reads
            and len(fed.get(position, ())) == 1
            and inputs.isdisjoint(op.inputs)
            and outputs.isdisjoint(op.outputs)
        ):
            yield position
