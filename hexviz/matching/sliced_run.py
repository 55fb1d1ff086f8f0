"""All values of a graph from one run of it, a slice of its ops at a time.

::

    ops      a b c │ d e f │ g h
    slices   [a b c]          gives what d … h still read, and all of a b c to look at
                      [d e f] reads that, and so on

Every slice is a small model of its own, so no more is in memory than what one
slice makes and reads, weights included, and what later ones still read. A
slice grows while its values are small and shrinks when they are not. The
runtime's optimiser is off, so every value is there, and is what the file says.

A value can be *given*: then its readers get another tensor than what the graph makes::

    x ─ a ─ v ─ b ─ y          x ─ a ─ v'        handed out as v
                               given v ─ b ─ y   what b makes of it

Weights are handed to the runtime as they lie in memory: a copy per slice, and none in the model
that it reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Feed
from hexviz.extraction.runtime import IN_MEMORY, open_session, run, to_array, to_value
from hexviz.model.attributes import name_of
from hexviz.model.function_calls import callees, key_of
from hexviz.model.graph import TaggedGraph
from hexviz.model.weights_in_place import elements_in_place, is_askew

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = ["SLICE_BYTES", "Given", "Part", "add_weight", "values_of"]

Array = npt.NDArray[Any]
Given = Mapping[str, Callable[[], Array | Sequence[Array]]]
"""Value → what loads the tensor, or the sequence of them, that its readers get."""

SLICE_BYTES = 1 << 28
"""What the values of one slice should not exceed, nor its weights, unless a single op does."""

_FIRST = 8  # ops of the first slice
_MOST = 256  # a session for more ops costs more than it saves
_LARGE = 4096  # bytes from which on a weight is not copied; below, the runtime may look at it
_STANDARD = frozenset({"", "ai.onnx"})
_NARROW = frozenset({onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16})
_SIZED = frozenset(onnx.TensorProto.DataType.values()) - {
    onnx.TensorProto.UNDEFINED,
    onnx.TensorProto.STRING,
}
_MADE = ":made"  # behind the name of a given value: what the graph makes of it
_WHOLE = ":whole"  # behind the name of a value before it is rounded to its type


def values_of(
    graph: TaggedGraph,
    feed: Feed,
    *,
    given: Given | None = None,
    wanted: Collection[str] | None = None,
    slice_bytes: int = SLICE_BYTES,
) -> Iterator[tuple[str, Array]]:
    """The values of the top graph that ops make, each once, by name, in order of execution.

    Only tensors: sequences and missing optional values are passed on, not given out.
    ``given`` are values, inputs or initializers whose readers, in bodies too, get another
    tensor of the same type; what the graph makes of them is what is given out. Of ``wanted``
    only, and then no op runs that they do not need; without it, all of them.

    Raises:
        ExtractionError: if the graph has no weights, the inputs do not fit, or an op fails.
    """
    given = given or {}
    order = [op.number for op in graph.flat.ops if not op.body]
    if wanted is not None:
        order = _needed(graph, order, given, wanted)
    top = graph.top
    rounds = _has_narrow(graph)
    standard = all(op.node.domain in _STANDARD for op in graph.flat.ops)
    last_reader = {
        name: at for at, node in enumerate(order) for name in top.reads[node] if name not in given
    }
    live = {name: to_value(one) for name, one in feed.items() if name not in given}
    absent: set[str] = set()
    begin, length = 0, _FIRST
    while begin < len(order):
        nodes = _slice(graph, order[begin : begin + length], slice_bytes)
        begin += len(nodes)
        made = [name for node in nodes for name in top.makes[node]]
        size = 0
        values = _run(graph, nodes, made, _Surroundings(live, given, absent, rounds, standard))
        for name, value in values.items():
            if value.has_value() and value.is_tensor():
                size += value.tensor_size_in_bytes()
                if wanted is None or name in wanted:
                    yield name, to_array(value)
        absent.update(name for name, value in values.items() if not value.has_value())
        live.update({name: value for name, value in values.items() if value.has_value()})
        live = {name: one for name, one in live.items() if last_reader.get(name, -1) >= begin}
        if size > slice_bytes:
            length = max(1, length // 2)
        elif size < slice_bytes // 4:
            length = min(_MOST, 2 * length)


def _needed(
    graph: TaggedGraph, order: Sequence[int], given: Given, wanted: Collection[str]
) -> list[int]:
    """The nodes, in order, that these values are made by, up to what is given."""
    top = graph.top
    needed: set[int] = set()
    pending = [top.maker[name] for name in wanted if name in top.maker]
    while pending:
        node = pending.pop()
        if node in needed:
            continue
        needed.add(node)
        pending += [
            top.maker[name] for name in top.reads[node] if name in top.maker and name not in given
        ]
    return [node for node in order if node in needed]


def _has_narrow(graph: TaggedGraph) -> bool:
    """Whether any value may be a float of 16 bits."""
    proto = graph.proto.graph
    stored = any(tensor.data_type in _NARROW for tensor in proto.initializer)
    told = any(
        one.type.tensor_type.elem_type in _NARROW
        for values in (proto.input, proto.value_info, proto.output)
        for one in values
    )
    return (
        stored
        or told
        or any(
            name_of(attribute) in {"to", "dtype"} and attribute.i in _NARROW
            for op in graph.flat.ops
            for attribute in op.node.attribute
        )
    )


def _slice(graph: TaggedGraph, nodes: Sequence[int], most: int) -> Sequence[int]:
    """As many of these nodes as have weights of so many bytes at most; the first in any case."""
    size = 0
    seen = set()
    for count, node in enumerate(nodes):
        for name in graph.top.reads[node]:
            at = graph.top.weights.get(name)
            if at is not None and name not in seen:
                seen.add(name)
                size += _bytes_of(graph.proto.graph.initializer[at])
        if size > most:
            return nodes[: max(1, count)]
    return nodes


def _bytes_of(tensor: onnx.TensorProto) -> int:
    """What its elements take; asking protobuf would write the whole tensor to find out."""
    if tensor.data_type not in _SIZED:
        return int(tensor.ByteSize())
    itemsize = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return int(itemsize * math.prod(tensor.dims))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a slice can read: values made before it, given ones, and missing optional ones."""

    live: Mapping[str, ort.OrtValue]
    given: Given
    absent: Collection[str]
    rounds: bool
    """Whether values are rounded to their type between two ops, see :func:`_round`."""
    standard: bool
    """Whether all ops are ONNX's own: others may compute something else with weights that the
    runtime has not laid out anew."""


@dataclass(slots=True)
class Part:
    """A slice as a model: ``fed`` are its inputs, ``weights`` those it does not hold itself."""

    proto: onnx.ModelProto
    fed: dict[str, ort.OrtValue] = field(default_factory=dict)
    weights: dict[str, ort.OrtValue] = field(default_factory=dict)


def _run(
    graph: TaggedGraph, nodes: Sequence[int], made: Sequence[str], around: _Surroundings
) -> dict[str, ort.OrtValue]:
    """What these nodes of the top graph make."""
    part = _part(graph, nodes, made, around)
    session = open_session(part.proto, graph.base_dir, weights=part.weights, once=around.standard)
    names = [one.name for one in part.proto.graph.output]
    return dict(zip(made, run(session, names, part.fed), strict=True))


def _part(
    graph: TaggedGraph, nodes: Sequence[int], made: Sequence[str], around: _Surroundings
) -> Part:
    proto, top, given = graph.proto, graph.top, around.given
    part = onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import)
    part.graph.name = "slice"
    result = Part(part)
    own = set(made)
    for name in dict.fromkeys(name for node in nodes for name in top.reads[node]):
        if name in given:
            _add_input(result, name, to_value(given[name]()))
        elif name in own:
            continue
        elif name in top.weights:
            add_weight(result, proto.graph.initializer[top.weights[name]], graph.base_dir)
        elif name in top.sparse_weights:
            stored = proto.graph.sparse_initializer[top.sparse_weights[name]]
            part.graph.sparse_initializer.append(stored)
        elif name in around.live:
            _add_input(result, name, around.live[name])
        elif name in around.absent:
            _add_nothing(result, graph, name)
        else:
            raise ExtractionError(f"Nothing makes the value {name!r}, so the model cannot be run.")
    for node in nodes:
        part.graph.node.append(proto.graph.node[node])
        copy = part.graph.node[-1]
        # Names may be doubled, which the runtime refuses; values' names are not.
        copy.name = next(iter(top.makes[node]), "")
        for at, name in enumerate(copy.output):
            if name in given:
                copy.output[at] = name + _MADE
        if around.rounds:
            _round(part.graph, copy, top.readers)
    for name in made:
        part.graph.output.add(name=name + _MADE if name in given else name)
    if proto.functions:
        called = callees(proto, part.graph.node)
        part.functions.extend(one for one in proto.functions if key_of(one) in called)
    return result


def _add_input(part: Part, name: str, value: ort.OrtValue) -> None:
    part.proto.graph.input.append(onnx.ValueInfoProto(name=name, type=_type(value)))
    part.fed[name] = value


def add_weight(part: Part, tensor: onnx.TensorProto, base_dir: Path | None = None) -> None:
    """Add a weight without a second copy of its data, if the runtime can take it from memory.

    So is one in a file (of the folder ``base_dir``) at a place that is no multiple of its elements'
    size: the runtime maps files, and its kernels read elements where they lie.
    """
    kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type) if tensor.data_type else None
    held = tensor.HasField("raw_data") or is_askew(tensor)
    if _bytes_of(tensor) < _LARGE or not held or _is_unusual(kind):
        part.proto.graph.initializer.append(tensor)
        return
    stub = part.proto.graph.initializer.add(
        name=tensor.name,
        data_type=tensor.data_type,
        dims=tensor.dims,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    stub.external_data.add(key="location", value=IN_MEMORY)
    if tensor.HasField("raw_data"):
        part.weights[tensor.name] = to_value(onnx.numpy_helper.to_array(tensor))
    else:
        part.weights[tensor.name] = to_value(elements_in_place(tensor, base_dir))


def _is_unusual(kind: np.dtype[Any] | None) -> bool:
    """Whether elements are of a type that numpy does not have itself, or are texts."""
    return kind is None or kind.isbuiltin != 1 or kind.kind == "O"


def _add_nothing(part: Part, graph: TaggedGraph, name: str) -> None:
    """An optional value that is missing: the runtime takes none as an input."""
    told = graph.types.get(name) or graph.inferred.get(name)
    if told is None or not told.HasField("optional_type"):
        raise ExtractionError(f"The value {name!r} is missing, and an op reads it.")
    part.proto.graph.node.append(
        onnx.helper.make_node("Optional", [], [name], type=told.optional_type.elem_type)
    )


def _round(graph: onnx.GraphProto, node: onnx.NodeProto, readers: Mapping[str, Any]) -> None:
    """Have what a node makes rounded to its type before it is read.

    The runtime computes floats of 16 bits in 32 and leaves out the casts between two such ops, also
    those that the file has; an Identity between them, which it does not look through, keeps both.
    """
    for at, name in enumerate(node.output):
        if name in readers:
            node.output[at] = name + _WHOLE
            graph.node.add(op_type="Identity", input=[name + _WHOLE], output=[name])


def _type(value: ort.OrtValue) -> onnx.TypeProto:
    """With the shape of a tensor: the runtime checks some ops before it has seen one."""
    if value.is_tensor_sequence():
        elements = onnx.helper.make_tensor_type_proto(value.element_type(), None)
        return onnx.helper.make_sequence_type_proto(elements)
    return onnx.helper.make_tensor_type_proto(value.element_type(), value.shape())
