"""Sizes for dynamic dimensions: one for each symbol, computed where a symbol is an expression.

::

    [batch, past]  [batch, past + 1]      batch 2, past 8      [2, 8]  [2, 9]
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import onnx

from hexviz.model.types import size_or_name

__all__ = ["Dims", "dims_of", "shape_of", "size_of", "sizes_of"]

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
    leading = {one for dims in shapes for dim in dims[:1] for one in _symbols(dim)}
    inner = {one for dims in shapes for dim in dims[1:] for one in _symbols(dim)}
    return dict.fromkeys(leading, first) | dict.fromkeys(inner, other)


_LONGEST = 256  # characters of an expression, so that what is computed is not nested deeper


def _parsed(dim: str) -> ast.expr | None:
    if len(dim) > _LONGEST:
        return None
    try:
        return ast.parse(dim, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _symbols(dim: int | str) -> list[str]:
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
