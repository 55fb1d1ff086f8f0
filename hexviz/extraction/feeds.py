"""Inputs to run a model on: made up from what the graph does with them, or given by a person.

Indices stay within what they point into, sizes are small, other integers are
ones (a mask that masks nothing out), and floats are drawn from a normal distribution.
"""

from __future__ import annotations

import difflib
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.meaning import Meaning, dims_of, meanings, shape_of, size_of, sizes_of

__all__ = ["Feed", "free_inputs", "generate", "given"]

Array = npt.NDArray[Any]
Feed = Mapping[str, Array | Sequence[Array]]
"""Input → its array, or a list of arrays where it is a sequence."""

_TRIED = ((2, 8), (1, 8), (2, 2), (1, 1), (1, 16), (1, 64), (1, 224))
"""Sizes of dynamic dimensions, best first: of those that only lead a shape, and of others."""

_STYLES = ("meant", "positive", "zeros", "ones")

_MOST = 1 << 27  # elements of one input: above it, the size is not worth a try


def free_inputs(proto: onnx.ModelProto) -> dict[str, onnx.TypeProto]:
    """The inputs that a caller must give: those that are no initializers."""
    weights = {tensor.name for tensor in proto.graph.initializer}
    weights |= {tensor.values.name for tensor in proto.graph.sparse_initializer}
    return {one.name: one.type for one in proto.graph.input if one.name not in weights}


def generate(
    proto: onnx.ModelProto, *, seed: int = 0, symbols: Mapping[str, int] | None = None
) -> Iterator[Feed]:
    """Inputs for a model, best guess first, the same for the same seed.

    Dimensions of one symbol have one size, unnamed ones by their place; a
    symbol like ``past + 1`` is computed, and those in ``symbols`` have the
    size given. The first guesses have the values that the graph implies, then
    follow floats that are all positive, and integers that are all 0 or all 1.

    Raises:
        ExtractionError: if an input has a type that cannot be made up, or is too large for that.
    """
    inputs = {name: (kind, _tensor_type(name, kind)) for name, kind in free_inputs(proto).items()}
    found = meanings(proto, inputs)
    tried = set()
    too_large: tuple[str, Sequence[int]] | None = None
    for style, (first, other) in _guesses():
        sizes = sizes_of([dims_of(tensor) for _, tensor in inputs.values()], first, other)
        sizes |= symbols or {}
        shapes = {name: shape_of(dims_of(kind), sizes) for name, (_, kind) in inputs.items()}
        key = (style, tuple(shapes.values()))
        if key in tried:
            continue
        large = [one for one in shapes.items() if math.prod(one[1]) > _MOST]
        if large:
            too_large = too_large or large[0]
            continue
        tried.add(key)
        feed: dict[str, Array | Sequence[Array]] = {}
        for name, (kind, tensor) in inputs.items():
            draw = np.random.default_rng([seed, zlib.crc32(name.encode())])
            one, two = (
                _values(tensor, shapes[name], found[name], sizes, style, draw) for _ in range(2)
            )
            feed[name] = [one, two] if _is_sequence(kind) else one
        yield feed
    if not tried and too_large:
        name, shape = too_large
        raise ExtractionError(
            f"The input {name!r} would be {list(shape)}, and of one input at most {_MOST:,} "
            "numbers are made up: set smaller sizes, or give the inputs."
        )


def _guesses() -> Iterator[tuple[str, tuple[int, int]]]:
    """Styles of values with sizes: first the other styles, then the other sizes."""
    for style in _STYLES:
        yield style, _TRIED[0]
    for style in _STYLES:
        for sizes in _TRIED[1:]:
            yield style, sizes


def given(proto: onnx.ModelProto, inputs: Feed) -> Feed:
    """What a person gave, if it fits the model.

    Types that numpy has not (bfloat16) may be given as float32 or int32.

    Raises:
        ExtractionError: if a name is missing or unknown, or a type or shape is wrong.
    """
    wanted = free_inputs(proto)
    for name in inputs:
        if name not in wanted:
            near = difflib.get_close_matches(name, wanted, n=1, cutoff=0.5)
            hint = f"{near[0]!r} is near" if near else f"it has {', '.join(wanted) or 'none'}"
            raise ExtractionError(f"The model has no input {name!r}: {hint}.")
    symbols: dict[str, int] = {}
    result: dict[str, Array | Sequence[Array]] = {}
    for name, kind in wanted.items():
        if name not in inputs:
            raise ExtractionError(f"The input {name!r} is missing: give {', '.join(wanted)}.")
        tensor = _tensor_type(name, kind)
        one = inputs[name]
        if _is_sequence(kind) and isinstance(one, list | tuple):
            result[name] = [_fitting(name, array, tensor, symbols) for array in one]
        else:
            result[name] = _fitting(name, one, tensor, symbols)
    return result


def _fitting(
    name: str, array: object, tensor: onnx.TypeProto.Tensor, symbols: dict[str, int]
) -> Array:
    if not isinstance(array, np.ndarray):
        raise ExtractionError(
            f"The input {name!r} is of type {type(array).__name__}, but must be a numpy array."
        )
    expected = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if expected.isbuiltin != 1 and array.dtype in (np.float32, np.int32):
        array = array.astype(expected)
    is_text = tensor.elem_type == onnx.TensorProto.STRING and array.dtype.kind in "UO"
    if array.dtype != expected and not is_text:
        raise ExtractionError(f"The input {name!r} is {array.dtype}, but must be {expected}.")
    if not tensor.HasField("shape"):
        return array
    dims = dims_of(tensor)
    shown = f"[{', '.join('?' if str(dim).startswith('?') else str(dim) for dim in dims)}]"
    agrees = len(dims) == array.ndim
    for dim, size in zip(dims, array.shape, strict=False):
        if isinstance(dim, int):
            agrees &= dim == size
        elif not dim.startswith("?"):
            # A symbol that two inputs share is one size: the runtime would say so less clearly.
            agrees &= symbols.setdefault(dim, size) == size
    if not agrees:
        raise ExtractionError(
            f"The input {name!r} has the shape {list(array.shape)}, but must have {shown}."
        )
    return array


def _tensor_type(name: str, kind: onnx.TypeProto) -> onnx.TypeProto.Tensor:
    """The tensors of an input that is one, a sequence of them, or an optional one."""
    while not kind.HasField("tensor_type"):
        if kind.HasField("sequence_type") and not kind.sequence_type.elem_type.HasField(
            "sequence_type"
        ):
            kind = kind.sequence_type.elem_type
        elif kind.HasField("optional_type"):
            kind = kind.optional_type.elem_type
        else:
            raise ExtractionError(f"The input {name!r} is of a type that cannot be fed.")
    return kind.tensor_type


def _is_sequence(kind: onnx.TypeProto) -> bool:
    inner = kind.optional_type.elem_type if kind.HasField("optional_type") else kind
    return bool(inner.HasField("sequence_type"))


def _values(
    tensor: onnx.TypeProto.Tensor,
    shape: tuple[int, ...],
    meaning: Meaning,
    sizes: Mapping[str, int],
    style: str,
    draw: np.random.Generator,
) -> Array:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if tensor.elem_type == onnx.TensorProto.STRING:
        return np.full(shape, "some text", dtype=object)
    whole = {"zeros": 0, "ones": 1}.get(style)
    if meaning.limits:
        known = [1 if dim is None else max(1, size_of(dim, sizes) or 1) for dim in meaning.limits]
        limit = min(known) if dtype.itemsize > 1 else min(*known, 1 << 7)
        if whole is None:
            return draw.integers(0, limit, shape).astype(dtype)
        return np.full(shape, min(whole, limit - 1)).astype(dtype)
    if meaning.is_size:
        return np.full(shape, 2 if whole is None else whole).astype(dtype)
    if tensor.elem_type == onnx.TensorProto.BOOL or dtype.kind in "iu":
        if whole is None and tensor.elem_type == onnx.TensorProto.UINT8 and len(shape) > 2:
            return draw.integers(0, 256, shape).astype(dtype)  # a picture, not a mask
        return np.full(shape, 1 if whole is None else whole).astype(dtype)
    if style == "positive":
        return draw.uniform(0.5, 1.5, shape).astype(dtype)
    return draw.standard_normal(shape).astype(dtype)
