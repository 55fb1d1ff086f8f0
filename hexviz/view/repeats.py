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

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.graph import TaggedGraph
from hexviz.model.types import dtype_of, shape_of
from hexviz.view.sections import Member, Part, Run

__all__ = ["LEAST", "Anatomy", "Span", "runs"]

Ints = npt.NDArray[np.int64]
Span = tuple[int, int]

LEAST = 3
"""Siblings from which on one stands for all."""

_OUTSIDE = -1
_TENSOR = onnx.AttributeProto.TENSOR


class Anatomy:
    """What makes siblings alike; worked out when two are compared, as few graphs have any.

    ``modules`` is the module of each position, ``op_at`` the position of each
    slot, ``spans`` the slots of each module and call that has ops. All of it is
    linear in the graph.
    """

    def __init__(
        self, graph: TaggedGraph, modules: Sequence[str], op_at: Ints, spans: Mapping[str, Span]
    ) -> None:
        self.spans = spans
        self._graph = graph
        self._modules = modules
        self._op_at = op_at

    def same(self, one: str, other: str) -> bool:
        """Whether two modules are the same all through."""
        (low, high), (begin, end) = self.spans[one], self.spans[other]
        return (
            high - low == end - begin
            and self._inner[one] == self._inner[other]
            and bool(np.array_equal(self._kinds[low:high], self._kinds[begin:end]))
            and bool(np.array_equal(self._edges(low, high), self._edges(begin, end)))
        )

    def _edges(self, low: int, high: int) -> Ints:
        target, source = self._ends
        first, last = np.searchsorted(target, (low, high))
        source = source[first:last]
        within = (source >= low) & (source < high)
        return np.stack([target[first:last] - low, np.where(within, source - low, _OUTSIDE)])

    @cached_property
    def _inner(self) -> Mapping[str, int]:
        return _inner(self._graph, self.spans)

    @cached_property
    def _kinds(self) -> Ints:
        """By slot, ops are numbered by type, attributes, output types, class of their module, and
        the sizes of the calls that begin at them.
        """
        numbers: dict[object, int] = {}
        kinds, calls = _Kinds(self._graph), _calls(self._graph, self.spans)
        found: list[int] = []
        for slot, position in enumerate(self._op_at.tolist()):
            kind = kinds.of(position, self._modules[position]), calls.get(slot)
            found.append(numbers.setdefault(kind, len(numbers)))
        return np.array(found, dtype=np.int64)

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """The slots at the ends of every edge, target first: by targets and their inputs."""
        ops = [self._graph.ops[position] for position in self._op_at.tolist()]
        maker = {value: slot for slot, op in enumerate(ops) for value in op.outputs}
        source = [maker.get(value, _OUTSIDE) for op in ops for value in op.inputs]
        counts = [len(op.inputs) for op in ops]
        return np.repeat(np.arange(len(ops)), counts), np.array(source, dtype=np.int64)


def _calls(graph: TaggedGraph, spans: Mapping[str, Span]) -> dict[int, tuple[int, ...]]:
    """For the slots at which calls begin, the numbers of ops in these."""
    sizes: dict[int, tuple[int, ...]] = {}
    for key, (low, high) in spans.items():
        if key not in graph.modules:
            sizes[low] = (*sizes.get(low, ()), high - low)
    return sizes


class _Kinds:
    """What the ops of a graph are compared by: what is equal is the same to a runtime."""

    def __init__(self, graph: TaggedGraph) -> None:
        self._ops = graph.ops
        self._nodes = graph.flat.ops
        self._tensors = graph.flat.tensors
        self._told = graph.types
        self._classes = {module.fqn: module.class_name for module in graph.modules}
        self._given = _given_dims(graph)
        self._types: dict[bytes, object] = {}  # most values have one of few types

    def of(self, position: int, module: str) -> object:
        """All that counts of the op at a position."""
        op, tensors = self._ops[position], self._tensors
        attributes = self._nodes[position].node.attribute
        return (
            op.domain,
            op.op_type,
            self._classes[module],
            tuple([(one.name, _told(one)) for one in attributes[:]]) if attributes else (),
            tuple([self._type(value) for value in op.outputs]),
            tuple([_stored(tensors[one]) for one in op.inputs if one in tensors]),
        )

    def _type(self, value: str) -> object:
        tensor = self._tensors.get(value)
        if tensor is not None:
            return _stored(tensor)
        told = self._told.get(value)
        if told is None:
            return None
        written = told.SerializeToString()
        if written not in self._types:
            self._types[written] = _type(told, self._given)
        return self._types[written]


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


def _inner(graph: TaggedGraph, spans: Mapping[str, Span]) -> dict[str, int]:
    """For each module a number that it shares with those that have the same modules below.

    Modules without ops do not count. Numbers are given from the leaves
    upwards: spelling out all that is below each would be quadratic in depth.
    """
    numbers: dict[tuple[tuple[str, str, int], ...], int] = {}
    inner: dict[str, int] = {}
    for module in reversed(list(graph.modules)):
        if module.fqn in spans:
            start = len(module.fqn)
            below = tuple(
                (one[start:], graph.modules[one].class_name, inner[one])
                for one in module.children
                if one in inner
            )
            inner[module.fqn] = numbers.setdefault(below, len(numbers))
    return inner


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
