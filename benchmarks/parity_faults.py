"""Faults planted in an export, one at a time, as a wrong translation or a careless tool makes them.

Six kinds, each at some places drawn from all that the graph has::

    weight     a weight of one op times 1.05          MatMul(x, W)      → MatMul(x, 1.05 W)
    bias       a bias left out                        Add(y, b)         → y
    axes       two axes of a Transpose swapped        perm 0 2 1 3      → 0 1 2 3
    epsilon    1e-3 more in a normalisation           1e-5              → 1.01e-3
    mask       a mask that is not applied             Softmax(s + mask) → Softmax(s)
    half       the result of one op in half precision y                 → float32(float16(y))

The truth is the module of the op that was changed, as the exporter recorded it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import onnx

from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["KINDS", "Fault", "faults", "planted"]

_SCALE, _EPSILON = 1.05, 1e-3


@dataclass(frozen=True, slots=True)
class Fault:
    """One change: ``node`` is the place of the op in the top graph, ``module`` whose it is."""

    kind: str
    node: int
    module: str
    detail: int = 0


Change = Callable[[onnx.ModelProto, Fault], None]


def faults(graph: TaggedGraph, *, each: int, seed: int) -> list[Fault]:
    """Up to ``each`` faults of each kind, drawn from all places where there could be one."""
    draw = random.Random(seed)  # noqa: S311 - reproducible, nothing to guess
    found = []
    for kind, sites in _SITES.items():
        every = list(sites(graph))
        found += [
            Fault(kind, node, graph.ops[graph.flat.top[node]].module, detail)
            for node, detail in draw.sample(every, min(each, len(every)))
        ]
    return found


def planted(graph: TaggedGraph, *changes: Fault) -> TaggedGraph:
    """The graph with faults in it; all else, tags too, stays."""
    proto = onnx.ModelProto()
    proto.CopyFrom(graph.proto)
    # From the end: what one of them inserts moves the places of what comes behind.
    for fault in sorted(changes, key=lambda one: -one.node):
        _CHANGES[fault.kind](proto, fault)
    return tag(from_proto(proto, name=graph.name))


Sites = Iterator[tuple[int, int]]


def _nodes(graph: TaggedGraph) -> Iterator[tuple[int, onnx.NodeProto]]:
    return enumerate(graph.proto.graph.node)


def _shape(graph: TaggedGraph, name: str) -> tuple[int, ...] | None:
    """The shape of a float weight."""
    at = graph.top.weights.get(name)
    if at is None:
        return None
    tensor = graph.proto.graph.initializer[at]
    return tuple(tensor.dims) if tensor.data_type == onnx.TensorProto.FLOAT else None


def _weights(graph: TaggedGraph) -> Sites:
    for at, node in _nodes(graph):
        for place, name in enumerate(node.input):
            shape = _shape(graph, name)
            if shape is not None and len(shape) >= 2 and max(shape) > 1:
                yield at, place


def _scale(proto: onnx.ModelProto, fault: Fault) -> None:
    node = proto.graph.node[fault.node]
    old = next(one for one in proto.graph.initializer if one.name == node.input[fault.detail])
    new = onnx.numpy_helper.from_array(
        (onnx.numpy_helper.to_array(old) * np.float32(_SCALE)).astype(np.float32),
        f"{old.name}.scaled.{fault.node}",
    )
    proto.graph.initializer.append(new)
    node.input[fault.detail] = new.name


def _biases(graph: TaggedGraph) -> Sites:
    for at, node in _nodes(graph):
        if node.op_type in ("Conv", "Gemm", "ConvTranspose") and len(node.input) > 2:
            if node.input[2]:
                yield at, 2
        elif node.op_type == "Add":
            for place in (0, 1):
                shape = _shape(graph, node.input[place])
                if shape is not None and len(shape) == 1 and shape[0] > 1:
                    yield at, place


def _drop(proto: onnx.ModelProto, fault: Fault) -> None:
    node = proto.graph.node[fault.node]
    if node.op_type != "Add":
        del node.input[2]
        return
    _pass_on(node, 1 - fault.detail)


def _pass_on(node: onnx.NodeProto, place: int) -> None:
    """Make an op hand on one of its inputs."""
    kept = node.input[place]
    del node.input[:]
    node.input.append(kept)
    node.op_type, node.domain = "Identity", ""
    del node.attribute[:]


def _transposes(graph: TaggedGraph) -> Sites:
    for at, node in _nodes(graph):
        for attribute in node.attribute:
            if node.op_type == "Transpose" and attribute.name == "perm":
                for place in range(1, len(attribute.ints) - 1):
                    yield at, place


def _swap(proto: onnx.ModelProto, fault: Fault) -> None:
    for attribute in proto.graph.node[fault.node].attribute:
        if attribute.name == "perm":
            perm = list(attribute.ints)
            place = fault.detail
            perm[place], perm[place + 1] = perm[place + 1], perm[place]
            attribute.ints[:] = perm


def _epsilons(graph: TaggedGraph) -> Sites:
    for at, node in _nodes(graph):
        if any(attribute.name == "epsilon" for attribute in node.attribute):
            yield at, 0
        elif node.op_type == "Add" and len(node.output) == 1:
            readers = graph.top.readers.get(node.output[0], ())
            kinds = {graph.proto.graph.node[one].op_type for one in readers}
            if kinds and kinds <= {"Sqrt", "Reciprocal", "Pow"}:
                for place in (0, 1):
                    shape = _shape(graph, node.input[place])
                    if shape is not None and int(np.prod(shape)) == 1:
                        yield at, place


def _enlarge(proto: onnx.ModelProto, fault: Fault) -> None:
    node = proto.graph.node[fault.node]
    for attribute in node.attribute:
        if attribute.name == "epsilon":
            attribute.f += _EPSILON
            return
    old = next(one for one in proto.graph.initializer if one.name == node.input[fault.detail])
    new = onnx.numpy_helper.from_array(
        (onnx.numpy_helper.to_array(old) + np.float32(_EPSILON)).astype(np.float32),
        f"{old.name}.enlarged.{fault.node}",
    )
    proto.graph.initializer.append(new)
    node.input[fault.detail] = new.name


def _masks(graph: TaggedGraph) -> Sites:
    for node in graph.proto.graph.node:
        if node.op_type != "Softmax":
            continue
        at = graph.top.maker.get(node.input[0])
        before = None if at is None else graph.proto.graph.node[at]
        if before is not None and at is not None and before.op_type == "Add":
            shapes = [graph.value(graph.flat.ids[name]).shape for name in before.input]
            # The scores have a place for each head, the mask one for all.
            masks = [place for place, shape in enumerate(shapes) if shape and 1 in shape[1:]]
            if len(masks) == 1:
                yield at, 1 - masks[0]
        elif before is not None and at is not None and before.op_type == "Where":
            weights = [name in graph.top.weights for name in before.input]
            if any(weights[1:]) and not all(weights[1:]):
                yield at, weights[1:].index(False) + 1


def _ignore(proto: onnx.ModelProto, fault: Fault) -> None:
    _pass_on(proto.graph.node[fault.node], fault.detail)


_ARITHMETIC = frozenset(
    {
        *("MatMul", "Gemm", "Conv", "Add", "Mul", "Softmax", "Gelu", "Tanh", "Sigmoid", "Erf"),
        *("LayerNormalization", "BatchNormalization", "Relu", "Div"),
    }
)


def _arithmetic(graph: TaggedGraph) -> Sites:
    outputs = set(graph.top.outputs)
    floats = {None, "float"}
    for at, node in _nodes(graph):
        if node.op_type in _ARITHMETIC and node.output[0] not in outputs:
            value = graph.value(graph.flat.ids[node.output[0]])
            if value.dtype in floats and value.shape and len(value.shape) > 1:
                yield at, 0


def _halve(proto: onnx.ModelProto, fault: Fault) -> None:
    node = proto.graph.node[fault.node]
    name = node.output[0]
    node.output[0] = f"{name}.whole"
    for place, (source, target, kind) in enumerate(
        (
            (f"{name}.whole", f"{name}.half", onnx.TensorProto.FLOAT16),
            (f"{name}.half", name, onnx.TensorProto.FLOAT),
        )
    ):
        cast = onnx.helper.make_node("Cast", [source], [target], to=kind)
        cast.metadata_props.extend(node.metadata_props)
        proto.graph.node.insert(fault.node + 1 + place, cast)


_SITES: Mapping[str, Callable[[TaggedGraph], Sites]] = MappingProxyType(
    {
        "weight": _weights,
        "bias": _biases,
        "axes": _transposes,
        "epsilon": _epsilons,
        "mask": _masks,
        "half": _arithmetic,
    }
)

_CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "weight": _scale,
        "bias": _drop,
        "axes": _swap,
        "epsilon": _enlarge,
        "mask": _ignore,
        "half": _halve,
    }
)

KINDS = tuple(_SITES)
"""The kinds of faults."""
