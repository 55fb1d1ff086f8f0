"""What the page says of an op that is pointed at, short enough to come along with the picture."""

from __future__ import annotations

import onnx

from hexviz.model.attributes import plain_value
from hexviz.model.graph import TaggedGraph

__all__ = ["card"]

_MOST_VALUES = 3  # inputs or outputs that are named
_MOST_ELEMENTS = 8  # of a constant whose elements are told
_LONGEST = 60  # letters of a line


def card(graph: TaggedGraph, position: int) -> list[str]:
    """Lines of an op: types and shapes of what goes in and comes out, a small constant's value."""
    op = graph.ops[position]
    lines = []
    if op.inputs:
        lines.append(f"in {_types(graph, op.inputs)}")
    if op.outputs:
        lines.append(f"out {_types(graph, op.outputs)}")
    value = _constant(graph, position)
    return [_cut(line) for line in ([*lines, f"= {value}"] if value else lines)]


def _types(graph: TaggedGraph, values: tuple[str, ...]) -> str:
    named = [str(graph.value(value)) for value in values[:_MOST_VALUES] if value]
    rest = len(values) - _MOST_VALUES
    return ", ".join([*named, f"and {rest} more"] if rest > 0 else named)


def _constant(graph: TaggedGraph, position: int) -> str:
    """The value of an op that holds one, if it has few elements."""
    if graph.ops[position].op_type != "Constant":
        return ""
    for attribute in graph.flat.ops[position].node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            return _elements(attribute.t)
        value = plain_value(attribute)
        if value is not None:
            return str(list(value) if isinstance(value, tuple) else value)
    return ""


def _elements(tensor: onnx.TensorProto) -> str:
    """The elements of a small tensor that is in the file itself."""
    size = 1
    for dim in tensor.dims:
        size *= dim
    if not 0 <= size <= _MOST_ELEMENTS or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return ""
    try:
        return str(onnx.numpy_helper.to_array(tensor).tolist())
    except (ValueError, TypeError):  # damaged: its own page says how
        return ""


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
