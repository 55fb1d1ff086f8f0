"""A graph beside another one of the same model: what each module adds, and what that does.

In a quantised graph every module adds an error, and the first one says nothing. So modules are also
ranked by *effect*: how far the results get from the reference's if this module's own error is the
only one (:mod:`hexviz.measure.parity.effect`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy.typing as npt

from hexviz.errors import MeasureError
from hexviz.extraction.spill import Spill
from hexviz.measure.documents import CallError, ParityDocument, TensorError, Unpaired
from hexviz.measure.parity.dequantised import FLOAT, with_floats
from hexviz.measure.parity.effect import effects
from hexviz.measure.parity.graph_reference import GraphReference, graph_reference
from hexviz.measure.parity.judgement import Judged, Tolerance, judge
from hexviz.measure.parity.message import figure, message
from hexviz.measure.parity.rows import diverging_rows, judged_document, rows, unpaired_rows
from hexviz.measure.parity.weights import graph_weights, weight_errors
from hexviz.measure.table import effect_of
from hexviz.model.graph import TaggedGraph

__all__ = ["graph_parity"]

_MOST = 3  # modules whose effects are named in the message


def graph_parity(
    graph: TaggedGraph,
    reference: TaggedGraph,
    inputs: Mapping[str, npt.NDArray[Any]] | None,
    tolerance: Tolerance,
) -> ParityDocument:
    """A graph beside its reference, which is another graph of the same model.

    ``inputs`` are those of the reference, by name; without them, some are made up.

    Raises:
        MeasureError: if one of the graphs has no weights, or the reference no modules.
        MatchingError: if the graphs are not of one model.
        ExtractionError: if a graph cannot be run, or the inputs do not fit.
    """
    with Spill() as spill:
        paired = graph_reference(reference, with_floats(graph), spill, inputs)
        if not paired.pairs:
            raise MeasureError(
                f"No value of {graph.name} is one that leaves a module of {reference.name}: are "
                "they of one model?"
            )
        judged = judge(paired.graph, paired.reference, paired.pairs, tolerance)
        judged.pairing.reasons.update(paired.unpaired)
        found = rows(paired.graph, paired.reference, judged, tolerance)
        divergences = diverging_rows(found)
        if divergences:
            found = _with_effects(found, reference, paired, judged, tolerance, spill)
        unpaired = unpaired_rows(paired.graph, paired.reference, judged)
    found = tuple(
        msgspec.structs.replace(one, value=one.value.removesuffix(FLOAT)) for one in found
    )
    diverging = {name for at in divergences for name in (found[at].module, *found[at].modules)}
    return judged_document(
        graph.name,
        reference.name,
        found,
        divergences,
        tolerance,
        message=_ranked(found, divergences, unpaired),
        unpaired=unpaired,
        weights=weight_errors(paired.graph, graph_weights(reference), diverging),
        inputs="made" if inputs is None else "given",
    )


def _with_effects(
    found: Sequence[CallError],
    reference: TaggedGraph,
    paired: GraphReference,
    judged: Judged,
    tolerance: Tolerance,
    spill: Spill,
) -> tuple[CallError, ...]:
    """The rows with what the own error of each module does to the results of the model.

    An effect that is no number is none in the row: :func:`effect_of` tells it from an unknown one.
    """
    effect = effects(reference, paired.graph, paired, spill, noise=tolerance.rtol)
    at_value = {pair.value: at for at, pair in judged.pairing.pairs.items()}
    return tuple(
        msgspec.structs.replace(one, effect=_finite(effect.get(at_value[one.value])))
        for one in found
    )


def _ranked(
    found: Sequence[CallError],
    divergences: Sequence[int],
    unpaired: Sequence[Unpaired],
) -> str:
    """The answer in one line: of many modules that differ, those with the largest effects."""
    differing = {found[at].module for at in divergences}
    if len(differing) <= _MOST:
        return message(found, divergences, unpaired)
    by_module: dict[str, float] = {}
    for one in found:
        by_module[one.module] = max(effect_of(one) or 0.0, by_module.get(one.module, 0.0))
    worst = sorted(by_module, key=lambda fqn: -by_module[fqn])[:_MOST]
    named = [f"{fqn or 'the model itself'} ({_figure(by_module[fqn])})" for fqn in worst]
    line = f"largest effect on the results, by its own error alone: {', '.join(named)}"
    line += f"; {len(differing)} modules differ by themselves"
    if unpaired:
        line += f"; {len(unpaired)} output{'s' * (len(unpaired) > 1)} could not be compared"
    return line


def _finite(effect: float | None) -> float | None:
    return effect if effect is not None and math.isfinite(effect) else None


def _figure(effect: float) -> str:
    finite = _finite(effect)
    return figure(TensorError(max_abs_error=None, max_rel_error=finite, cosine=None, sqnr_db=None))
