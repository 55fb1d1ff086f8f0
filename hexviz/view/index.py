"""What never changes while a person opens and closes modules, computed once.

The ops are numbered so that every module and every call holds one run of *slots*
(:mod:`hexviz.view.slots`). What is visible then takes one slice assignment per visible node, and
lifting all edges of the model one indexing of two arrays. A module with too many direct children
is split along their order into *sections*, which open and close like modules.

Of the boxes only those are made that somebody asks for, with what is around them: a model of
100,000 ops has 40,000, of which a person sees some hundred.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, overload

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import PRIMARY, Ints
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleTree
from hexviz.model.op import Op
from hexviz.model.types import Shape
from hexviz.view.calls import CallGroup, Groups, group_calls
from hexviz.view.containers import Boxes, Container
from hexviz.view.dataflow import Bools, Dataflow
from hexviz.view.module_numbers import Modules
from hexviz.view.palette import Palette, Theme, kind_of
from hexviz.view.repeats import Anatomy, OpKinds
from hexviz.view.slots import Slots

__all__ = ["SECTION", "FileFacts", "Index", "Placement", "build_index", "is_moved"]

Placement = Literal["module", "context"]
SECTION = 150
"""Direct children a container may have before it is split into sections."""


class _Homes(Sequence[str]):
    """The key of the innermost box of each position."""

    def __init__(self, boxes: Boxes, slot_of: Ints) -> None:
        self._boxes = boxes
        self._slot_of = slot_of

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[str, ...]: ...
    def __getitem__(self, position: int | slice) -> str | tuple[str, ...]:
        if isinstance(position, slice):
            return self._all[position]
        return self._boxes.around(int(self._slot_of[position]))[-1].key

    def __len__(self) -> int:
        return len(self._slot_of)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __repr__(self) -> str:
        return repr(self._all)

    @cached_property
    def _all(self) -> tuple[str, ...]:
        found = [""] * len(self)
        for key, box in self._boxes.items():
            for item in box.items:
                if isinstance(item, int):
                    found[item] = key
        return tuple(found)


@dataclass(frozen=True)
class Index:
    """A graph made ready for drawing under one placement of its auxiliary ops.

    ``slot_of`` maps a position in ``graph.ops`` to its slot, ``op_at`` the
    other way. Model inputs and outputs follow in the slots after the ops.
    ``source``, ``target`` and ``value`` are the edges, as slots and positions
    in ``values``. ``live`` marks the slots whose tensors depend on the model's inputs, other than
    through their shapes. ``folded`` are the positions of constants that are drawn as
    dots beside their only consumer. ``facts`` are what depends on the file alone.
    """

    graph: TaggedGraph
    placement: Placement
    containers: Boxes
    groups: Groups
    slot_of: Ints
    op_at: Ints
    source: Ints
    target: Ints
    value: Ints
    values: tuple[str, ...]
    live: Bools
    folded: frozenset[int]
    palettes: Mapping[Theme, Palette]
    facts: FileFacts

    @cached_property
    def home(self) -> Sequence[str]:
        """The container key of each position."""
        return _Homes(self.containers, self.slot_of)

    @property
    def hosts(self) -> Mapping[str, str]:
        """For each module without a box of its own, the key of the box it shares."""
        return self.containers.hosts

    @cached_property
    def calls(self) -> Mapping[str, CallGroup]:
        """What stands in the boxes of calls, by their keys."""
        return _Calls(self.groups, self.containers)

    @cached_property
    def topological(self) -> Ints:
        """Ranks of the slots of ops, so that edges go up."""
        ranks = np.empty(self.n_ops, np.int64)
        ranks[self.slot_of] = np.arange(self.n_ops)
        return ranks

    @cached_property
    def stacks(self) -> Mapping[str, Container]:
        """The containers that are stacks of equal siblings."""
        return _Stacks(self.containers)

    @cached_property
    def _moved(self) -> Ints:
        """The slots of ops that stand elsewhere than where they ran, in order."""
        columns = self.graph.columns
        moved = (columns.contexts >= 0) & (columns.contexts != columns.modules)
        return np.flatnonzero(moved[self.op_at] if self.placement == "context" else [])

    def moved_in(self, box: Container) -> int:
        """How many ops in a box stand elsewhere than where they ran."""
        low, high = np.searchsorted(self._moved, [box.low, box.high])
        return int(high - low)

    @cached_property
    def computing(self) -> Ints:
        """The slots of ops that compute with tensors: live ones that are not auxiliary."""
        primary = self.graph.columns.categories[self.op_at] == PRIMARY
        return np.flatnonzero(self.live[: len(primary)] & primary)

    @property
    def n_ops(self) -> int:
        """Number of ops; the slots from here on are the model's inputs, then its outputs."""
        return len(self.op_at)

    def box_of(self, name: str) -> str | None:
        """The key of a module's box, which others may share, or the key itself; else ``None``.

        A module without ops has no box.
        """
        return self.containers.host(name) or (name if name in self.containers else None)

    def around(self, position: int) -> list[Container]:
        """The boxes around an op, outermost first."""
        return self.containers.around(int(self.slot_of[position]))

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


class _Calls(Mapping[str, CallGroup]):
    """The groups that have a box, by key."""

    def __init__(self, groups: Groups, boxes: Boxes) -> None:
        self._groups = groups
        self._boxes = boxes

    def __getitem__(self, key: str) -> CallGroup:
        number = self._groups.numbers[key]
        if key not in self._boxes:  # the only call of a module shares the module's
            raise KeyError(key)
        return self._groups[number]

    def __iter__(self) -> Iterator[str]:
        pending = [*self._groups.outermost()][::-1]
        while pending:
            group = pending.pop()
            if group.key in self._boxes:
                yield group.key
            pending.extend([one for one in group.members if isinstance(one, CallGroup)][::-1])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))


class _Stacks(Mapping[str, Container]):
    """The boxes that are stacks, by key."""

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes

    def __getitem__(self, key: str) -> Container:
        box = self._boxes[key]
        if not box.members:
            raise KeyError(key)
        return box

    def __iter__(self) -> Iterator[str]:
        return (key for key, box in self._boxes.items() if box.members)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class FileFacts:
    """What drawing needs of a file, whatever its tags: all edits of it share one."""

    def __init__(self, graph: TaggedGraph) -> None:
        self.flow = Dataflow(graph.flat)
        self._kinds: OpKinds | None = None
        self._modules: Modules | None = None
        self._making = threading.Lock()

    def kinds(self, graph: TaggedGraph) -> OpKinds:
        """What the ops are compared by; ``graph`` is any of the file, and is not kept."""
        with self._making:
            if self._kinds is None:
                self._kinds = OpKinds(graph, self.flow)
            return self._kinds

    def modules(self, tree: ModuleTree) -> Modules:
        """The modules of a tree by number: those of the last one, if only its ops are others."""
        with self._making:
            if self._modules is None or not self._modules.are_of(tree):
                self._modules = Modules(tree)
            return self._modules


def build_index(
    graph: TaggedGraph,
    placement: Placement = "module",
    *,
    section: int = SECTION,
    facts: FileFacts | None = None,
) -> Index:
    """Precompute all that drawing needs; linear in the graph.

    ``placement`` puts auxiliary ops where they ran (``module``) or at what
    they serve (``context``). ``section`` bounds the direct children of a
    container. ``facts`` are those of another index of the same file.
    """
    with collector_paused():
        return _build(graph, placement, section, facts or FileFacts(graph))


def _build(graph: TaggedGraph, placement: Placement, section: int, facts: FileFacts) -> Index:
    flow, columns = facts.flow, graph.columns
    modules = facts.modules(graph.modules)
    ran_in = module_at = modules.of(columns, columns.modules)
    if placement == "context":
        served = np.where(columns.contexts >= 0, columns.contexts, columns.modules)
        module_at = modules.of(columns, served)
    dots = flow.lone & (columns.categories != PRIMARY)
    groups = group_calls(graph, flow, module_at, modules.paths, dots)
    slots = Slots(modules, module_at, groups)
    folded = frozenset(np.flatnonzero(dots).tolist())
    anatomy = Anatomy(flow, partial(facts.kinds, graph), slots)
    # The model's inputs and outputs keep their numbers, which follow those of the ops.
    n_ends = len(flow.inputs) + len(flow.outputs)
    slot_of = np.append(slots.slot_of, np.arange(n_ends) + flow.n_ops)
    live = np.ones(flow.n_ops + n_ends, np.bool_)
    live[slots.slot_of] = flow.alive
    own = np.bincount(ran_in, minlength=len(modules))
    light = Palette(graph.modules, "light", counted=(modules, own))
    return Index(
        graph=graph,
        placement=placement,
        containers=Boxes(slots, anatomy, folded, section),
        groups=groups,
        slot_of=slots.slot_of,
        op_at=slots.op_at,
        source=slot_of[flow.sources],
        target=slot_of[flow.targets],
        value=flow.numbers,
        values=flow.values,
        live=live,
        folded=folded,
        palettes={"light": light, "dark": Palette(graph.modules, "dark", twin=light)},
        facts=facts,
    )


def is_moved(op: Op) -> bool:
    """Whether an op stands elsewhere by what it serves than where it ran."""
    return op.context is not None and op.context.module != op.module
