"""The evidence for tags as edge overlays: lines over the graph that Model Explorer draws on demand.

Each is drawn for the selected op alone: what its module was decided from, and what it serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.model.graph import TaggedGraph

__all__ = ["edge_overlays"]

_COLOURS = {
    "trace": "#d81b60",
    "consumers": "#1e88e5",
    "producers": "#00897b",
    "serves": "#fb8c00",
}
_OTHER = "#6a1b9a"
_MOST = 16  # lines to one op: a constant that everybody reads has hundreds


def edge_overlays(graph: TaggedGraph, ids: Sequence[str]) -> dict[str, Any]:
    """The ``tasksData`` of a graph: an overlay for each rule that has evidence, one for context."""
    positions = graph.positions
    found: dict[str, list[dict[str, str]]] = {}
    for at, op in enumerate(graph.ops):
        why = op.provenance
        if why.evidence and not why.is_of_another_graph:
            relations = {step.op: step.relation for step in why.steps}
            for one in why.evidence[:_MOST]:
                if one in positions:
                    label = relations.get(one, "is evidence for it")
                    line = _line(ids[positions[one]], ids[at], label)
                    found.setdefault(why.rule, []).append(line)
        # The chain ends in the op that is served (or, of rule producers, comes from it).
        if op.context and op.context.evidence and op.context.evidence[-1] in positions:
            other = ids[positions[op.context.evidence[-1]]]
            found.setdefault("serves", []).append(_line(ids[at], other, "serves"))
    overlays = [
        {
            "name": "what an op serves" if rule == "serves" else f"evidence: {rule}",
            "edgeColor": _COLOURS.get(rule, _OTHER),
            "edges": edges,
            "showEdgesConnectedToSelectedNodeOnly": True,
        }
        for rule, edges in sorted(found.items())
    ]
    if not overlays:
        return {"edgeOverlaysDataListLeftPane": []}
    data = {"type": "edge_overlays", "name": "hexviz: why ops are where they are"}
    return {"edgeOverlaysDataListLeftPane": [data | {"overlays": overlays}]}


def _line(source: str, target: str, label: str) -> dict[str, str]:
    return {"sourceNodeId": source, "targetNodeId": target, "label": label}
