"""What an input means, and how large it is: read off the ops that its elements reach unchanged.

::

    ids ─▶ Cast ─▶ Unsqueeze ─▶ Gather(table[30522, 768])     an index below 30522
    mask ─▶ Cast ─▶ Where                                     nothing is known: a mask, or numbers
    shape ─▶ Concat ─▶ Reshape                                a size

The tables go by op type, as the standard defines them; no model is known by name.
Dynamic dimensions get one size for each symbol, computed where a symbol is an
expression::

    [batch, past]  [batch, past + 1]      batch 2, past 8      [2, 8]  [2, 9]
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import onnx

from hexviz.model.cached import cached_property
from hexviz.model.flat import FlatGraph, FlatOp
from hexviz.model.flatten import flatten
from hexviz.model.function_calls import Calls, find_calls
from hexviz.model.types import declared_types, infer_types, size_or_name

__all__ = ["Meaning", "dims_of", "meanings", "shape_of", "size_of", "sizes_of", "symbols_in"]

_HANDS_ON = frozenset(
    {"Cast", "CastLike", "Concat", "ConcatFromSequence", "Expand", "Flatten", "Gather",
     "GatherElements", "GatherND", "Identity", "Optional", "OptionalGetElement", "Pad", "Reshape",
     "SequenceAt", "SequenceConstruct", "Slice", "Split", "Squeeze", "Tile", "Transpose",
     "Unsqueeze", "Where"}
)  # fmt: skip
"""Ops whose output has elements of the first input as they are, or of all in :data:`_FROM`."""

_FROM: Mapping[str, slice] = MappingProxyType(
    {"Concat": slice(None), "SequenceConstruct": slice(None), "Where": slice(1, None)}
)

_INDEXES: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {
        "EmbedLayerNormalization": {0: 2, 1: 4},
        "Gather": {1: 0},
        "GatherBlockQuantized": {1: 0},
        "GatherElements": {1: 0},
        "GatherND": {1: 0},
        "OneHot": {0: 1},
        "Scatter": {1: 0},
        "ScatterElements": {1: 0},
        "ScatterND": {1: 0},
        "SequenceAt": {1: 0},
    }
)
"""Op → inputs that hold indices, each with the one that they point into."""

_SIZES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "BlackmanWindow": (0,), "ConstantOfShape": (0,), "DFT": (1,), "Expand": (1,),
        "HammingWindow": (0,), "HannWindow": (0,), "Loop": (0,), "OneHot": (1,), "Pad": (1,),
        "Range": (0, 1, 2), "Reshape": (1,), "Resize": (2, 3), "Slice": (2, 4), "Split": (1,),
        "Tile": (1,), "TopK": (1,), "Upsample": (1,),
    }
)  # fmt: skip
"""Op → inputs that are sizes or counts."""


@dataclass(frozen=True)
class Meaning:
    """``limits`` are the dimensions that it indexes; ``is_size`` that it counts something."""

    limits: tuple[int | str | None, ...]
    is_size: bool


def meanings(proto: onnx.ModelProto, inputs: Iterable[str]) -> dict[str, Meaning]:
    """What the graph does with each input, as far as its elements go unchanged.

    A function is one graph, however often it is called.
    """
    flat = flatten(proto)
    calls = find_calls(flat)
    onward = _onward(flat, calls)
    uses: dict[str, list[tuple[FlatOp, int]]] = {}
    for op in flat.ops:
        for at, value in enumerate(op.inputs):
            uses.setdefault(value, []).append((op, at))
    shapes = _Shapes(proto, flat, calls)
    found = {}
    for name in inputs:
        value = flat.ids[name]
        seen, pending = {value}, [value]
        reached: list[int | str | None] = []
        is_size = False
        while pending:
            value = pending.pop()
            for op, at in uses.get(value, ()):
                target = _INDEXES.get(op.op_type, {}).get(at)
                if target is not None and target < len(op.inputs):
                    reached.extend(_limits(op, op.inputs[target], shapes))
                is_size |= at in _SIZES.get(op.op_type, ())
            new = set(onward.get(value, ())) - seen
            seen |= new
            pending.extend(new)
        found[name] = Meaning(tuple(dict.fromkeys(reached)), is_size)
    return found


def _limits(op: FlatOp, target: str, shapes: _Shapes) -> Iterator[int | str | None]:
    """What indices into a value stay below, as an op takes them."""
    if op.op_type == "OneHot":
        yield shapes.numbers.get(target)
        return
    known = shapes.of(target)
    if not known:
        yield None
    attributes = {one.name: one.i for one in op.node.attribute}
    for shape in known:
        if op.op_type.endswith("ND"):
            yield from shape[attributes.get("batch_dims", 0) :]
        elif -len(shape) <= (axis := attributes.get("axis", 0)) < len(shape):
            yield None if str(shape[axis]).startswith("?") else shape[axis]


def _onward(flat: FlatGraph, calls: Calls) -> dict[str, list[str]]:
    """Value → those that have its elements as they are: of ops, of bodies, and of functions."""
    found: dict[str, list[str]] = {}

    def link(sources: Iterable[str], targets: Iterable[str]) -> None:
        for source, target in zip(sources, targets, strict=False):
            found.setdefault(source, []).append(target)

    functions = {body.path: body for body in flat.bodies if not body.owner}
    for at, op in enumerate(flat.ops):
        if at in calls.callee:
            function = functions[calls.callee[at]]
            link(op.inputs, function.inputs)
            link(function.outputs, op.outputs)
        elif op.op_type in _HANDS_ON:
            for source in op.inputs[_FROM.get(op.op_type, slice(1))]:
                link([source] * len(op.outputs), op.outputs)
    owners = {op.id: op for op in flat.ops} if len(flat.bodies) > len(functions) else {}
    for body in flat.bodies:
        if body.owner:
            owner = owners[body.owner]
            link(owner.inputs, body.inputs)
            link(body.outputs[1:] if owner.op_type == "Loop" else body.outputs, owner.outputs)
    return found


class _Shapes:
    """The shapes of values, and ``numbers``: those that are one integer, and known."""

    def __init__(self, proto: onnx.ModelProto, flat: FlatGraph, calls: Calls) -> None:
        self._proto = proto
        self._flat = flat
        self._passed: dict[str, list[str]] = {}
        for at, path in calls.callee.items():
            for formal, value in zip(calls.inputs[path], flat.ops[at].inputs, strict=False):
                self._passed.setdefault(formal, []).append(value)
        self._dims = {
            value: dims_of(declared.tensor_type)
            for value, declared in declared_types(flat).items()
            if declared.tensor_type.HasField("shape")
        }
        self.numbers: dict[str, int] = {}
        for value, tensor in self._tensors():
            self._dims[value] = tuple(tensor.dims)
            few = math.prod(tensor.dims) == 1 and not tensor.external_data
            if few and tensor.data_type in (onnx.TensorProto.INT32, onnx.TensorProto.INT64):
                self.numbers[value] = int(onnx.numpy_helper.to_array(tensor).item())

    def _tensors(self) -> Iterator[tuple[str, onnx.TensorProto]]:
        for op in self._flat.ops:
            if op.op_type == "Constant":
                for attribute in op.node.attribute:
                    if attribute.name == "value":
                        yield op.outputs[0], attribute.t
                    elif attribute.name == "value_int":
                        self.numbers[op.outputs[0]] = attribute.i
        yield from self._flat.tensors.items()

    @cached_property
    def _inferred(self) -> Mapping[str, onnx.TypeProto]:
        return infer_types(self._proto, self._flat.run_order)

    def of(self, value: str) -> list[Dims]:
        """The shapes that a value may have: one for each call, if it is handed to a function."""
        found, seen, pending = [], {value}, [value]
        while pending:
            one = pending.pop()
            if one in self._dims:
                found.append(self._dims[one])
            elif one in self._passed:
                pending.extend(set(self._passed[one]) - seen)
                seen.update(pending)
            elif one in self._inferred:
                tensor = self._inferred[one].tensor_type
                found += [dims_of(tensor)] if tensor.HasField("shape") else []
        return found


Dims = tuple[int | str, ...]
"""The dimensions of a tensor: numbers and symbols."""


def dims_of(tensor: onnx.TypeProto.Tensor) -> Dims:
    """The dimensions; an unnamed one is called by its place, ``?0``."""
    return tuple(
        known if (known := size_or_name(dim)) is not None else f"?{at}"
        for at, dim in enumerate(tensor.shape.dim)
    )


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.FloorDiv: operator.floordiv,
        ast.Div: operator.floordiv,
    }
)


def sizes_of(shapes: Sequence[Dims], first: int, other: int) -> dict[str, int]:
    """Symbol → size; a symbol that is an expression of others gets what comes out."""
    leading = {one for dims in shapes for dim in dims[:1] for one in symbols_in(dim)}
    inner = {one for dims in shapes for dim in dims[1:] for one in symbols_in(dim)}
    return dict.fromkeys(leading, first) | dict.fromkeys(inner, other)


_LONGEST = 256  # characters of an expression, so that what is computed is not nested deeper


def _parsed(dim: str) -> ast.expr | None:
    if len(dim) > _LONGEST:
        return None
    try:
        return ast.parse(dim, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def symbols_in(dim: int | str) -> list[str]:
    """The names in a dimension; one that is no expression is a name itself.

    >>> symbols_in("past + 1"), symbols_in(7)
    (['past'], [])
    """
    if isinstance(dim, int):
        return []
    tree = _parsed(dim)
    if tree is None:
        return [dim]
    return [one.id for one in ast.walk(tree) if isinstance(one, ast.Name)] or [dim]


def size_of(dim: int | str, sizes: Mapping[str, int]) -> int | None:
    """The size of a dimension; ``None`` if its symbol has none."""
    if isinstance(dim, int):
        return dim
    if dim in sizes:
        return sizes[dim]
    tree = _parsed(dim)
    try:
        return None if tree is None else max(1, _computed(tree, sizes))
    except (KeyError, ZeroDivisionError, RecursionError):
        return None


def _computed(tree: ast.expr, sizes: Mapping[str, int]) -> int:
    match tree:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return sizes[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return _ARITHMETIC[type(sign)](_computed(left, sizes), _computed(right, sizes))
    raise KeyError


def shape_of(dims: Dims, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The dimensions as numbers; one whose symbol has no size is 2."""
    return tuple(size if (size := size_of(dim, sizes)) is not None else 2 for dim in dims)
