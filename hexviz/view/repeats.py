"""Siblings that are the same all through: one of them can stand for all.

::

    encoder:  layer.0 → layer.1 → … → layer.11      ⇒      layer.0 ×12 ─┐
                                                              ↑─────────┘

Two siblings are the same if they hold the same modules, of the same classes,
and the same calls, with the same ops in the same order, with equal attributes
and output types, connected in the same way; what comes from outside may differ. The elements of
constants and weights are not compared, their types and shapes are.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView, Sequence
from typing import NamedTuple

import numpy as np
import onnx

from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints, coded
from hexviz.model.graph import TaggedGraph
from hexviz.model.types import dtype_of, shape_of
from hexviz.view.dataflow import Dataflow
from hexviz.view.sections import Member, Part, Run
from hexviz.view.slots import Slots

__all__ = ["LEAST", "Anatomy", "OpKinds", "runs"]

LEAST = 3
"""Siblings from which on one stands for all."""

_OUTSIDE = -1
_TENSOR = onnx.AttributeProto.TENSOR


class OpKinds:
    """What the ops of a file are compared by: what is equal is the same to a runtime.

    ``numbers`` are by position, equal for ops of one type, with equal attributes, types of
    outputs, and types and shapes of weights. No tags: all edits of a file share one of these.
    """

    def __init__(self, graph: TaggedGraph) -> None:
        self._told = graph.types
        self._given = _given_dims(graph)
        self._types: dict[bytes, object] = {}  # most values have one of few types
        columns, tensors = graph.flat.columns, graph.flat.tensors
        kinds: dict[object, int] = {}
        stored = {
            value: kinds.setdefault(_stored(tensor), len(kinds))
            for value, tensor in tensors.items()
        }
        n_made = map(len, columns.outputs)
        numbers, _ = coded(zip(columns.domains, columns.op_types, n_made, strict=True))
        found: list[object] = numbers.tolist()
        attributes = [node.attribute for node in columns.nodes]
        for at in [at for at, several in enumerate(attributes) if several]:
            held = [(one.name, _told(one)) for one in attributes[at][:]]
            found[at] = found[at], "attributes", *held
        for at in _touched(columns.outputs, self._told.keys()):
            found[at] = found[at], "makes", *[self._type(value) for value in columns.outputs[at]]
        for at in _touched(columns.inputs, stored.keys()):
            weights = [stored[value] for value in columns.inputs[at] if value in stored]
            found[at] = found[at], "reads", *weights
        self.numbers: Ints = coded(found)[0]

    def _type(self, value: str) -> object:
        told = self._told.get(value)
        if told is None:
            return None
        written = told.SerializeToString()
        if written not in self._types:
            self._types[written] = _type(told, self._given)
        return self._types[written]


class Anatomy:
    """What makes siblings alike; worked out when two are compared, as few graphs have any.

    ``kinds`` makes those of the ops. All of it is linear in the graph.
    """

    def __init__(self, flow: Dataflow, kinds: Callable[[], OpKinds], slots: Slots) -> None:
        self._flow = flow
        self._op_kinds = kinds
        self._slots = slots

    def same(self, one: str, other: str) -> bool:
        """Whether two modules are the same all through."""
        number, twin = (self._slots.modules.numbers[fqn] for fqn in (one, other))
        (low, high), (begin, end) = self._slots.span(number), self._slots.span(twin)
        return (
            high - low == end - begin
            and np.array_equal(self._below(number), self._below(twin))
            and np.array_equal(self._kinds[:, low:high], self._kinds[:, begin:end])
            and np.array_equal(self._inner_edges(low, high), self._inner_edges(begin, end))
        )

    def _below(self, module: int) -> Ints:
        """The modules with ops in one: how they are called, of which class, how deep they lie."""
        tree = self._tree
        first, last = np.searchsorted(tree.numbers, [module, self._slots.modules.ends[module]])
        inner = tree.facts[:, first + 1 : last].copy()
        inner[2] -= tree.facts[2, first]
        return inner

    def _inner_edges(self, low: int, high: int) -> Ints:
        """For the inputs of the ops in some slots, how far back they are made; 0 for outside."""
        starts, back, slot = self._ends
        part = slice(starts[low], starts[high])
        source = slot[part] - back[part]
        return np.where((back[part] != 0) & (source >= low) & (source < high), back[part], 0)

    @cached_property
    def _tree(self) -> _Tree:
        numbers, modules = self._slots.with_ops, self._slots.modules
        held = [modules.all[number] for number in numbers]
        names, _ = coded(module.fqn[len(module.parent or "") :] for module in held)
        classes, _ = coded(module.class_name for module in held)
        depths = np.array(modules.depths, np.int64)[numbers]
        return _Tree(np.array(numbers, np.int64), np.stack([names, classes, depths]))

    @cached_property
    def _kinds(self) -> Ints:
        """By slot the kind of the op and how many inputs it has, the class of its module, and the
        sizes of the calls that begin at it.
        """
        slots = self._slots
        at = slots.op_at
        classes, _ = coded(module.class_name for module in slots.modules.all)
        counts, _ = self._flow.inputs_made_at
        sizes = np.zeros(len(at), np.int64)
        numbers: dict[tuple[int, ...], int] = {(): 0}
        for slot, begun in slots.calls_from().items():
            sizes[slot] = numbers.setdefault(begun, len(numbers))
        return np.stack(
            [self._op_kinds().numbers[at], counts[at], classes[slots.module_at[at]], sizes]
        )

    @cached_property
    def _ends(self) -> tuple[Ints, Ints, Ints]:
        """By slots: where their inputs start; of all inputs how many slots back they are made (0:
        by no op), and the slots of their readers.
        """
        counts, made_at = self._flow.inputs_made_at
        at, slot_of = self._slots.op_at, self._slots.slot_of
        own = np.repeat(np.arange(len(at)), counts[at])
        starts = np.concatenate([[0], np.cumsum(counts[at])])
        begins = np.cumsum(counts) - counts
        made = made_at[np.arange(len(own)) + np.repeat(begins[at] - starts[:-1], counts[at])]
        back = np.where(made >= 0, own - slot_of[made], 0)
        return starts, back, own


class _Tree(NamedTuple):
    """The modules with ops, by number; of each the name below its parent, the class, the depth."""

    numbers: Ints
    facts: Ints


def _touched(values: Sequence[Sequence[str]], known: KeysView[str]) -> list[int]:
    """The positions at which there is a known one among the values."""
    return [at for at, apart in enumerate(map(known.isdisjoint, values)) if not apart]


def _told(attribute: onnx.AttributeProto) -> object:
    """An attribute as something to compare: of tensors the type and shape, of bodies nothing."""
    if attribute.ref_attr_name:
        return attribute.ref_attr_name
    kind = attribute.type
    if kind == _TENSOR:
        return attribute.t.data_type, tuple(attribute.t.dims)
    return kind, plain_value(attribute)


def _stored(tensor: onnx.TensorProto) -> object:
    return tensor.data_type, tuple(tensor.dims[:])


def _type(told: onnx.TypeProto, given: frozenset[str]) -> object:
    """Type and shape; a dimension that the exporter named for this value alone merely varies."""
    shape = shape_of(told)
    if shape is None:
        return dtype_of(told)
    dims = [dim if isinstance(dim, int) or dim in given else None for dim in shape]
    return dtype_of(told), tuple(dims)


def _given_dims(graph: TaggedGraph) -> frozenset[str]:
    """The names of dimensions that the model's inputs have."""
    return frozenset(dim for one in graph.inputs for dim in one.shape or () if isinstance(dim, str))


def runs(members: Sequence[Member], facts: Anatomy, *, least: int = LEAST) -> list[Part]:
    """The members of a module, with each run of at least ``least`` equal siblings as one.

    Only siblings that are numbered one after the other, as those of a list
    are: query, key and value have the same anatomy and different parts to play.
    """
    if sum(isinstance(member, str) for member in members) < least:
        return list(members)
    found: list[Part] = []
    run: list[str] = []

    def close() -> None:
        if len(run) >= least:
            found.append(Run(tuple(run)))
        else:
            found.extend(run)
        run.clear()

    for member in members:
        if isinstance(member, str):
            if run and not (_next(run[-1]) == member and facts.same(run[-1], member)):
                close()
            run.append(member)
        else:
            close()
            found.append(member)
    close()
    return found


def _next(fqn: str) -> str:
    """The path of the next member of a list; ``""`` for what is in none."""
    stem, dot, number = fqn.rpartition(".")
    return f"{stem}{dot}{int(number) + 1}" if number.isdecimal() else ""
