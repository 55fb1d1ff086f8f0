"""What an input means, read off the ops that its elements reach unchanged.

::

    ids ─▶ Cast ─▶ Unsqueeze ─▶ Gather(table[30522, 768])     an index below 30522
    mask ─▶ Cast ─▶ Where                                     nothing is known: a mask, or numbers
    shape ─▶ Concat ─▶ Reshape                                a size

The tables go by op type, as the standard defines them; no model is known by name.
"""

from __future__ import annotations

import itertools
import math
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import onnx

from hexviz.extraction.sizes import Dims, dims_of
from hexviz.model.shapes import infer_types

__all__ = ["Meaning", "meanings"]

_Spot = tuple[int, str]  # a value: the number of the graph that it is in, and its name
_Use = tuple[onnx.NodeProto, int, tuple[_Spot, ...]]  # an op, which of its inputs, and all of them
_Pending = tuple[int, onnx.GraphProto | onnx.FunctionProto, ChainMap[str, int]]

_HANDS_ON = frozenset(
    {"Cast", "CastLike", "Concat", "ConcatFromSequence", "Expand", "Flatten", "Gather",
     "GatherElements", "GatherND", "Identity", "Optional", "OptionalGetElement", "Pad", "Reshape",
     "SequenceAt", "SequenceConstruct", "Slice", "Split", "Squeeze", "Tile", "Transpose",
     "Unsqueeze", "Where"}
)  # fmt: skip
"""Ops whose output has elements of the first input as they are, or of all in :data:`_FROM`."""

_FROM: Mapping[str, slice] = MappingProxyType(
    {"Concat": slice(None), "SequenceConstruct": slice(None), "Where": slice(1, None)}
)

_INDEXES: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {
        "EmbedLayerNormalization": {0: 2, 1: 4},
        "Gather": {1: 0},
        "GatherBlockQuantized": {1: 0},
        "GatherElements": {1: 0},
        "GatherND": {1: 0},
        "OneHot": {0: 1},
        "Scatter": {1: 0},
        "ScatterElements": {1: 0},
        "ScatterND": {1: 0},
        "SequenceAt": {1: 0},
    }
)
"""Op → inputs that hold indices, each with the one that they point into."""

_SIZES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "BlackmanWindow": (0,), "ConstantOfShape": (0,), "DFT": (1,), "Expand": (1,),
        "HammingWindow": (0,), "HannWindow": (0,), "Loop": (0,), "OneHot": (1,), "Pad": (1,),
        "Range": (0, 1, 2), "Reshape": (1,), "Resize": (2, 3), "Slice": (2, 4), "Split": (1,),
        "Tile": (1,), "TopK": (1,), "Upsample": (1,),
    }
)  # fmt: skip
"""Op → inputs that are sizes or counts."""


@dataclass
class _Flow:
    """Where values go: unchanged into others, into ops, and from a caller into a body."""

    onward: dict[_Spot, list[_Spot]] = field(default_factory=dict)
    uses: dict[_Spot, list[_Use]] = field(default_factory=dict)
    callers: dict[_Spot, list[_Spot]] = field(default_factory=dict)
    dims: dict[_Spot, Dims] = field(default_factory=dict)
    numbers: dict[_Spot, int] = field(default_factory=dict)

    def link(self, sources: Iterable[_Spot], targets: Iterable[_Spot]) -> None:
        for source, target in zip(sources, targets, strict=False):
            self.onward.setdefault(source, []).append(target)


@dataclass(frozen=True)
class Meaning:
    """``limits`` are the dimensions that it indexes; ``is_size`` that it counts something."""

    limits: tuple[int | str | None, ...]
    is_size: bool


def meanings(proto: onnx.ModelProto, inputs: Iterable[str]) -> dict[str, Meaning]:
    """What the graph does with each input, as far as its elements go unchanged."""
    flow = _flow(proto)

    @cache
    def inferred() -> Mapping[str, onnx.TypeProto]:
        return infer_types(proto)

    def dims(spot: _Spot) -> list[Dims]:
        """The shapes that a value may have: one for each call, if it is handed to a function."""
        found, seen, pending = [], {spot}, [spot]
        while pending:
            one = pending.pop()
            if one in flow.dims:
                found.append(flow.dims[one])
            elif one in flow.callers:
                pending.extend(set(flow.callers[one]) - seen)
                seen.update(pending)
            elif one[0] == 0 and one[1] in inferred():
                tensor = inferred()[one[1]].tensor_type
                found += [dims_of(tensor)] if tensor.HasField("shape") else []
        return found

    def limits(node: onnx.NodeProto, target: _Spot) -> Iterator[int | str | None]:
        if node.op_type == "OneHot":
            yield flow.numbers.get(target)
            return
        shapes = dims(target)
        if not shapes:
            yield None
        attributes = {one.name: one.i for one in node.attribute}
        for shape in shapes:
            if node.op_type.endswith("ND"):
                yield from shape[attributes.get("batch_dims", 0) :]
            elif -len(shape) <= (axis := attributes.get("axis", 0)) < len(shape):
                yield None if str(shape[axis]).startswith("?") else shape[axis]

    found = {}
    for name in inputs:
        seen, pending = {(0, name)}, [(0, name)]
        reached: list[int | str | None] = []
        is_size = False
        while pending:
            spot = pending.pop()
            for node, at, spots in flow.uses.get(spot, ()):
                target = _INDEXES.get(node.op_type, {}).get(at)
                if target is not None and target < len(spots):
                    reached.extend(limits(node, spots[target]))
                is_size |= at in _SIZES.get(node.op_type, ())
            new = set(flow.onward.get(spot, ())) - seen
            seen |= new
            pending.extend(new)
        found[name] = Meaning(tuple(dict.fromkeys(reached)), is_size)
    return found


def _flow(proto: onnx.ModelProto) -> _Flow:
    """Follow all values of a model, also into bodies and functions.

    A function is one graph, however often it is called.
    """
    flow = _Flow()
    functions = {(one.domain, one.name, one.overload): one for one in proto.functions}
    numbered: dict[tuple[str, str, str], int] = {}
    count = itertools.count()
    nobody: ChainMap[str, int] = ChainMap()
    pending: list[_Pending] = [_enter(next(count), proto.graph, nobody)]
    while pending:
        number, graph, visible = pending.pop()
        _note_dims(flow, number, graph)
        for node in graph.node:
            takes = tuple((visible.get(name, number), name) for name in node.input)
            makes = [(number, name) for name in node.output]
            for at, spot in enumerate(takes):
                flow.uses.setdefault(spot, []).append((node, at, takes))
            key = (node.domain, node.op_type, node.overload)
            if key in functions:
                called = functions[key]
                if key not in numbered:
                    numbered[key] = next(count)
                    pending.append(_enter(numbered[key], called, nobody))
                formal = [(numbered[key], name) for name in called.input]
                flow.link(takes, formal)
                for spot, source in zip(formal, takes, strict=False):
                    flow.callers.setdefault(spot, []).append(source)
                flow.link([(numbered[key], name) for name in called.output], makes)
            elif node.op_type in _HANDS_ON:
                for spot in takes[_FROM.get(node.op_type, slice(1))]:
                    for made in makes:
                        flow.link([spot], [made])
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    body = attribute.g
                    inside = _enter(next(count), body, visible)
                    pending.append(inside)
                    formal = [(inside[0], one.name) for one in body.input]
                    flow.link(takes, formal)
                    gives = body.output[1:] if node.op_type == "Loop" else body.output
                    flow.link([(inside[2].get(one.name, number), one.name) for one in gives], makes)
    return flow


def _enter(
    number: int, graph: onnx.GraphProto | onnx.FunctionProto, around: ChainMap[str, int]
) -> _Pending:
    """A graph with all names that can be seen in it, each with the graph it is of."""
    own = [name for node in graph.node for name in node.output]
    if isinstance(graph, onnx.GraphProto):
        own += [one.name for one in (*graph.input, *graph.initializer)]
    else:
        own += graph.input
    return number, graph, around.new_child(dict.fromkeys(own, number))


def _note_dims(flow: _Flow, number: int, graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    tensors: list[tuple[str, onnx.TensorProto]] = []
    for node in graph.node:
        if node.op_type == "Constant":
            tensors += [(node.output[0], one.t) for one in node.attribute if one.name == "value"]
            for one in node.attribute:
                if one.name == "value_int":
                    flow.numbers[number, node.output[0]] = one.i
    values = list(graph.value_info)
    if isinstance(graph, onnx.GraphProto):
        values += [*graph.input, *graph.output]
        tensors += [(one.name, one) for one in graph.initializer]
    for value in values:
        if value.type.tensor_type.HasField("shape"):
            flow.dims[number, value.name] = dims_of(value.type.tensor_type)
    for name, tensor in tensors:
        flow.dims[number, name] = tuple(tensor.dims)
        few = math.prod(tensor.dims) == 1 and not tensor.external_data
        if few and tensor.data_type in (onnx.TensorProto.INT32, onnx.TensorProto.INT64):
            flow.numbers[number, name] = int(onnx.numpy_helper.to_array(tensor).item())
