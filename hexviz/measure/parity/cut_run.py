"""The two runs of a graph that parity compares: as it is, and with values replaced.

::

    natural   x ─ a ─ v ─ b ─ w ─ c ─ y           an error of a is in v, w and y

    own       x ─ a ─ v   │ v* ─ b ─ w   │ w* ─ c ─ y
              v* and w* are the reference's: an error of a is in v alone

In the own run everything that reads a *given* value gets the given tensor, in bodies of If, Loop
and Scan too; what the graph itself makes of the value is handed out. So one run tells what each
stretch between given values adds by itself.

Both runs go through the graph in slices (:mod:`hexviz.matching.sliced_run`), so that no more is in
memory than a slice needs, and given tensors are loaded when a slice reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import MeasureError
from hexviz.extraction.feeds import Feed
from hexviz.matching.sliced_run import SLICE_BYTES, Given, values_of
from hexviz.model.graph import TaggedGraph
from hexviz.model.near_names import near_names

__all__ = ["Given", "natural_values", "own_values"]

Array = npt.NDArray[Any]


def natural_values(
    graph: TaggedGraph,
    feed: Feed,
    wanted: Collection[str] | None = None,
    *,
    slice_bytes: int = SLICE_BYTES,
) -> Iterator[tuple[str, Array]]:
    """Values of the top graph as it runs: name and tensor, in order of execution.

    Of ``wanted`` only, inputs and initializers among them first; without it, all that ops make.
    Sequences and missing optional values are left out. An array is one to look at: copy what is
    kept, or little will be left of the bounded memory.

    Raises:
        MeasureError: if the graph has no such value, or no weights.
        ExtractionError: if the inputs do not fit, or an op fails or is none of the runtime's.
    """
    return own_values(graph, feed, {}, wanted, slice_bytes=slice_bytes)


def own_values(
    graph: TaggedGraph,
    feed: Feed,
    given: Given,
    wanted: Collection[str] | None = None,
    *,
    slice_bytes: int = SLICE_BYTES,
) -> Iterator[tuple[str, Array]]:
    """The same in a run in which all readers of a given value get the given tensor.

    ``given`` maps values, inputs and initializers of the top graph to what loads their tensors,
    which are converted to the type of the value. What the graph makes of a given value is handed
    out under its name; of a given input or initializer, that is what it is without this.

    Raises:
        MeasureError: if the graph has no such value, or no weights.
        ExtractionError: if the inputs or given tensors do not fit, or an op fails or is none of the
            runtime's.
    """
    if graph.weights_left_out:
        raise MeasureError(
            f"{graph.name} was exported without its weights and cannot be run: give the file with "
            "its weights."
        )
    _refuse_unknown(graph, given)
    if wanted is not None:
        _refuse_unknown(graph, wanted)
    return _values(graph, feed, given, wanted, slice_bytes)


def _values(
    graph: TaggedGraph,
    feed: Feed,
    given: Given,
    wanted: Collection[str] | None,
    slice_bytes: int,
) -> Iterator[tuple[str, Array]]:
    top = graph.top
    # A set of its own: callers give lists of thousands, and each value is looked up in it.
    chosen = None if wanted is None else set(wanted)
    for name in dict.fromkeys(wanted or ()):
        if name in top.maker:
            continue
        if name in top.weights:
            yield name, _weight(graph, name)
        elif isinstance(value := feed.get(name), np.ndarray):
            yield name, value
    converted = {name: _converting(graph, name, load) for name, load in given.items()}
    yield from values_of(graph, feed, given=converted, wanted=chosen, slice_bytes=slice_bytes)


def _refuse_unknown(graph: TaggedGraph, names: Iterable[str]) -> None:
    top = graph.top
    for name in names:
        known = name in top.maker or name in top.inputs or name in top.weights
        if not known and name not in top.sparse_weights:
            near = near_names(name, [*top.maker, *top.inputs, *top.weights])
            hint = f": near ones are {', '.join(near)}" if near else ""
            raise MeasureError(f"The graph {graph.name} has no value {name!r}{hint}.")


def _weight(graph: TaggedGraph, name: str) -> Array:
    tensor = graph.proto.graph.initializer[graph.top.weights[name]]
    return np.asarray(onnx.numpy_helper.to_array(tensor, str(graph.base_dir or "")))


def _converting(
    graph: TaggedGraph, name: str, load: Callable[[], Array | Sequence[Array]]
) -> Callable[[], Array | Sequence[Array]]:
    """Load a tensor in the type of the value, where that is known and another one."""

    def loaded() -> Array | Sequence[Array]:
        tensor = load()
        if not isinstance(tensor, np.ndarray) or tensor.dtype.kind in "OUS":
            return tensor
        told = graph.value(name).dtype
        if told is None:
            return tensor
        dtype = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(told.upper()))
        return tensor if tensor.dtype == dtype else tensor.astype(dtype)

    return loaded
