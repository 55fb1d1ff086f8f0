"""All that is on record of a graph's tags, as plain JSON to be put on the same graph again.

The file that was tagged stays as it is; what was concluded is concluded again.
For hexviz's own files alone: nothing in it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import RELATIONS, SETTLED, Provenance, implied_kind
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.calls import read_call
from hexviz.tagging.pack import read_reason, reason_record
from hexviz.tagging.tag import retag

__all__ = ["put_tags", "tags_document"]

_VERSION = 2


def tags_document(graph: TaggedGraph) -> dict[str, Any]:
    """The tags of a graph and its modules, for :func:`put_tags`."""
    source = graph.transferred_from
    return {
        "version": _VERSION,
        "modules": {
            fqn: [getattr(info, one.name) for one in fields(ModuleInfo)]
            for fqn, info in graph.modules.infos().items()
        },
        "tags": {
            op.id: [op.provenance.module, *reason_record(op.provenance)]
            for op in graph.ops
            if op.provenance.origin in SETTLED
        },
        "calls": {op.id: op.call.text for op in graph.ops if op.call},
        "transferred_from": None if source is None else source.to_json(),
    }


def put_tags(graph: TaggedGraph, document: Mapping[str, Any]) -> TaggedGraph:
    """The same graph with the tags of a document that was made of it; the rest inherits.

    Raises:
        UnknownOpError: if it was made of another graph.
    """
    known: dict[int, Provenance] = {}
    for op_id, record in document["tags"].items():
        graph.op(op_id)
        module, *reason = record if "version" in document else _of_version_1(record)
        known[graph.positions[op_id]] = read_reason(module, reason)
    calls = {
        graph.positions[op_id]: call
        for op_id, text in document.get("calls", {}).items()
        if (call := read_call(text)) is not None
    }
    source = document["transferred_from"]
    return retag(
        graph,
        known,
        modules={fqn: ModuleInfo(*info) for fqn, info in document["modules"].items()},
        transferred_from=None if source is None else SourceGraph.from_json(source),
        calls=calls,
    )


def _of_version_1(record: Sequence[Any]) -> list[Any]:
    """A record of an earlier version, which had no kind and no steps, as one of today's."""
    module, _, rule, evidence, values, rejected, confidence, witnesses, shared_by = record
    known = [rule, confidence, evidence, values, rejected, witnesses, shared_by]
    steps = [RELATIONS["is evidence for it"]] * len(evidence)
    return [module, *known, implied_kind(rule), steps, False]
