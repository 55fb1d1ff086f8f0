"""Modules that a person sets: the ops around them inherit anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hexviz.errors import SelectionError
from hexviz.model.graph import TaggedGraph
from hexviz.model.near_names import near_names
from hexviz.model.op import ORIGINS, SETTLED, Candidate, Provenance
from hexviz.model.op_sequence import OpSequence
from hexviz.tagging.reasons import Reasons, reasons_where
from hexviz.tagging.tag import retag

__all__ = ["known_module", "overridden", "override"]

_SETTLED = sorted(map(ORIGINS.index, SETTLED))


def override(graph: TaggedGraph, changes: Mapping[str, str]) -> TaggedGraph:
    """A new graph in which each op of ``changes`` (id → FQN) has the module a person set.

    What the file declares stays, and so do the ops of recovered blocks; everything that was
    inherited is inherited again, with the changes as known as any record.

    Raises:
        UnknownOpError: if there is no such op; the message names near ids.
        SelectionError: if there is no such module; the message names near ones.
    """
    known = settled(graph)
    for op_id, fqn in changes.items():
        op, module = graph.op(op_id), known_module(graph, fqn)
        before = op.provenance
        rejected = before.candidates
        if before.origin != "manual":
            said = f"was its module before, by rule {before.rule}"
            rejected = (Candidate(before.module, before.confidence, said),)
        known[graph.positions[op_id]] = Provenance(
            module, "manual", "override", candidates=rejected, kind="by hand"
        )
    return retag(graph, known)


def settled(graph: TaggedGraph) -> Reasons:
    """The reasons of all ops that stay where they are when others move; none is made for it."""
    origins = np.isin(graph.columns.origins, _SETTLED)
    if isinstance(graph.ops, OpSequence):
        return reasons_where(graph.ops.provenance, origins)
    return reasons_where([op.provenance for op in graph.ops], origins)


def overridden(graph: TaggedGraph) -> dict[str, str]:
    """All that a person has set in a graph: op id → FQN."""
    return {op.id: op.module for op in graph.ops if op.provenance.origin == "manual"}


def known_module(graph: TaggedGraph, fqn: str) -> str:
    """The FQN itself, if the graph has such a module.

    Raises:
        SelectionError: if not; the message names near ones.
    """
    if fqn in graph.modules:
        return fqn
    near = near_names(fqn, [module.fqn for module in graph.modules if module.fqn])
    hint = f"; near ones: {', '.join(near)}" if near else ""
    raise SelectionError(f"No module is named {fqn!r}{hint}.")
