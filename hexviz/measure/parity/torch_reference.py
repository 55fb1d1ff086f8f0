"""A PyTorch model as the reference: watched on the inputs that the graph is run on, too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import MeasureError, SourceError
from hexviz.extraction.feeds import Feed, free_inputs, given
from hexviz.extraction.meaning import meanings
from hexviz.extraction.spill import Spill
from hexviz.measure.parity.reference import CallOutput, Reference
from hexviz.measure.parity.weights import Weights
from hexviz.model.graph import TaggedGraph

if TYPE_CHECKING:
    from hexviz.exporters.model_source import Source
    from hexviz.exporters.rebind import Inputs

__all__ = ["torch_references", "torch_weights"]

Array = npt.NDArray[Any]


def torch_references(
    graph: TaggedGraph, source: Source, inputs: Mapping[str, Array] | None, spill: Spill
) -> Iterator[tuple[Reference, str]]:
    """References for a graph, best first, and where their inputs came from.

    On given inputs there is one; else first on the source's example inputs with values that hide
    no fault, and then, for whoever finds that the graph does not run on those, on the example
    inputs as they are. ``spill`` keeps the tensors.

    Raises:
        SourceError: if the model does not run on the inputs, or is random.
        MeasureError: if inputs of the graph are none of the model, or the other way round.
        ExtractionError: if the inputs do not fit the graph.
    """
    from hexviz.exporters.reference_inputs import named_inputs, telling, with_arrays

    plain = named_inputs(source.model, source.args, source.kwargs)
    names = _names(graph, plain.names)
    if inputs is not None:
        filled, used = with_arrays(plain, inputs, names)
        unknown = [name for name in inputs if name not in used]
        if unknown:
            raise MeasureError(
                f"--inputs has {unknown[0]!r}, which is no input of the reference: it takes "
                f"{', '.join(plain.names)}."
            )
        yield _reference(graph, source, filled, names, spill), "given"
        return
    varied, notes = telling(plain, _limits(graph, names))
    if notes:
        try:
            reference = _reference(graph, source, varied, names, spill)
        except SourceError:
            notes = ()  # it takes its own inputs only, so those have to do
        else:
            if _is_finite(reference):
                yield dataclasses.replace(reference, notes=(*reference.notes, *notes)), "made"
    yield _reference(graph, source, plain, names, spill), "example"


def torch_weights(source: Source) -> Weights:
    """The model's own weights, by name."""
    from hexviz.exporters.reference_inputs import weights_of

    return weights_of(source.model)


def _reference(
    graph: TaggedGraph, source: Source, inputs: Inputs, names: Mapping[str, str], spill: Spill
) -> Reference:
    from hexviz.exporters.watch import watch
    from hexviz.exporters.watched_tensors import to_array

    arrays = {
        name: to_array(tensor) for name, tensor in zip(inputs.names, inputs.tensors, strict=True)
    }
    feed = _feed(graph, arrays, names)
    args, kwargs = inputs.call(inputs.tensors)
    watched = watch(source.model, args, kwargs, spill)
    notes = list(watched.notes)
    for module, _, kind in watched.tensorless[:3]:
        notes.append(
            f"{module or 'The model'} gives {kind}, in which there is no tensor to compare."
        )
    outputs = tuple(
        CallOutput(**{one.name: getattr(made, one.name) for one in dataclasses.fields(made)})
        for made in watched.outputs
    )
    name = source.name or type(source.model).__name__
    return Reference(name, outputs, feed, spill, tuple(notes))


def _names(graph: TaggedGraph, ours: tuple[str, ...]) -> dict[str, str]:
    """Input of the graph → the model's name for it: the same one, else by place."""
    wanted = list(free_inputs(graph.proto))
    names = {name: name for name in wanted if name in ours}
    left = [name for name in wanted if name not in names]
    if left and len(wanted) == len(ours):
        names |= {name: mine for name, mine in zip(wanted, ours, strict=True) if name not in names}
    elif left:
        rest = [name for name in ours if name not in names.values()]
        if len(rest) != len(left):
            raise MeasureError(
                f"The graph's input {left[0]!r} is none of the reference, which takes "
                f"{', '.join(ours) or 'no tensors'}: name the export's inputs as the model's."
            )
        names |= dict(zip(left, rest, strict=True))
    return names


def _feed(graph: TaggedGraph, arrays: Mapping[str, Array], names: Mapping[str, str]) -> Feed:
    feed = {}
    for name, kind in free_inputs(graph.proto).items():
        array = arrays[names[name]]
        if kind.HasField("tensor_type"):
            wanted = onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
            array = array.astype(wanted) if array.dtype != wanted else array
        feed[name] = array
    return given(graph.proto, feed)


def _limits(graph: TaggedGraph, names: Mapping[str, str]) -> dict[str, int]:
    """Model's input → how many rows its elements may point at, where they are indices."""
    found = {}
    for name, meaning in meanings(graph.proto, names).items():
        known = [size for size in meaning.limits if isinstance(size, int)]
        if known and len(known) == len(meaning.limits):
            found[names[name]] = min(known)
    return found


def _is_finite(reference: Reference) -> bool:
    """Whether the model's outputs are numbers: a row that is masked out entirely is none."""
    for one in reference.outputs:
        if not one.module and not one.handed_to:
            array = reference.tensors.load(one.key)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return False
    return True
