"""Element types and shapes, as a file tells them of its values."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from hexviz.model.flat import FlatGraph

__all__ = ["Shape", "dtype_name", "dtype_of", "shape_of", "told_types"]

Shape = tuple[int | str, ...]
"""Sizes, or names of open ones; ``"?"`` where neither is known."""


def told_types(flat: FlatGraph) -> Mapping[str, onnx.TypeProto]:
    """Value id → type, for the values of whose type the file tells. Linear in what it tells."""
    found: dict[str, onnx.TypeProto] = {}
    for body in flat.bodies:
        inputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.input
        outputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.output
        for told in (body.proto.value_info, inputs, outputs):
            for one in told:
                known = body.ids.get(one.name)
                if known is not None and one.HasField("type"):
                    found[known] = one.type
    return found


def dtype_of(told: onnx.TypeProto | None) -> str | None:
    """The type of a tensor's elements (``float``, ``int64``), or of the tensors in a sequence."""
    tensor = _tensor_in(told)
    return dtype_name(tensor.elem_type) if tensor is not None else None


def dtype_name(number: int) -> str | None:
    """What ONNX calls an element type, in small letters; ``None`` if it knows none."""
    try:
        return str(onnx.TensorProto.DataType.Name(number)).lower()
    except ValueError:
        return None


def shape_of(told: onnx.TypeProto | None) -> Shape | None:
    """The shape of a tensor, or of the tensors in a sequence; ``None`` if the rank is unknown."""
    tensor = _tensor_in(told)
    if tensor is None or not tensor.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
        for dim in tensor.shape.dim
    )


def _tensor_in(
    told: onnx.TypeProto | None,
) -> onnx.TypeProto.Tensor | onnx.TypeProto.SparseTensor | None:
    while told is not None:
        kind = told.WhichOneof("value")
        if kind == "tensor_type":
            return told.tensor_type
        if kind == "sparse_tensor_type":
            return told.sparse_tensor_type
        if kind == "sequence_type":
            told = told.sequence_type.elem_type
        elif kind == "optional_type":
            told = told.optional_type.elem_type
        else:  # a map, or nothing
            return None
    return None
