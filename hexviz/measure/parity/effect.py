"""What each module's own error does to the results of the model, alone.

::

    reference   x ─ a ─▶ r1 ─ b ─▶ r2 ─ c ─▶ y
    own run     a makes o1 of x, b makes o2 of r1, c makes o3 of r2
    effects     r1 + (o1 - r1) ─ b ─ c ─▶ y'     what a adds: how far y' is from y
                r2 + (o2 - r2) ─ c ─▶ y''        what b adds

The size of an own error ranks modules badly: what follows may wash it out, or blow it up. So it
is injected into the reference, and the rest of that runs as it was. That is what one
gets from changing this module of the reference alone, and costs one run of it for each module;
all of them share one session, in which every border has an input for what is added to it.

Activations that are quantised statically belong to a tensor, and so to the module that makes it as
much as to those that read it: to quantise one module alone is to quantise what it reads and
what it makes. What it reads is given before it is quantised, so the own run holds that; what
it makes is quantised here, by the graph's own ops behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.extraction.feeds import Feed
from hexviz.extraction.runtime import open_session, run, to_array, to_value
from hexviz.extraction.spill import Spill
from hexviz.extraction.tolerance import is_float
from hexviz.matching.sliced_run import Part, add_weight
from hexviz.measure.parity.cut_run import own_values
from hexviz.measure.parity.graph_reference import GraphReference
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model.graph import TaggedGraph

__all__ = ["effects", "rms_error"]

Array = npt.NDArray[Any]

NOISE = 1e-6
"""Own error up to which nothing is injected: what another order of additions makes."""

_MADE, _ADDED = ":made", ":added"


def effects(
    reference: TaggedGraph,
    graph: TaggedGraph,
    paired: GraphReference,
    spill: Spill,
    *,
    noise: float = NOISE,
) -> dict[int, float]:
    """Position of an output of the reference → what its module's own error does to the results.

    The relative error of the results, as :func:`rms_error`: infinite if they are no numbers. All
    outputs of a call have that of the call; those whose own error is not above ``noise`` have 0.
    Outputs without a pair are left out. ``spill`` keeps the tensors in between.

    Raises:
        ExtractionError: if a graph cannot be run.
    """
    outputs, tensors = paired.reference.outputs, paired.reference.tensors
    of_value = {pair.value: pair.output for pair in paired.pairs}
    at_value = {at: value for value, at in of_value.items()}
    stored = _Stored(graph, paired.reference.feed, list(of_value), spill)

    def expected(at: int) -> Array:
        return tensors.load(outputs[at].key)

    def there(kind: str, at: int) -> Array:
        """A tensor in the shape that it has in the reference."""
        return stored.load(kind, at_value[at]).reshape(paired.shapes[at])

    # What readers get of the reference's tensors, and what each module makes of that: in the graph,
    # and in the reference.
    stored.keep("read", {value: partial(expected, at) for value, at in of_value.items()})
    given = {
        value: partial(stored.load, "read", value)
        if value in stored.made
        else partial(expected, at)
        for value, at in of_value.items()
    }
    for value, array in own_values(graph, paired.reference.feed, given, list(given)):
        spill.store(f"own {value}", array)
    made = [value for value in of_value if f"own {value}" in spill]
    stored.keep("kept", {value: partial(spill.load, f"own {value}") for value in made})
    given = {paired.values[at]: partial(there, "read", at) for at in at_value}
    for name, array in own_values(reference, paired.feed, given, list(given)):
        spill.store(f"true {name}", array)

    borders = {paired.values[at]: outputs[at].dtype for at in at_value}
    injection = _Injection(reference, borders, paired.feed)
    found: dict[int, float] = {}
    for fqn, places in _by_module(paired, [of_value[value] for value in made]).items():
        added: dict[str, Array] = {}
        for at in places:
            own = there("kept", at)
            true = spill.load(f"true {paired.values[at]}")
            if relative_error(tensor_error(own, true)) > noise:
                added[paired.values[at]] = _difference(own, true)
        for at, readers in enumerate(paired.readers):
            if fqn in readers and at in at_value and at_value[at] in stored:
                true = expected(at).reshape(paired.shapes[at])
                added[paired.values[at]] = _difference(there("read", at), true)
        effect = injection.effect(added) if added else 0.0
        found.update(dict.fromkeys(places, effect))
    return found


def rms_error(ours: Sequence[Array], reference: Sequence[Array]) -> float:
    """How far results are from the reference's: the root mean square of their relative errors.

    The relative error of one is the norm of the difference over the norm of the reference. Infinite
    where a number of the reference is none in ours.
    """
    squares = []
    for one, other in zip(ours, reference, strict=True):
        wide, true = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
        if not np.isfinite(wide[np.isfinite(true)]).all():
            return math.inf
        there = np.isfinite(wide) & np.isfinite(true)
        energy = float(true[there] @ true[there])
        difference = wide[there] - true[there]
        if energy > 0:
            squares.append(float(difference @ difference) / energy)
    return math.sqrt(sum(squares) / len(squares)) if squares else 0.0


def _difference(own: Array, expected: Array) -> Array:
    """What to add to get from one to the other; nothing where the reference is not finite.

    A NaN of ours is one to add: whatever follows may wash it out, or not.
    """
    with np.errstate(all="ignore"):
        added = own.astype(np.float64) - expected.astype(np.float64)
        return np.where(np.isfinite(expected), added, 0.0).astype(expected.dtype)


def _by_module(paired: GraphReference, places: Iterable[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at in places:
        found.setdefault(paired.reference.outputs[at].module, []).append(at)
    return found


class _Stored:
    """Values as they are stored between two ops: quantised and back, where the graph does that.

    ::

        v ─ QuantizeLinear ─ DequantizeLinear ─ d        v enters, and d is what is read of it

    The value that stands for an output of the reference is v, or d (in ``made``). ``tensors`` of
    several kinds are kept by value: each as it is read.
    """

    def __init__(self, graph: TaggedGraph, feed: Feed, values: Iterable[str], spill: Spill) -> None:
        self._graph, self._feed, self._spill = graph, feed, spill
        self._ways: dict[str, tuple[str, str]] = {}
        self.made: set[str] = set()
        for value in values:
            behind = _quantised_behind(graph, value)
            before = _quantised_before(graph, value)
            if behind:
                self._ways[value] = (value, behind)
            elif before:
                self._ways[value] = (before, value)
                self.made.add(value)
        self._loads: dict[tuple[str, str], Callable[[], Array]] = {}

    def __contains__(self, value: object) -> bool:
        return value in self._ways

    def keep(self, kind: str, tensors: Mapping[str, Callable[[], Array]]) -> None:
        """Keep tensors of these values as they are read."""
        passed = {}
        for value, load in tensors.items():
            way = self._ways.get(value)
            if way is None or (kind == "kept" and value in self.made):
                self._loads[kind, value] = load
            else:
                passed[way[0]] = (way[1], value, load)
        ends = {end: value for end, value, _ in passed.values()}
        given = {begin: load for begin, (_, _, load) in passed.items()}
        for end, array in own_values(self._graph, self._feed, given, list(ends)):
            key = f"{kind} {ends[end]}"
            self._spill.store(key, array)
            self._loads[kind, ends[end]] = partial(self._spill.load, key)

    def load(self, kind: str, value: str) -> Array:
        """A tensor as it is read."""
        return self._loads[kind, value]()


def _quantised_behind(graph: TaggedGraph, value: str) -> str:
    """What a value is after it was quantised and dequantised, ``""`` if it is not."""
    nodes, top = graph.proto.graph.node, graph.top
    for node in top.readers.get(value, ()):
        if nodes[node].op_type == "QuantizeLinear" and nodes[node].input[0] == value:
            for reader in top.readers.get(nodes[node].output[0], ()):
                if nodes[reader].op_type == "DequantizeLinear":
                    return str(nodes[reader].output[0])
    return ""


def _quantised_before(graph: TaggedGraph, value: str) -> str:
    """What a value was before it was quantised and dequantised, ``""`` if it was not."""
    nodes, top = graph.proto.graph.node, graph.top
    last = nodes[top.maker[value]] if value in top.maker else None
    if last is None or last.op_type != "DequantizeLinear" or last.input[0] not in top.maker:
        return ""
    first = nodes[top.maker[last.input[0]]]
    return str(first.input[0]) if first.op_type == "QuantizeLinear" else ""


class _Injection:
    """The reference in one session, with an input at each border for what is added there."""

    def __init__(
        self, graph: TaggedGraph, borders: Mapping[str, np.dtype[Any]], feed: Feed
    ) -> None:
        self._feed = {name: to_value(one) for name, one in feed.items()}
        model = _with_inputs(graph, borders)
        self._weights = model.weights
        self._results = [one.name for one in model.proto.graph.output]
        self._session = open_session(model.proto, graph.base_dir, weights=model.weights)
        self._nothing = {
            f"{name}{_ADDED}": to_value(np.zeros((), dtype)) for name, dtype in borders.items()
        }
        self._expected = self._run({})

    def effect(self, added: Mapping[str, Array]) -> float:
        """How far the results are from the reference's with this added to these values."""
        return rms_error(self._run(added), self._expected)

    def _run(self, added: Mapping[str, Array]) -> list[Array]:
        more = {f"{name}{_ADDED}": to_value(array) for name, array in added.items()}
        values = run(self._session, self._results, {**self._feed, **self._nothing, **more})
        arrays = [to_array(one) for one in values if one.has_value() and one.is_tensor()]
        return [array.copy() for array in arrays if is_float(array.dtype)]


def _with_inputs(graph: TaggedGraph, borders: Mapping[str, np.dtype[Any]]) -> Part:
    proto = graph.proto
    model = Part(onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import))
    whole = model.proto.graph
    whole.name = "injected"
    whole.input.extend(one for one in proto.graph.input if one.name in graph.top.inputs)
    for name, dtype in borders.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        whole.input.append(onnx.helper.make_tensor_value_info(f"{name}{_ADDED}", kind, None))
    whole.output.extend(onnx.ValueInfoProto(name=one.name) for one in proto.graph.output)
    for tensor in proto.graph.initializer:
        add_weight(model, tensor)
    whole.sparse_initializer.extend(proto.graph.sparse_initializer)
    for number in (op.number for op in graph.flat.ops if not op.body):
        whole.node.append(proto.graph.node[number])
        node = whole.node[-1]
        node.name = next(iter(graph.top.makes[number]), "")
        for at, name in enumerate(node.output):
            if name in borders:
                node.output[at] = f"{name}{_MADE}"
                whole.node.add(
                    op_type="Add", input=[f"{name}{_MADE}", f"{name}{_ADDED}"], output=[name]
                )
    model.proto.functions.extend(proto.functions)
    return model
