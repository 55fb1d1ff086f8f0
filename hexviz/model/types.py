"""Element types and shapes, as a file tells them of its values."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from hexviz.model.flat import FlatGraph

__all__ = [
    "Shape",
    "dtype_name",
    "dtype_of",
    "has_negative_sizes",
    "open_negative_sizes",
    "shape_of",
    "size_or_name",
    "told_types",
]

Shape = tuple[int | str, ...]
"""Sizes, or names of open ones; ``"?"`` where neither is known."""


def told_types(flat: FlatGraph) -> Mapping[str, onnx.TypeProto]:
    """Value id → type, for the values of whose type the file tells. Linear in what it tells."""
    found: dict[str, onnx.TypeProto] = {}
    for body in flat.bodies:
        inputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.input
        outputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.output
        here: dict[str, onnx.TypeProto] = {}
        for told in (body.proto.value_info, inputs, outputs):
            for one in told:
                known = body.ids.get(one.name)
                if known is not None and one.HasField("type"):
                    here[known] = one.type
        for known, kind in here.items():
            # Of a value from around it, a body may tell less than the graph that makes it.
            found.setdefault(known, kind)
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
        known if (known := size_or_name(dim)) is not None else "?" for dim in tensor.shape.dim
    )


def size_or_name(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    """The size of a dimension, or the name of an open one; ``None`` if it has neither.

    A negative size is an open one: some converters write ``-1`` for what they do not know, and
    runtimes read it so.
    """
    if dim.HasField("dim_value"):
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return dim.dim_param or None


def has_negative_sizes(told: onnx.TypeProto) -> bool:
    """Whether a dimension of a type is given as a negative number."""
    tensor = _tensor_in(told)
    return tensor is not None and any(dim.dim_value < 0 for dim in tensor.shape.dim)


def open_negative_sizes(told: onnx.TypeProto) -> None:
    """Write dimensions that are negative numbers as what they mean: without a size."""
    tensor = _tensor_in(told)
    if tensor is not None:
        for dim in tensor.shape.dim:
            if dim.dim_value < 0:
                dim.ClearField("dim_value")


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
