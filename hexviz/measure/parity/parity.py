"""``hexviz.parity``: where the numbers of a graph stop being those of its model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError, MeasureError
from hexviz.extraction.runtime import is_unsupported, runtime_version
from hexviz.extraction.spill import Spill
from hexviz.extras import require
from hexviz.matching.openable import Openable, opened
from hexviz.measure.documents import CallError, ParityDocument, WeightError, to_dict
from hexviz.measure.parity.graph_parity import graph_parity
from hexviz.measure.parity.judgement import Tolerance, judge
from hexviz.measure.parity.message import message
from hexviz.measure.parity.reference import Pair, Reference
from hexviz.measure.parity.rows import diverging_rows, judged_document, rows, unpaired_rows
from hexviz.measure.parity.weights import Weights, weight_errors
from hexviz.model.graph import TaggedGraph

__all__ = ["ATOL", "RTOL", "Parity", "beside", "parity"]

RTOL = 1e-5
"""Relative own error up to which a module is right; see docs/parity.md for where it comes from."""

ATOL = 1e-9
"""Absolute error up to which one is, whatever the magnitude."""


@dataclass(frozen=True, slots=True)
class Parity:
    """A graph beside its reference; see :class:`hexviz.measure.documents.ParityDocument`."""

    document: ParityDocument

    @property
    def modules(self) -> tuple[CallError, ...]:
        """What each call of each module gave, in the order they ran."""
        return self.document.modules

    @property
    def first_divergence(self) -> CallError | None:
        """The first call that is not right by itself, ``None`` if all are."""
        return self.document.first_divergence

    @property
    def divergences(self) -> tuple[CallError, ...]:
        """All calls that are not right by themselves, in the order they ran."""
        return tuple(self.document.modules[at] for at in self.document.divergences)

    @property
    def message(self) -> str:
        """The answer in one line."""
        return self.document.message

    def to_document(self) -> ParityDocument:
        """The document that ``hexviz parity --json`` prints."""
        return self.document

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return to_dict(self.document)


def parity(
    graph: Openable,
    reference: Any,
    *,
    inputs: Mapping[str, npt.NDArray[Any]] | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> Parity:
    """Say in which module the numbers of a graph stop being those of a reference.

    Both run on the same inputs, and what each call of each module gave is compared twice: as the
    graph runs, and in a run in which everything that a module reads has the reference's numbers,
    which tells what the module itself adds. What adds more than ``rtol`` (of the largest magnitude
    in the tensor), ``atol``, and what the reference's own precision explains, is a divergence.

    Args:
        graph: a graph, a path (which takes the least memory), or an ``onnx.ModelProto``.
        reference: the PyTorch model: a ``torch.nn.Module``, a pair of one and its example inputs,
            or a SOURCE (``package.module:factory``, a sample, ``hf:MODEL_ID``); or another graph
            of the same model: one that is open, an ``.onnx`` file, or an ``onnx.ModelProto``.
        inputs: input → array; else the model's own example inputs, in values that hide no fault.
        rtol: the relative error that a module may add.
        atol: the absolute one.

    Raises:
        ReadError: if a file cannot be read.
        SourceError: if the reference cannot be made or run, or is random.
        ExtractionError: if the graph cannot be run, or not on these inputs.
        MeasureError: if both are of different models, or the graph has no weights.
    """
    by_graph = _is_graph(reference)
    # Beside a PyTorch model, a slice's weights are the only ones in memory.
    ours = opened(graph, weights_in_place=not by_graph)
    if ours.weights_left_out:
        raise MeasureError(
            f"{ours.name} was exported without its weights, so it has no numbers to compare: "
            "give the file with its weights."
        )
    tolerance = Tolerance(rtol, atol)
    if by_graph:
        return Parity(graph_parity(ours, opened(reference), inputs, tolerance))
    from hexviz.measure.parity.torch_reference import torch_references, torch_weights

    source = _source(reference, inputs)
    first: ExtractionError | None = None
    with Spill() as spill:
        for theirs, how in torch_references(ours, source, inputs, spill):
            try:
                weights = torch_weights(source)
                return Parity(beside(ours, theirs, None, tolerance, how, weights=weights))
            except ExtractionError as error:
                first = first or error
    raise _failure(ours, first)


def _is_graph(reference: Any) -> bool:
    if isinstance(reference, (TaggedGraph, onnx.ModelProto, Path)):
        return True
    return isinstance(reference, str) and reference.endswith(".onnx")


def _source(reference: Any, inputs: Mapping[str, Any] | None) -> Any:
    from hexviz.exporters.model_source import Source, is_pt2, open_source

    if isinstance(reference, str):
        found = open_source(reference)
        if is_pt2(reference):
            from hexviz.exporters.pt2 import as_module

            return replace(found, model=as_module(found.model))
        return found
    if isinstance(reference, Source):
        return reference
    require("export", "A PyTorch model as the reference", "torch")
    from hexviz.exporters.reference_inputs import source_of

    return source_of(reference, inputs)


def beside(
    graph: TaggedGraph,
    reference: Reference,
    pairs: Iterable[Pair] | None,
    tolerance: Tolerance,
    how: str = "",
    *,
    weights: Weights | None = None,
) -> ParityDocument:
    """A graph beside a reference that is at hand; ``how`` says where the inputs came from.

    ``weights`` are the reference's, to be compared by themselves.

    Raises:
        ExtractionError: if the graph cannot be run on the reference's inputs.
        MeasureError: if both are of different models.
    """
    judged = judge(graph, reference, pairs, tolerance)
    if not judged.pairing.pairs:
        raise MeasureError(
            f"No value of {graph.name} is an output of a module of {reference.name}: are they of "
            "the same model?"
        )
    found = rows(graph, reference, judged, tolerance)
    unpaired = unpaired_rows(graph, reference, judged)
    divergences = diverging_rows(found)
    return judged_document(
        graph.name,
        reference.name,
        found,
        divergences,
        tolerance,
        message=message(found, divergences, unpaired),
        unpaired=unpaired,
        weights=_weights(graph, weights, found, divergences) if weights else (),
        inputs=how,
        notes=reference.notes,
    )


def _weights(
    graph: TaggedGraph,
    weights: Weights,
    found: Sequence[CallError],
    divergences: Collection[int],
) -> tuple[WeightError, ...]:
    """The weights that differ, without those that a BatchNorm was folded into."""
    diverging = {name for at in divergences for name in (found[at].module, *found[at].modules)}
    folded = {one.module for one in found if one.how == "repaired" and one.modules}
    differing = weight_errors(graph, weights, diverging)
    return tuple(one for one in differing if one.has_effect or one.module not in folded)


def _failure(graph: TaggedGraph, error: ExtractionError | None) -> Exception:
    if error is None:
        return MeasureError("There is nothing to compare with.")
    if is_unsupported(error):
        return MeasureError(
            f"{graph.name} has an op that {runtime_version()} does not have, so it cannot be "
            f"compared: {error}"
        )
    return error
