"""Shapes of all values for given sizes of open dimensions: what a person sets goes into the inputs.

::

    input  [batch, seq]     batch = 1, seq = 128     [1, 128]  ─▶ ONNX's inference ─▶ [1, 128, 768]

What inference leaves open the runtime is asked for: it folds chains of shape ops, and knows the ops
of its own domains. What is then still open depends on data, or on a size that nobody set.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import onnx

from hexviz.errors import ExtractionError, MeasureError
from hexviz.extraction.meaning import dims_of, size_of, symbols_in
from hexviz.extraction.runtime import output_types
from hexviz.model.bodies import graphs_within
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.near_names import near_names
from hexviz.model.tensors import bytes_per_element
from hexviz.model.types import declared_types, inferred_model

__all__ = [
    "Dims",
    "Tensor",
    "bytes_of",
    "open_dimensions",
    "set_sizes",
    "tensor_of",
    "tensors_of",
    "usual_sizes",
]

Dims = tuple[int | None, ...]
"""Sizes, ``None`` where nobody knows one."""


class Tensor(NamedTuple):
    """ONNX's number of an element type, 0 if unknown, and sizes, ``None`` if not even the rank."""

    dtype: int
    dims: Dims | None

    @property
    def elements(self) -> int | None:
        """How many elements it has."""
        known = [size for size in self.dims or () if size is not None]
        return None if self.dims is None or len(known) < len(self.dims) else math.prod(known)


def bytes_of(tensor: Tensor | None) -> int | None:
    """What a tensor takes in memory; types of less than a byte are packed."""
    if tensor is None or (elements := tensor.elements) is None:
        return None
    try:
        return math.ceil(elements * bytes_per_element(tensor.dtype))
    except ValueError:  # text has no size, and a stranger's number no type
        return None


def tensor_of(kind: onnx.TypeProto) -> Tensor | None:
    """What a type says of a tensor; ``None`` for sequences, whose length no type tells."""
    if kind.WhichOneof("value") not in ("tensor_type", "sparse_tensor_type"):
        return None
    tensor = kind.tensor_type if kind.HasField("tensor_type") else kind.sparse_tensor_type
    if not tensor.HasField("shape"):
        return Tensor(tensor.elem_type, None)
    sizes = tuple(
        [
            dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else None
            for dim in tensor.shape.dim
        ]
    )
    return Tensor(tensor.elem_type, sizes)


def open_dimensions(
    proto: onnx.ModelProto, inputs: Iterable[onnx.ValueInfoProto], given: Mapping[str, int]
) -> dict[str, int | None]:
    """Name of each open dimension of the inputs → the size that it is given.

    An expression (``past + 1``) is known by the names in it; a dimension without a name is
    ``input[axis]``. Other symbols that the file uses can be given, too.

    Raises:
        MeasureError: if a given one is none, or no size.
    """
    found: dict[str, int | None] = dict.fromkeys(name for name, _ in _open(inputs))
    for name, size in given.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 < size < 1 << 40:
            raise MeasureError(f"The size of {name!r} must be a whole number above 0.")
        if name not in found and name not in _other_symbols(proto):
            near = near_names(name, found) or [*found][:_MOST_NAMED]
            hint = f"it has {', '.join(near)}" if near else "all of its inputs have fixed sizes"
            raise MeasureError(f"The model has no open dimension {name!r}: {hint}.")
        found[name] = size
    return found


_MOST_NAMED = 8


def usual_sizes(inputs: Iterable[onnx.ValueInfoProto]) -> dict[str, int]:
    """Name of each open dimension → a size where nobody says one.

    The first axis of an input counts cases: one. Any other is a length: 128.
    """
    found: dict[str, int] = {}
    for name, axis in _open(inputs):
        found.setdefault(name, _OTHER_AXES if axis else _FIRST_AXIS)
    return found


_FIRST_AXIS = 1
_OTHER_AXES = 128


def _open(inputs: Iterable[onnx.ValueInfoProto]) -> Iterator[tuple[str, int]]:
    """The name and the axis of each open dimension."""
    for value in inputs:
        for axis, dim in enumerate(dims_of(value.type.tensor_type)):
            if isinstance(dim, str):
                names = [_place(value.name, axis)] if dim == f"?{axis}" else symbols_in(dim)
                yield from ((name, axis) for name in names)


def _place(name: str, axis: int) -> str:
    return f"{name}[{axis}]"


def _other_symbols(proto: onnx.ModelProto) -> set[str]:
    return {
        symbol
        for value in (*proto.graph.output, *proto.graph.value_info)
        for dim in value.type.tensor_type.shape.dim
        if dim.dim_param
        for symbol in symbols_in(dim.dim_param)
    }


def set_sizes(proto: onnx.ModelProto, sizes: Mapping[str, int]) -> None:
    """Write sizes for open dimensions into a model, wherever it speaks of them."""
    for value in proto.graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            size = sizes.get(_place(value.name, axis))
            if size is not None and not dim.dim_param and dim.dim_value <= 0:
                dim.dim_value = size
    if sizes:
        for graph in graphs_within(proto.graph):
            for value in (*graph.input, *graph.output, *graph.value_info):
                for dim in value.type.tensor_type.shape.dim:
                    if dim.dim_param and (known := size_of(dim.dim_param, sizes)) is not None:
                        dim.dim_value = known


def tensors_of(proto: onnx.ModelProto, flat: FlatGraph) -> dict[str, Tensor | None]:
    """Value id → its tensor, for a model without large weights whose sizes are set.

    ``flat`` lists the model, or one with the same names.
    """
    found = dict(_types(inferred_model(proto) or proto, flat))
    unknown = [
        value
        for at in flat.top
        for value in flat.ops[at].outputs
        if value and (value not in found or bytes_of(found[value]) is None)
        if flat.ops[at].domain or not _is_sequence(found, value)
    ]
    if unknown and all(_is_fixed(value) for value in proto.graph.input):
        found.update(list(_from_runtime(proto, flat, unknown, found)))
    return found


def _types(proto: onnx.ModelProto, flat: FlatGraph) -> Iterator[tuple[str, Tensor | None]]:
    # Of bodies, the types stand in the nodes of what was inferred: their ids are the same.
    listed = flatten(proto) if len(flat.bodies) > 1 else None
    if listed is not None:
        yield from ((value, tensor_of(kind)) for value, kind in declared_types(listed).items())
        return
    for values in (proto.graph.value_info, proto.graph.output, proto.graph.input):
        for one in values:
            if (known := flat.ids.get(one.name)) is not None and one.HasField("type"):
                yield known, tensor_of(one.type)


def _is_sequence(found: Mapping[str, Tensor | None], value: str) -> bool:
    return value in found and found[value] is None


def _is_fixed(value: onnx.ValueInfoProto) -> bool:
    kind = tensor_of(value.type)
    # Of vectors that are too long to be looked at, inference sees no length.
    return kind is None or kind.dims is None or len(kind.dims) == 1 or None not in kind.dims


def _from_runtime(
    proto: onnx.ModelProto,
    flat: FlatGraph,
    values: Iterable[str],
    found: Mapping[str, Tensor | None],
) -> Iterator[tuple[str, Tensor]]:
    names = {flat.values[value]: value for value in values}
    try:
        known = output_types(_without_large_constants(proto, flat, found), names)
    except ExtractionError:  # an op that the runtime does not have: it stays unknown
        return
    for name, (dtype, shape) in known.items():
        sizes = tuple([size if isinstance(size, int) and size >= 0 else None for size in shape])
        yield names[name], Tensor(dtype, sizes)


_INDEX = "hexviz.index"
_FLAT = "hexviz.flat"


def _without_large_constants(
    proto: onnx.ModelProto, flat: FlatGraph, found: Mapping[str, Tensor | None]
) -> onnx.ModelProto:
    """The same graph, in which the runtime fills no tensor with one number, however large.

    It folds constants, to know shapes, and would make gigabytes of ``ConstantOfShape``. A number
    that is looked up at an index nobody knows is no constant, and its shape is the same::

        ConstantOfShape (shape)   ⇒   Expand (Gather (number, index), shape)

    Vectors stay: they may be shapes themselves.
    """
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    nodes = [*result.graph.node]
    del result.graph.node[:]
    numbers = []
    for at, node in enumerate(nodes):
        made = found.get(flat.ids.get(node.output[0], "")) if node.output else None
        is_vector = made is not None and made.dims is not None and len(made.dims) == 1
        fills = node.op_type in ("ConstantOfShape", "Expand") and not node.domain and node.input
        if fills and not is_vector:
            number, shape = f"{_INDEX}.{at}", node.input[-1]
            source = node.input[0]
            if node.op_type == "ConstantOfShape":
                source = f"{number}.of"
                numbers.append(_filling(node, source))
            elif _elements_of(flat, found, source) != 1:
                result.graph.node.append(node)
                continue
            result.graph.node.extend(
                [
                    onnx.helper.make_node("Reshape", [source, _FLAT], [f"{number}.flat"]),
                    onnx.helper.make_node("Gather", [f"{number}.flat", _INDEX], [number]),
                    onnx.helper.make_node("Expand", [number, shape], [node.output[0]]),
                ]
            )
        else:
            result.graph.node.append(node)
    if len(result.graph.node) > len(nodes):
        result.graph.initializer.extend(numbers)
        result.graph.initializer.append(
            onnx.helper.make_tensor(_FLAT, onnx.TensorProto.INT64, [1], [-1])
        )
        result.graph.input.append(
            onnx.helper.make_tensor_value_info(_INDEX, onnx.TensorProto.INT64, [])
        )
    return result


def _filling(node: onnx.NodeProto, name: str) -> onnx.TensorProto:
    """The number that a ConstantOfShape fills its tensor with."""
    for attribute in node.attribute:
        if attribute.name == "value" and attribute.HasField("t"):
            number = onnx.TensorProto()
            number.CopyFrom(attribute.t)
            number.name = name
            return number
    return onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [1], [0.0])


def _elements_of(flat: FlatGraph, found: Mapping[str, Tensor | None], name: str) -> int | None:
    stored = flat.tensors.get(flat.ids.get(name, ""))
    if stored is not None:
        return int(math.prod(stored.dims))
    tensor = found.get(flat.ids.get(name, ""))
    return None if tensor is None else tensor.elements
