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
from collections.abc import Collection, Mapping, Sequence
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

    The relative error of the results, as :func:`rms_error`. All outputs of a call have that of the
    call; those whose own error is not above ``noise`` have 0. Outputs without a pair are left out.
    ``spill`` keeps the tensors in between.

    Raises:
        ExtractionError: if a graph cannot be run.
    """
    outputs = paired.reference.outputs
    value_of = {pair.output: pair.value for pair in paired.pairs}
    given = {
        pair.value: (lambda key=outputs[pair.output].key: paired.reference.tensors.load(key))
        for pair in paired.pairs
    }
    made = set()
    for value, array in own_values(graph, paired.reference.feed, given, list(given)):
        spill.store(f"own {value}", array)
        made.add(value)
    stored = _as_stored(graph, paired.reference.feed, made, spill)
    calls: dict[tuple[str, int], list[int]] = {}
    for at, value in value_of.items():
        if value in made:
            calls.setdefault((outputs[at].module, outputs[at].call), []).append(at)

    def own(at: int) -> Array:
        return spill.load(stored.get(value_of[at], f"own {value_of[at]}"))

    def expected(at: int) -> Array:
        return paired.reference.tensors.load(outputs[at].key)

    borders = {paired.values[at]: outputs[at].dtype for at in value_of}
    injection = _Injection(reference, borders, paired.feed)
    found: dict[int, float] = {}
    for places in calls.values():
        added = {}
        for at in places:
            if relative_error(tensor_error(own(at), expected(at))) > noise:
                added[paired.values[at]] = _difference(own(at), expected(at))
        effect = injection.effect(added) if added else 0.0
        found.update(dict.fromkeys(places, effect))
    return found


def rms_error(ours: Sequence[Array], reference: Sequence[Array]) -> float:
    """How far results are from the reference's: the root mean square of their relative errors.

    The relative error of one is the norm of the difference over the norm of the reference.
    """
    squares = []
    for one, other in zip(ours, reference, strict=True):
        wide, true = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
        there = np.isfinite(wide) & np.isfinite(true)
        energy = float(true[there] @ true[there])
        difference = wide[there] - true[there]
        if energy > 0:
            squares.append(float(difference @ difference) / energy)
    return math.sqrt(sum(squares) / len(squares)) if squares else 0.0


def _difference(own: Array, expected: Array) -> Array:
    """What to add to get from one to the other; nothing where either is not finite."""
    with np.errstate(all="ignore"):
        added = own.astype(np.float64) - expected.astype(np.float64)
    return np.where(np.isfinite(added), added, 0.0).astype(expected.dtype)


def _as_stored(
    graph: TaggedGraph, feed: Feed, values: Collection[str], spill: Spill
) -> dict[str, str]:
    """Value → where it lies as its readers get it, for those that are quantised behind.

    ::

        v ─ QuantizeLinear ─ DequantizeLinear ─ d        d is v as it is stored
    """
    behind = {}
    for value in values:
        for node in graph.top.readers.get(value, ()):
            if graph.proto.graph.node[node].op_type != "QuantizeLinear":
                continue
            [quantised] = graph.top.makes[node]
            for reader in graph.top.readers.get(quantised, ()):
                if graph.proto.graph.node[reader].op_type == "DequantizeLinear":
                    behind[graph.top.makes[reader][0]] = value
    given = {value: (lambda value=value: spill.load(f"own {value}")) for value in behind.values()}
    found = {}
    for name, array in own_values(graph, feed, given, list(behind)):
        spill.store(f"stored {name}", array)
        found[behind[name]] = f"stored {name}"
    return found


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
