"""All values of a graph from one run of it, a slice of its ops at a time.

::

    ops      a b c │ d e f │ g h
    slices   [a b c]          gives what d … h still read, and all of a b c to look at
                      [d e f] reads that, and so on

Every slice is a small model of its own, so no more is in memory than what one
slice makes and reads, weights included, and what later ones still read. A
slice grows while its values are small and shrinks when they are not. The
runtime's optimiser is off, so every value is there, and is what the file says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Feed
from hexviz.extraction.runtime import open_session, run, to_array, to_value
from hexviz.model.function_calls import callees, key_of
from hexviz.model.graph import TaggedGraph

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = ["SLICE_BYTES", "values_of"]

Array = npt.NDArray[Any]

SLICE_BYTES = 1 << 28
"""What the values of one slice should not exceed, nor its weights, unless a single op does."""

_FIRST = 8  # ops of the first slice
_MOST = 256  # a session for more ops costs more than it saves


def values_of(
    graph: TaggedGraph, feed: Feed, *, slice_bytes: int = SLICE_BYTES
) -> Iterator[tuple[str, Array]]:
    """The values of the top graph that ops make, each once, by name, in order of execution.

    Only tensors: sequences and missing optional values are passed on, not given.

    Raises:
        ExtractionError: if the graph has no weights, the inputs do not fit, or an op fails.
    """
    order = [op.number for op in graph.flat.ops if not op.body]
    top = graph.top
    last_reader = {name: at for at, node in enumerate(order) for name in top.reads[node]}
    live = {name: to_value(one) for name, one in feed.items()}
    begin, length = 0, _FIRST
    while begin < len(order):
        nodes = _slice(graph, order[begin : begin + length], slice_bytes)
        begin += len(nodes)
        made = [name for node in nodes for name in top.makes[node]]
        size = 0
        values = _run(graph, nodes, made, live)
        for name, value in values.items():
            if value.has_value() and value.is_tensor():
                size += value.tensor_size_in_bytes()
                yield name, to_array(value)
        live.update({name: value for name, value in values.items() if value.has_value()})
        live = {name: one for name, one in live.items() if last_reader.get(name, -1) >= begin}
        if size > slice_bytes:
            length = max(1, length // 2)
        elif size < slice_bytes // 4:
            length = min(_MOST, 2 * length)


def _slice(graph: TaggedGraph, nodes: Sequence[int], most: int) -> Sequence[int]:
    """As many of these nodes as have weights of so many bytes at most; the first in any case."""
    size = 0
    seen = set()
    for count, node in enumerate(nodes):
        for name in graph.top.reads[node]:
            at = graph.top.weights.get(name)
            if at is not None and name not in seen:
                seen.add(name)
                size += graph.proto.graph.initializer[at].ByteSize()
        if size > most:
            return nodes[: max(1, count)]
    return nodes


def _run(
    graph: TaggedGraph,
    nodes: Sequence[int],
    made: Collection[str],
    live: Mapping[str, ort.OrtValue],
) -> dict[str, ort.OrtValue]:
    """What these nodes of the top graph make."""
    own = set(made)
    read = dict.fromkeys(name for node in nodes for name in graph.top.reads[node])
    wanted = [name for name in read if name not in own]
    part = _part(graph, nodes, wanted, made, live)
    session = open_session(part, graph.base_dir)
    names = list(made)
    return dict(zip(names, run(session, names, live), strict=True))


def _part(
    graph: TaggedGraph,
    nodes: Sequence[int],
    wanted: Sequence[str],
    made: Collection[str],
    live: Mapping[str, ort.OrtValue],
) -> onnx.ModelProto:
    proto, top = graph.proto, graph.top
    part = onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import)
    part.graph.name = "slice"
    for name in wanted:
        if name in top.weights:
            part.graph.initializer.append(proto.graph.initializer[top.weights[name]])
        elif name in top.sparse_weights:
            stored = proto.graph.sparse_initializer[top.sparse_weights[name]]
            part.graph.sparse_initializer.append(stored)
        elif name in live:
            part.graph.input.append(onnx.ValueInfoProto(name=name, type=_type(live[name])))
        else:
            raise ExtractionError(f"Nothing makes the value {name!r}, so the model cannot be run.")
    for node in nodes:
        part.graph.node.append(proto.graph.node[node])
        # Names may be doubled, which the runtime refuses; values' names are not.
        part.graph.node[-1].name = next(iter(top.makes[node]), "")
    for name in made:
        part.graph.output.add(name=name)
    if proto.functions:
        called = callees(proto, part.graph.node)
        part.functions.extend(one for one in proto.functions if key_of(one) in called)
    return part


def _type(value: ort.OrtValue) -> onnx.TypeProto:
    """With the shape of a tensor: the runtime checks some ops before it has seen one."""
    if value.is_tensor_sequence():
        elements = onnx.helper.make_tensor_type_proto(value.element_type(), None)
        return onnx.helper.make_sequence_type_proto(elements)
    return onnx.helper.make_tensor_type_proto(value.element_type(), value.shape())
