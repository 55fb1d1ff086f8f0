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

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import onnx

from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.graph import TaggedGraph
from hexviz.model.types import dtype_of, shape_of
from hexviz.view.dataflow import Bools, Dataflow
from hexviz.view.sections import Member, Part, Run
from hexviz.view.slots import Slots

__all__ = ["LEAST", "Anatomy", "OpKinds", "runs"]

LEAST = 3
"""Siblings from which on one stands for all."""

_TENSOR = onnx.AttributeProto.TENSOR
_LARGEST = 1 << 40  # of a number that is made of several


class OpKinds:
    """What the ops of a file are compared by: what is equal is the same to a runtime.

    ``numbers`` are by position, equal for ops of one type, with equal attributes, types of
    outputs, and types and shapes of weights. No tags: all edits of a file share one of these.
    """

    def __init__(self, graph: TaggedGraph, flow: Dataflow) -> None:
        self._told = graph.types
        self._given = _given_dims(graph)
        self._types: dict[bytes, object] = {}  # most values have one of few types
        columns = graph.flat.columns
        details = [
            self._attributes(columns.nodes),
            self._made(columns.outputs, graph.flat.makers),
            self._weights(columns.inputs, graph.flat.tensors, flow),
        ]
        self.numbers: Ints = np.fromiter(map(len, columns.outputs), np.int64, flow.n_ops)
        for numbers in (_numbered(columns.domains), _numbered(columns.op_types), *details):
            self.numbers = self.numbers * (1 + numbers.max(initial=0)) + numbers
            if self.numbers.max(initial=0) >= _LARGEST:  # make room for the next
                self.numbers = np.unique(self.numbers, return_inverse=True)[1]

    def _attributes(self, nodes: Sequence[onnx.NodeProto]) -> Ints:
        found = np.zeros(len(nodes), np.int64)
        kinds: dict[object, int] = {}
        written: dict[bytes, int] = {}  # most attributes are one of few, and tensors may be large

        def number(attribute: onnx.AttributeProto) -> int:
            if attribute.type == _TENSOR:
                return kinds.setdefault((attribute.name, _told(attribute)), len(kinds) + 1)
            content = attribute.SerializeToString()
            if content not in written:
                told = attribute.name, _told(attribute)
                written[content] = kinds.setdefault(told, len(kinds) + 1)
            return written[content]

        attributes = [node.attribute for node in nodes]
        for at in [at for at, several in enumerate(attributes) if several]:
            held = tuple(map(number, attributes[at][:]))
            found[at] = kinds.setdefault(held, len(kinds) + 1)
        return found

    def _made(self, outputs: Sequence[Sequence[str]], makers: Mapping[str, int]) -> Ints:
        found = np.zeros(len(outputs), np.int64)
        kinds: dict[object, int] = {}
        for at in dict.fromkeys([makers[value] for value in self._told if value in makers]):
            held = tuple([self._type(value) for value in outputs[at]])
            found[at] = kinds.setdefault(held, len(kinds) + 1)
        return found

    def _weights(
        self,
        inputs: Sequence[Sequence[str]],
        tensors: Mapping[str, onnx.TensorProto],
        flow: Dataflow,
    ) -> Ints:
        found = np.zeros(len(inputs), np.int64)
        kinds: dict[object, int] = {}
        counts, made_at = flow.inputs_made_at
        readers = np.repeat(np.arange(len(inputs)), counts)[made_at < 0]
        for at in dict.fromkeys(readers.tolist()):
            held = tuple([_stored(tensors[value]) for value in inputs[at] if value in tensors])
            if held:
                found[at] = kinds.setdefault(held, len(kinds) + 1)
        return found

    def _type(self, value: str) -> object:
        told = self._told.get(value)
        if told is None:
            return None
        written = told.SerializeToString()
        if written not in self._types:
            self._types[written] = _type(told, self._given)
        return self._types[written]


def _numbered(texts: Sequence[str]) -> Ints:
    """A number for each text, for texts of which many are equal."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))


class Anatomy:
    """What makes siblings alike; worked out when two are compared, as few graphs have any.

    ``kinds`` makes those of the ops. All of it is linear in the graph.
    """

    def __init__(self, flow: Dataflow, kinds: Callable[[], OpKinds], slots: Slots) -> None:
        self._flow = flow
        self._op_kinds = kinds
        self._slots = slots

    def alike(self, siblings: Sequence[str]) -> list[bool]:
        """Of siblings that lie one after the other: whether each is the same as the one before.

        Nothing is said of the first.
        """
        slots = self._slots
        numbers = [slots.modules.numbers[fqn] for fqn in siblings]
        lows = np.array([slots.lows[number] for number in numbers])
        counts = np.array([slots.counts[number] for number in numbers])
        found = np.zeros(len(siblings), np.bool_)
        for block in _equal_blocks(counts):
            columns = lows[block, None] + np.arange(counts[block.start])
            found[block] = _same_as_before(self._kinds[:, columns].swapaxes(0, 1))
        for block in _equal_blocks(np.cumsum(~found)):  # runs so far: all have as many inputs
            if block.stop - block.start > 1:
                found[block] &= self._same_edges(lows[block], int(counts[block.start]))
                found[block] &= self._same_below(numbers[block])
        same: list[bool] = found[1:].tolist()
        return same

    def _same_edges(self, lows: Ints, count: int) -> Bools:
        """Whether the ops of each of some siblings are connected like those of the one before.

        Of inputs it is told how far back they are made; 0 for outside.
        """
        starts, back = self._ends
        n_inputs = int(starts[lows[0] + count] - starts[lows[0]])
        back = back[starts[lows, None] + np.arange(n_inputs)]
        own = np.repeat(np.arange(count), np.diff(starts[lows[0] : lows[0] + count + 1]))
        source = own - back
        return _same_as_before(np.where((source >= 0) & (source < count), back, 0))

    def _same_below(self, numbers: Sequence[int]) -> Bools:
        """Whether each of some modules has the modules below it that the one before has.

        That is, modules with ops, called so, of that class, and that deep.
        """
        known, facts = self._tree
        ends = [self._slots.modules.ends[number] for number in numbers]
        first, last = np.searchsorted(known, numbers), np.searchsorted(known, ends)
        found = np.zeros(len(numbers), np.bool_)
        for block in _equal_blocks(last - first):
            below = first[block, None] + np.arange(1, last[block.start] - first[block.start])
            inner = facts[:, below]
            inner[2] -= facts[2, first[block], None]
            found[block] = _same_as_before(inner.swapaxes(0, 1))
        return found

    @cached_property
    def _tree(self) -> tuple[Ints, Ints]:
        """The numbers of the modules with ops; of each the name below its parent, the class, and
        the depth.
        """
        numbers, modules = self._slots.with_ops, self._slots.modules
        paths, parents = modules.paths, modules.parents
        starts = [0 if parents[one] < 0 else len(paths[parents[one]]) for one in numbers]
        names = _numbered([paths[one][start:] for one, start in zip(numbers, starts, strict=True)])
        classes = _numbered(modules.class_names)[numbers]
        depths = np.array(modules.depths, np.int64)[numbers]
        return np.array(numbers, np.int64), np.stack([names, classes, depths])

    @cached_property
    def _kinds(self) -> Ints:
        """By slot the kind of the op and how many inputs it has, the class of its module, and the
        sizes of the calls that begin at it.
        """
        slots = self._slots
        at = slots.op_at
        classes = _numbered(slots.modules.class_names)
        counts, _ = self._flow.inputs_made_at
        sizes = np.zeros(len(at), np.int64)
        numbers: dict[tuple[int, ...], int] = {(): 0}
        for slot, begun in slots.calls_from().items():
            sizes[slot] = numbers.setdefault(begun, len(numbers))
        return np.stack(
            [self._op_kinds().numbers[at], counts[at], classes[slots.module_at[at]], sizes]
        )

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """By slot where its inputs start; of each input how many slots back it is made.

        0 for what no op makes.
        """
        counts, made_at = self._flow.inputs_made_at
        at, slot_of = self._slots.op_at, self._slots.slot_of
        own = np.repeat(np.arange(len(at)), counts[at])
        starts = np.append(0, np.cumsum(counts[at]))
        begins = np.cumsum(counts) - counts
        made = made_at[np.arange(len(own)) + np.repeat(begins[at] - starts[:-1], counts[at])]
        return starts, np.where(made >= 0, own - slot_of[made], 0)


def _equal_blocks(sizes: Ints) -> Iterator[slice]:
    """The places of equal numbers that follow each other."""
    borders = [0, *(np.flatnonzero(np.diff(sizes)) + 1).tolist(), len(sizes)]
    return map(slice, borders, borders[1:])


def _same_as_before(rows: Ints) -> Bools:
    """Whether each row is equal to the one before; the first is not."""
    found = np.zeros(len(rows), np.bool_)
    found[1:] = (rows[1:] == rows[:-1]).all(axis=tuple(range(1, rows.ndim)))
    return found


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
    numbered: list[str] = []

    def close() -> None:
        if len(numbered) < least:
            found.extend(numbered)
        else:
            same = [False, *facts.alike(numbered)]
            starts = [at for at in range(len(numbered)) if not same[at]]
            for start, stop in pairwise([*starts, len(numbered)]):
                run = numbered[start:stop]
                found.extend([Run(tuple(run))] if len(run) >= least else run)
        numbered.clear()

    for member in members:
        if isinstance(member, str):
            if numbered and _next(numbered[-1]) != member:
                close()
            numbered.append(member)
        else:
            close()
            found.append(member)
    close()
    return found


def _next(fqn: str) -> str:
    """The path of the next member of a list; ``""`` for what is in none."""
    stem, dot, number = fqn.rpartition(".")
    return f"{stem}{dot}{int(number) + 1}" if number.isdecimal() else ""
