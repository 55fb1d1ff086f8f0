"""The figures of a tagged graph, as ``analyze --json`` prints and the page shows them."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy as np

from hexviz.model.columns import PRIMARY, Ints
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS, Op
from hexviz.stages import Stage
from hexviz.tagging.checks import tags_lost

__all__ = ["headline", "op_record", "summarize"]


def summarize(graph: TaggedGraph, *, ops: bool = False) -> dict[str, Any]:
    """The document of ``hexviz analyze --json``; with ``ops`` also a record per op.

    ``coverage`` is the share of ops that have a module (the root included);
    ``auxiliary.context_inherited`` counts auxiliary ops whose context lies
    below the root; ``weights_left_out`` counts weights that were exported
    without their data; ``tags_lost`` says that a file lists modules while
    its ops do not say which is theirs; ``stages`` are seconds of the outermost stages,
    ``stage_details`` has all of them. ``peak_memory_mb`` is that of this
    process so far.
    """
    head = headline(graph)
    document: dict[str, Any] = {
        **{name: head[name] for name in ("model", "ops", "tagged", "coverage", "origins")},
        "rules": dict(Counter(op.provenance.rule for op in graph.ops).most_common()),
        "auxiliary": head["auxiliary"],
        "modules": [
            {
                "module": module.fqn,
                "tag": module.tag,
                "class_name": module.class_name,
                "ops": len(module.ops),
                "same_as": module.same_as or None,
                "copies": module.copies,
            }
            for module in graph.modules
        ],
        "weights_left_out": head["weights_left_out"],
        "tags_lost": head["tags_lost"],
        "stages": dict(graph.timings),
        "stage_details": [_stage_record(one) for one in graph.measured.stages],
        "peak_memory_mb": _peak_memory_mb(),
    }
    if ops:
        document["nodes"] = [op_record(op) for op in graph.ops]
    return document


def headline(graph: TaggedGraph) -> dict[str, Any]:
    """What of :func:`summarize` the page shows of every model: worked out from columns alone."""
    columns = graph.columns
    auxiliary = columns.categories != PRIMARY
    by_origin = np.bincount(columns.origins[auxiliary], minlength=len(ORIGINS)).tolist()
    served = columns.contexts[auxiliary]
    below = np.array([bool(path) for path in columns.paths], np.bool_)
    n_ops = len(columns.modules)
    # Every module of an op is one of the tree.
    return {
        "model": graph.name,
        "ops": n_ops,
        "tagged": n_ops,
        "coverage": 1.0,
        "origins": _origins(columns.origins),
        "auxiliary": {
            "ops": int(auxiliary.sum()),
            **{
                name: by_origin[ORIGINS.index(name)]
                for name in ("declared", "transferred", "inherited", "recovered", "fallback")
            },
            "context_inherited": int(below[served[served >= 0]].sum()),
        },
        "weights_left_out": len(graph.weights_left_out),
        "tags_lost": tags_lost(graph),
    }


def _origins(origins: Ints) -> dict[str, int]:
    """How many ops have each origin, the most frequent first; of equals, the one met first."""
    found, first, counts = np.unique(origins, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    return {ORIGINS[found[at]]: int(counts[at]) for at in order.tolist()}


def op_record(op: Op) -> dict[str, Any]:
    """One op as plain JSON; the keys are those of the public contract."""
    context = op.context
    return {
        "index": op.index,
        "body": op.body,
        "id": op.id,
        "name": op.name,
        "op_type": op.op_type,
        "module": op.module,
        "tag": op.tag,
        "origin": op.provenance.origin,
        "rule": op.provenance.rule,
        "kind": op.provenance.kind,
        "confidence": op.provenance.confidence,
        "evidence": list(op.provenance.evidence),
        "shared_by": list(op.shared_by),
        "auxiliary": op.auxiliary,
        "call": None if op.call is None else op.call._asdict(),
        "context": None
        if context is None
        else {
            "module": context.module,
            "tag": context.tag,
            "rule": context.rule,
            "evidence": list(context.evidence),
            "users": list(context.users),
        },
    }


def _stage_record(stage: Stage) -> dict[str, Any]:
    """One stage; its memory in MB (10^6 bytes), ``None`` unless that was measured."""
    return {
        "stage": stage.name,
        "start": stage.start,
        "seconds": stage.seconds,
        "cpu_seconds": stage.cpu_seconds,
        "depth": stage.depth,
        "blocks": stage.blocks,
        "peak_memory_mb": None if stage.peak is None else stage.peak / 1e6,
        "kept_memory_mb": None if stage.kept is None else stage.kept / 1e6,
    }


def _peak_memory_mb() -> float | None:
    """Peak resident memory in MB (10^6 bytes); ``None`` where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows has no such module
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux reports kilobytes, macOS bytes.
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)
