"""What was measured, as rows of the document: one for each output of each call."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from hexviz.extraction.runtime import runtime_version
from hexviz.measure.documents import CallError, ParityDocument, TensorError, Unpaired
from hexviz.measure.parity.borders import cones
from hexviz.measure.parity.judgement import Judged, Tolerance
from hexviz.measure.parity.reference import CallOutput, Reference
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph

__all__ = ["diverging_rows", "judged_document", "rows", "unpaired_rows"]

_NOTHING = TensorError(max_abs_error=0.0, max_rel_error=0.0, cosine=None, sqnr_db=None)
"""What a call adds that gives the tensor it was given, or that a call inside it gave."""


def rows(
    graph: TaggedGraph, reference: Reference, judged: Judged, tolerance: Tolerance
) -> tuple[CallError, ...]:
    """One row for each output that a value stands for, in the order in which they were made."""
    pairs = judged.pairing.pairs
    origins = {after: before for before, after in judged.pairing.folded.items()}
    found = []
    for at, one in enumerate(reference.outputs):
        first = at if one.same_as is None else one.same_as
        pair = pairs.get(first)
        natural = judged.natural.get(first)
        if pair is None or natural is None:
            continue
        is_same = one.same_as is not None
        own = _NOTHING if is_same else judged.own.get(first)
        named, others = one, [*([] if is_same else pair.modules), *one.owners]
        if first in origins and not is_same:
            # A folded BatchNorm: the arithmetic is the convolution's now, and the fault may be.
            source = first
            while source in origins:
                source = origins[source]
            named = reference.outputs[source]
            others = [*others, one.module]
        error = own if own is not None else natural
        found.append(
            CallError(
                module=named.module,
                tag=_tag(graph, named),
                call=named.call,
                output=named.output,
                value=pair.value,
                max_abs_error=natural.max_abs_error,
                max_rel_error=natural.max_rel_error,
                cosine=natural.cosine,
                sqnr_db=natural.sqnr_db,
                ok=tolerance.allows(error, one.noise),
                own=own,
                noise=one.noise,
                how="same" if is_same else pair.how,
                modules=tuple(name for name in dict.fromkeys(others) if name != named.module),
                handed_to=one.handed_to,
            )
        )
    return tuple(found)


def unpaired_rows(graph: TaggedGraph, reference: Reference, judged: Judged) -> tuple[Unpaired, ...]:
    """The outputs without a value, why, and between which modules that leaves it open."""
    between = cones(graph, judged.pairing.values)
    found = []
    for at, reason in sorted(judged.pairing.reasons.items()):
        if at in judged.pairing.folded:
            continue  # its row is the one of what it was folded with
        one = reference.outputs[at]
        stretches = [
            modules
            for modules in between.values()
            if any(names.is_within(name, one.module) for name in modules) and one.module
        ]
        found.append(
            Unpaired(
                module=one.module,
                call=one.call,
                output=one.output,
                reason=reason,
                stretch=_ordered(graph, stretches),
            )
        )
    return tuple(found)


def _ordered(graph: TaggedGraph, stretches: Iterable[Iterable[str]]) -> tuple[str, ...]:
    found = {name for stretch in stretches for name in stretch}
    order = {module.fqn: at for at, module in enumerate(graph.modules)}
    return tuple(sorted(found, key=lambda name: (order.get(name, math.inf), name)))


def _tag(graph: TaggedGraph, one: CallOutput) -> str:
    for name in (one.module, *one.owners):
        if name in graph.modules:
            return graph.modules[name].tag
    return ""


def diverging_rows(found: Sequence[CallError]) -> tuple[int, ...]:
    """The positions of the rows that are not right by themselves."""
    return tuple(at for at, one in enumerate(found) if not one.ok)


def judged_document(
    model: str,
    reference: str,
    found: tuple[CallError, ...],
    divergences: tuple[int, ...],
    tolerance: Tolerance,
    **about: Any,
) -> ParityDocument:
    """The document of rows; ``about`` are its further fields."""
    first = found[divergences[0]] if divergences else None
    return ParityDocument(
        model=model,
        reference=reference,
        modules=found,
        first_divergence=first,
        rtol=tolerance.rtol,
        atol=tolerance.atol,
        runtime=runtime_version(),
        path=tuple(names.ancestors(first.module)) if first is not None else (),
        divergences=divergences,
        **about,
    )
