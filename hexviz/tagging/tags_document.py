"""All that is on record of a graph's tags, as plain JSON to be put on the same graph again.

The file that was tagged stays as it is; what was concluded is concluded again.
For hexviz's own files alone: nothing in it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import ON_RECORD, Candidate, Provenance
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.tag import retag

__all__ = ["put_tags", "tags_document"]


def tags_document(graph: TaggedGraph) -> dict[str, Any]:
    """The tags of a graph and its modules, for :func:`put_tags`."""
    known: dict[str, list[Any]] = {}
    for op in graph.ops:
        why = op.provenance
        if why.origin in ON_RECORD:
            known[op.id] = [
                why.module,
                why.origin,
                why.rule,
                why.evidence,
                why.values,
                [[one.module, one.score, one.reason] for one in why.candidates],
                why.confidence,
                why.witnesses,
                why.shared_by,
            ]
    source = graph.transferred_from
    return {
        "modules": {
            fqn: [info.class_name, info.parameters, info.label, info.same_as]
            for fqn, info in graph.modules.infos().items()
        },
        "tags": known,
        "transferred_from": None if source is None else source.to_json(),
    }


def put_tags(graph: TaggedGraph, document: Mapping[str, Any]) -> TaggedGraph:
    """The same graph with the tags of a document that was made of it; the rest inherits.

    Raises:
        UnknownOpError: if it was made of another graph.
    """
    known: dict[int, Provenance] = {}
    for op_id, record in document["tags"].items():
        module, origin, rule, evidence, values, rejected, sure, witnesses, shared_by = record
        graph.op(op_id)
        known[graph.positions[op_id]] = Provenance(
            module,
            origin,
            rule,
            tuple(evidence),
            tuple(values),
            tuple([Candidate(*one) for one in rejected]),
            sure,
            tuple(witnesses),
            tuple(shared_by),
        )
    source = document["transferred_from"]
    return retag(
        graph,
        known,
        modules={fqn: ModuleInfo(*info) for fqn, info in document["modules"].items()},
        transferred_from=None if source is None else SourceGraph.from_json(source),
    )
