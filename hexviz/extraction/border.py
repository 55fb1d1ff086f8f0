"""Types and shapes of the values at a part's border.

A graph's inputs and outputs need a type and a rank. Four sources are asked, one
after the other: the file; ONNX's inference; ONNX Runtime, which folds chains of
shape ops first and knows its own ops; and, for what a Loop or Scan gives back, a
run of the model::

    Shape(x) ─▶ Gather ─▶ Unsqueeze ─▶ Concat ─▶ Reshape      its rank: what Concat's value says
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import onnx
import onnx_ir as ir

from hexviz.errors import ExtractionError
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.shapes import light

__all__ = ["border", "shown"]


def border(graph: TaggedGraph, names: Iterable[str]) -> dict[str, onnx.ValueInfoProto]:
    """Each value with its type, as a graph's inputs and outputs are written.

    Raises:
        ExtractionError: if nothing tells the type of one.
    """
    found = {name: _told(graph, name) for name in names}
    for ask in (_by_runtime, _by_running):
        vague = [name for name, value in found.items() if not _is_typed(value.type)]
        if vague:
            for name, kind in ask(graph, vague).items():
                found[name].type.CopyFrom(kind)
    for name, value in found.items():
        if not value.type.WhichOneof("value"):
            raise ExtractionError(
                f"Nothing tells the type of {name!r}, which would be at the border: select the "
                "modules around it too, or export the model with shapes."
            )
    return found


def shown(value: onnx.ValueInfoProto, *, kind: str) -> Value:
    """A value at the border as people see it; ``kind`` as in :class:`Value`."""
    typed = ir.serde.deserialize_type_proto_for_type(value.type)
    shape = ir.serde.deserialize_type_proto_for_shape(value.type)
    return Value(
        id=value.name,
        name=value.name,
        dtype=typed.dtype.name.lower() if typed is not None else None,
        shape=None
        if shape is None
        else tuple(dim if isinstance(dim, int) else str(dim.value or "?") for dim in shape),
        kind=kind,
    )


def _told(graph: TaggedGraph, name: str) -> onnx.ValueInfoProto:
    """What the file says of a value, else what ONNX infers."""
    result = onnx.ValueInfoProto(name=name)
    told = graph.top.told(name)
    if told is not None:
        result.CopyFrom(told)
    if not _is_typed(result.type):
        weight = graph.top.weights.get(name)
        if weight is not None:
            tensor = graph.proto.graph.initializer[weight]
            result.type.CopyFrom(
                onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
            )
        elif (inferred := graph.inferred.get(name)) is not None:
            result.type.CopyFrom(inferred)
    return result


def _is_typed(kind: onnx.TypeProto) -> bool:
    """Whether a type is known, and the shape too where it has one."""
    match kind.WhichOneof("value"):
        case None:
            return False
        case "tensor_type":
            return bool(kind.tensor_type.elem_type and kind.tensor_type.HasField("shape"))
    return True


def _by_runtime(graph: TaggedGraph, names: Collection[str]) -> Mapping[str, onnx.TypeProto]:
    """What ONNX Runtime knows of these values once it has folded constants; tensors only."""
    from hexviz.extraction.runtime import output_types

    try:
        told = output_types(light(graph.proto), names)
    except ExtractionError:  # it does not know some op: then it cannot help
        return {}
    return {
        name: onnx.helper.make_tensor_type_proto(kind, shape)
        for name, (kind, shape) in told.items()
    }


def _by_running(graph: TaggedGraph, names: Collection[str]) -> Mapping[str, onnx.TypeProto]:
    """Type and rank of these values in a run on generated inputs; sizes may differ in another."""
    from hexviz.extraction.capture import capture

    try:
        values = capture(graph.proto, graph.base_dir, names).values
    except ExtractionError:  # what cannot be run cannot help; the checks will say so
        return {}
    made = onnx.helper.make_tensor_type_proto
    return {
        name: made(values[name].element_type(), [None] * len(values[name].shape()))
        for name in names
        if name in values and values[name].is_tensor()
    }
