"""Element types and shapes of values: what the file says, and what ONNX infers of the rest.

Exporters record types for some values only. Inference runs on a copy without
large weights: their dimensions are enough, and the copy stays small.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import onnx
import onnx.checker
import onnx.shape_inference

from hexviz.model.bodies import walk
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import calls, can_be_inlined
from hexviz.model.gc_control import collector_paused

__all__ = [
    "Shape",
    "declared_types",
    "dtype_name",
    "dtype_of",
    "has_negative_sizes",
    "infer_types",
    "inferred_model",
    "light",
    "open_negative_sizes",
    "shape_of",
    "size_or_name",
]

Shape = tuple[int | str, ...]
"""Sizes, or names of open ones; ``"?"`` where neither is known."""


class DeclaredTypes(Mapping[str, onnx.TypeProto]):
    """Value id → type, for the values of whose type the file tells.

    Types are looked at when somebody asks: to do so for all values takes longer than to read them.
    """

    def __init__(self, told: dict[str, onnx.ValueInfoProto]) -> None:
        self._told = told

    def __getitem__(self, value: str) -> onnx.TypeProto:
        one = self._told[value]
        if not one.HasField("type"):
            raise KeyError(value)
        return one.type

    def __contains__(self, value: object) -> bool:
        return value in self._told and self._told[value].HasField("type")

    def __iter__(self) -> Iterator[str]:
        return (value for value, one in self._told.items() if one.HasField("type"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def declared_types(flat: FlatGraph) -> DeclaredTypes:
    """What the file tells of the types of values. Linear in what it tells."""
    found: dict[str, onnx.ValueInfoProto] = {}
    for body in flat.bodies:
        inputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.input
        outputs = () if isinstance(body.proto, onnx.FunctionProto) else body.proto.output
        here: dict[str, onnx.ValueInfoProto] = {}
        with collector_paused():
            for values in (body.proto.value_info, inputs, outputs):
                for one in values[:]:
                    known = body.ids.get(one.name)
                    if known is not None and (known not in here or one.HasField("type")):
                        here[known] = one
        for known, one in here.items():
            # Of a value from around it, a body may tell less than the graph that makes it.
            if known not in found or not found[known].HasField("type"):
                found[known] = one
    return DeclaredTypes(found)


def dtype_of(kind: onnx.TypeProto | None) -> str | None:
    """The type of a tensor's elements (``float``, ``int64``), or of the tensors in a sequence."""
    tensor = _tensor_in(kind)
    return dtype_name(tensor.elem_type) if tensor is not None else None


def dtype_name(number: int) -> str | None:
    """What ONNX calls an element type, in small letters; ``None`` if it knows none."""
    try:
        return str(onnx.TensorProto.DataType.Name(number)).lower()
    except ValueError:
        return None


def shape_of(kind: onnx.TypeProto | None) -> Shape | None:
    """The shape of a tensor, or of the tensors in a sequence; ``None`` if the rank is unknown."""
    tensor = _tensor_in(kind)
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


def has_negative_sizes(kind: onnx.TypeProto) -> bool:
    """Whether a dimension of a type is given as a negative number."""
    tensor = _tensor_in(kind)
    return tensor is not None and any(dim.dim_value < 0 for dim in tensor.shape.dim)


def open_negative_sizes(kind: onnx.TypeProto) -> None:
    """Write dimensions that are negative numbers as what they mean: without a size."""
    tensor = _tensor_in(kind)
    if tensor is not None:
        for dim in tensor.shape.dim:
            if dim.dim_value < 0:
                dim.ClearField("dim_value")


def _tensor_in(
    kind: onnx.TypeProto | None,
) -> onnx.TypeProto.Tensor | onnx.TypeProto.SparseTensor | None:
    while kind is not None:
        which = kind.WhichOneof("value")
        if which == "tensor_type":
            return kind.tensor_type
        if which == "sparse_tensor_type":
            return kind.sparse_tensor_type
        if which == "sequence_type":
            kind = kind.sequence_type.elem_type
        elif which == "optional_type":
            kind = kind.optional_type.elem_type
        else:  # a map, or nothing
            return None
    return None


_SMALL = 1024
"""Bytes of data up to which an initializer is kept: a shape or an index may be read from it."""

_LONGEST = 1 << 16
"""Elements of a vector up to which inference sees its length: ONNX's data propagation makes a
symbol of 60 bytes for each element of a vector that is an input, 6 GB for 100 million."""

_LARGEST = 1 << 20
"""Up to which inference sees a dimension, if it is not negative, that is open: what is summed up
along all others is such a vector, too."""

_INVENTED = "unk__"
"""How ONNX's inference names dimensions of which it only knows that they are there."""


def infer_types(proto: onnx.ModelProto, order: Sequence[int]) -> Mapping[str, onnx.TypeProto]:
    """Value name → type, for values of the top graph; empty where inference gives up.

    ``order`` is one in which the nodes of the top graph can run: inference goes through them once.

    Models whose functions call themselves, or each other without end, are never
    handed to ONNX's inference, which follows every call by recursion.
    """
    if not can_be_inlined(proto) or (inferred := inferred_model(light(proto, order))) is None:
        return {}
    # A part of a message keeps all of it in memory: the copy of the model is many times larger.
    kept = onnx.GraphProto(value_info=inferred.graph.value_info)
    for value in kept.value_info:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param.startswith(_INVENTED):
                dim.Clear()
    return {value.name: value.type for value in kept.value_info}


def inferred_model(proto: onnx.ModelProto) -> onnx.ModelProto | None:
    """A :func:`light` model with all types that ONNX's inference finds; ``None`` if it gives up."""
    try:
        return onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, ValueError):
        # A model may be wrong in places and still be worth looking at.
        return None


def light(proto: onnx.ModelProto, order: Iterable[int]) -> onnx.ModelProto:
    """A model without large weights, which are inputs instead: of one type and shape.

    Its nodes come in the order given.
    """
    result = onnx.ModelProto(ir_version=proto.ir_version)
    result.opset_import.extend(proto.opset_import)
    result.functions.extend(proto.functions)
    graph = result.graph
    graph.name = "graph"  # a file's own may be no text
    graph.node.extend(proto.graph.node[at] for at in order)
    graph.input.extend(proto.graph.input)
    graph.output.extend(proto.graph.output)
    graph.value_info.extend(proto.graph.value_info)
    _import_domains(result)
    given = {value.name for value in graph.input}
    for tensor in proto.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL and _is_small(tensor):
            graph.initializer.append(tensor)
        elif tensor.name not in given:
            is_long = len(tensor.dims) == 1 and tensor.dims[0] > _LONGEST
            graph.input.append(
                onnx.helper.make_tensor_value_info(
                    tensor.name, tensor.data_type, [None] if is_long else tensor.dims
                )
            )
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if not 0 <= dim.dim_value <= _LARGEST:
                dim.Clear()
    return result


def _import_domains(proto: onnx.ModelProto) -> None:
    """Say a version of each domain: where one is left out, inference says nothing at all."""
    known = {one.domain for one in proto.opset_import}
    missing = {domain for domain, _, _ in calls(proto.graph.node)} - known
    if "ai.onnx" in missing and "" in known:  # two names of one domain
        for node in walk(proto.graph.node):
            node.domain = "" if node.domain == "ai.onnx" else node.domain
        missing.discard("ai.onnx")
    for domain in missing - {""}:
        proto.opset_import.add(domain=domain, version=1)


def _is_small(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor holds little, and says so: inference makes room for what dimensions say."""
    return (
        len(tensor.raw_data) <= _SMALL
        and min(tensor.dims, default=0) >= 0
        and math.prod(tensor.dims) <= _LONGEST
    )
