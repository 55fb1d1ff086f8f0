"""Weights that a graph and its reference both have by name, compared by themselves.

::

    reference   fc.weight [8, 4]      norm.bias [8]      word.weight [500, 64]
    graph       fc.weight [4, 8]      norm.bias [8]      word.weight [500, 64]
                transposed, equal     0.5 off            row 7 is off, and 7 was not looked up

The last one differs without an effect on the inputs that were run: an own error of the modules
that read a weight tells that it has one. Weights are read one at a time, never all together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.extraction.tolerance import is_float, is_narrow
from hexviz.measure.documents import TensorError, WeightError
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model.graph import TaggedGraph
from hexviz.model.tensors import tensor_elements
from hexviz.model.weights_in_place import elements_in_place, is_askew

__all__ = ["Weights", "graph_weights", "weight_errors"]

Array = npt.NDArray[Any]
Weights = Mapping[str, Callable[[], Array | None]]
"""Name → what reads the weight; ``None`` if it cannot be read."""

_RTOL = 1e-6
"""Relative error up to which two weights are the same: exporters scale and fold some."""

_MOST_AXES = 4  # of a weight whose axes may be in another order


def graph_weights(graph: TaggedGraph) -> Weights:
    """The initializers of the top graph, by name."""
    return {
        name: partial(_elements, graph.proto.graph.initializer[at], graph.base_dir)
        for name, at in graph.top.weights.items()
    }


def _elements(tensor: onnx.TensorProto, base_dir: Path | None) -> Array | None:
    if is_askew(tensor):
        return elements_in_place(tensor, base_dir)
    return tensor_elements(tensor, base_dir=base_dir)


def weight_errors(
    graph: TaggedGraph,
    reference: Weights,
    diverging: Collection[str] = (),
    *,
    rtol: float = _RTOL,
) -> tuple[WeightError, ...]:
    """The weights of one name in both that differ, in the order of the graph.

    ``reference`` are those of a PyTorch model (its state dict) or of another graph
    (:func:`graph_weights`). ``diverging`` are modules with an own error: of these weights it is
    known that they have an effect. A weight whose axes are in another order is the same; one of
    16 bits is, if it is the reference's rounded to that. Weights of other sizes are not compared.
    """
    found = []
    ours = graph_weights(graph)
    readers = _readers(graph)
    for name in ours:
        if name not in reference:
            continue
        mine, theirs = ours[name](), reference[name]()
        if mine is None or theirs is None or not (is_float(mine.dtype) and is_float(theirs.dtype)):
            continue
        error = _least_error(mine, theirs)
        if error is None or relative_error(error) <= rtol:
            continue
        modules = readers.get(name, set()) | {owner_of(graph, name)}
        found.append(
            WeightError(
                name=name,
                module=owner_of(graph, name),
                max_abs_error=error.max_abs_error,
                max_rel_error=error.max_rel_error,
                has_effect=not modules.isdisjoint(diverging),
            )
        )
    return tuple(found)


def owner_of(graph: TaggedGraph, name: str) -> str:
    """The deepest module that a weight's name begins with."""
    fqn = name
    while fqn and fqn not in graph.modules:
        fqn = fqn.rpartition(".")[0]
    return fqn


def _readers(graph: TaggedGraph) -> dict[str, set[str]]:
    """Weight → the modules of the ops of the top graph that compute with it."""
    top, modules = graph.top, [graph.ops[at].module for at in graph.flat.top]
    return {
        name: {modules[node] for node in top.readers[name]}
        for name in top.weights
        if name in top.readers
    }


def _least_error(mine: Array, theirs: Array) -> TensorError | None:
    """The error in the order of axes that fits best; ``None`` if there is none."""
    if is_narrow(mine.dtype) and not is_narrow(theirs.dtype):
        with np.errstate(over="ignore"):
            theirs = theirs.astype(mine.dtype)
    errors: list[TensorError] = []
    for turned in _turned(mine, theirs.shape):
        if np.array_equal(turned, theirs):  # most are, and this is the fast way
            return None
        errors.append(tensor_error(turned, theirs))
    return min(errors, key=relative_error, default=None)


def _turned(array: Array, shape: tuple[int, ...]) -> Iterator[Array]:
    """The array with its axes in each order that gives this shape, as it is first."""
    if array.ndim != len(shape) or sorted(array.shape) != sorted(shape):
        return
    if array.ndim > _MOST_AXES:
        orders = iter([tuple(range(array.ndim))])
    else:
        orders = permutations(range(array.ndim))
    for order in orders:
        if tuple(array.shape[axis] for axis in order) == shape:
            yield array.transpose(order)
