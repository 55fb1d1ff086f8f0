"""Values as ONNX Runtime holds them, from arrays and back.

numpy knows neither all of their types (bfloat16, 4-bit integers, texts as the
runtime has them) nor sequences, so those go through raw memory or tiny models.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.runtime import one_line, open_session, refusals, run

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = ["elements", "to_array", "to_value"]

Array = npt.NDArray[Any]

_STRING = onnx.TensorProto.STRING


def to_value(given: Array | Sequence[Array]) -> ort.OrtValue:
    """An array, of any type ONNX knows, or a list of them (a sequence) for the runtime.

    Raises:
        ExtractionError: if the runtime has no such type.
    """
    import onnxruntime as ort

    if not isinstance(given, np.ndarray):
        return _sequence(given)
    try:
        kind = onnx.helper.np_dtype_to_tensor_dtype(given.dtype)
    except (KeyError, ValueError) as error:
        raise ExtractionError(f"ONNX has no type {given.dtype} for an input.") from error
    try:
        if kind == _STRING:
            return _strings(given)
        if given.dtype.isbuiltin == 1:
            return ort.OrtValue.ortvalue_from_numpy(np.asarray(given, order="C"))
        raw = onnx.numpy_helper.from_array(given).raw_data
        value = ort.OrtValue.ortvalue_from_shape_and_type(list(given.shape), kind)
        ctypes.memmove(value.data_ptr(), raw, len(raw))
    except refusals() as error:
        raise ExtractionError(one_line(error)) from error
    return value


def to_array(value: ort.OrtValue) -> Array:
    """The elements of a tensor; types that numpy has not come as those of ``ml_dtypes``."""
    kind = value.element_type()
    if kind == _STRING or onnx.helper.tensor_dtype_to_np_dtype(kind).isbuiltin == 1:
        return np.asarray(value.numpy())
    size = value.tensor_size_in_bytes()
    raw = ctypes.string_at(value.data_ptr(), size) if size else b""
    return onnx.numpy_helper.to_array(
        onnx.TensorProto(data_type=kind, dims=value.shape(), raw_data=raw)
    )


def elements(sequence: ort.OrtValue) -> list[ort.OrtValue]:
    """The tensors of a sequence.

    Raises:
        ExtractionError: if the runtime cannot take it apart.
    """
    kind = onnx.helper.make_sequence_type_proto(
        onnx.helper.make_tensor_type_proto(sequence.element_type(), None)
    )
    counting = _model([onnx.helper.make_node("SequenceLength", ["s"], ["n"])], {"s": kind})
    taking = _model(
        [onnx.helper.make_node("SequenceAt", ["s", "i"], ["t"])],
        {"s": kind, "i": onnx.helper.make_tensor_type_proto(onnx.TensorProto.INT64, [])},
    )
    session = open_session(taking, None, outputs=["t"])
    [length] = run(open_session(counting, None, outputs=["n"]), ["n"], {"s": sequence})
    return [
        run(session, ["t"], {"s": sequence, "i": to_value(np.array(at, np.int64))})[0]
        for at in range(int(to_array(length)))
    ]


def _sequence(parts: Sequence[Array]) -> ort.OrtValue:
    if not parts:
        raise ExtractionError("An empty sequence has no type: give at least one array.")
    feed = {f"t{at}": to_value(part) for at, part in enumerate(parts)}
    kinds = {
        name: onnx.helper.make_tensor_type_proto(value.element_type(), None)
        for name, value in feed.items()
    }
    model = _model([onnx.helper.make_node("SequenceConstruct", list(feed), ["s"])], kinds)
    return run(open_session(model, None, outputs=["s"]), ["s"], feed)[0]


def _strings(given: Array) -> ort.OrtValue:
    """Text goes in as a constant: the runtime's Python takes none directly as a value."""
    constant = onnx.TensorProto(name="c", data_type=_STRING, dims=given.shape)
    constant.string_data.extend(str(one).encode() for one in given.ravel().tolist())
    model = _model([onnx.helper.make_node("Identity", ["c"], ["t"])], {})
    model.graph.initializer.append(constant)
    return run(open_session(model, None, outputs=["t"]), ["t"], {})[0]


def _model(nodes: Sequence[onnx.NodeProto], inputs: Mapping[str, onnx.TypeProto]) -> Any:
    takes = [onnx.helper.make_value_info(name, kind) for name, kind in inputs.items()]
    graph = onnx.helper.make_graph(nodes, "values", takes, [])
    return onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
