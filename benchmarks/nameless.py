"""A model without a single word of its author: every name a number, no metadata, no comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import onnx

from hexviz.model.bodies import graphs_in

__all__ = ["nameless"]


def nameless(proto: onnx.ModelProto, *, letter: str = "v") -> onnx.ModelProto:
    """A copy in which values are ``v0, v1, …``, functions ``f0, …`` and ops have no names.

    Names change in the same way everywhere: in bodies, which see the names around
    them, and in functions, which do not. What the model computes stays, and so does
    the order of inputs, outputs and ops. Another ``letter`` than v is for models whose
    values are called so already, by other numbers.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for field in ("producer_name", "producer_version", "domain", "doc_string", "metadata_props"):
        copy.ClearField(field)
    fresh = (f"{letter}{number}" for number in count())
    functions = {
        (one.domain, one.name, one.overload): f"f{at}" for at, one in enumerate(copy.functions)
    }
    dims = _Dims()
    _graph(copy.graph, {"": ""}, fresh, functions, dims)
    for one in copy.functions:
        names = {"": ""}
        one.name = functions[one.domain, one.name, one.overload]
        one.ClearField("doc_string")
        one.ClearField("metadata_props")
        for values in (one.input, one.output):
            _renamed(values, names, fresh)
        _values_told(one.value_info, names, fresh, dims)
        _nodes(one.node, names, fresh, functions, dims)
    return copy


class _Dims(dict[str, str]):
    """Symbol of a dimension → what it is called now."""

    def __missing__(self, symbol: str) -> str:
        self[symbol] = f"d{len(self)}"
        return self[symbol]


Names = dict[str, str]
Functions = Mapping[tuple[str, str, str], str]


def _graph(
    graph: onnx.GraphProto, outer: Names, fresh: Iterator[str], functions: Functions, dims: _Dims
) -> None:
    names = dict(outer)
    defined = [one.name for one in graph.input]
    defined += [one.name for one in graph.initializer]
    defined += [one.values.name for one in graph.sparse_initializer]
    defined += [name for node in graph.node for name in node.output]
    for name in dict.fromkeys(defined):
        if name:
            names[name] = next(fresh)
    graph.name = "g"
    for field in ("doc_string", "metadata_props", "quantization_annotation"):
        graph.ClearField(field)
    _nodes(graph.node, names, fresh, functions, dims)
    for tensor in (*graph.initializer, *(one.values for one in graph.sparse_initializer)):
        tensor.name = names[tensor.name]
        tensor.ClearField("doc_string")
        tensor.ClearField("metadata_props")
    for values in (graph.input, graph.output, graph.value_info):
        _values_told(values, names, fresh, dims)


def _nodes(
    nodes: Iterable[onnx.NodeProto],
    names: Names,
    fresh: Iterator[str],
    functions: Functions,
    dims: _Dims,
) -> None:
    for node in nodes:
        for field in ("name", "doc_string", "metadata_props"):
            node.ClearField(field)
        node.op_type = functions.get((node.domain, node.op_type, node.overload), node.op_type)
        for values in (node.input, node.output):
            _renamed(values, names, fresh)
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
            if attribute.HasField("t"):
                attribute.t.ClearField("name")
                attribute.t.ClearField("doc_string")
        for graph in graphs_in(node):
            _graph(graph, names, fresh, functions, dims)


def _renamed(values: list[str], names: Names, fresh: Iterator[str]) -> None:
    for at, name in enumerate(values):
        if name not in names:
            names[name] = next(fresh)
        values[at] = names[name]


def _values_told(
    values: Iterable[onnx.ValueInfoProto], names: Names, fresh: Iterator[str], dims: _Dims
) -> None:
    for value in values:
        if value.name not in names:
            names[value.name] = next(fresh)
        value.name = names[value.name]
        value.ClearField("doc_string")
        value.ClearField("metadata_props")
        _type(value.type, dims)


def _type(kind: onnx.TypeProto, dims: _Dims) -> None:
    kind.ClearField("denotation")
    while kind.HasField("sequence_type") or kind.HasField("optional_type"):
        which = "sequence_type" if kind.HasField("sequence_type") else "optional_type"
        kind = getattr(kind, which).elem_type
    for dim in kind.tensor_type.shape.dim if kind.tensor_type.HasField("shape") else ():
        dim.ClearField("denotation")
        if dim.HasField("dim_param"):
            dim.dim_param = dims[dim.dim_param]
