"""The figures of a tagged graph, as ``analyze --json`` prints and the page shows them."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.stages import Stage
from hexviz.tagging.checks import tags_lost

__all__ = ["op_record", "summarize"]


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
    auxiliary = [op for op in graph.ops if op.auxiliary]
    by_origin = Counter(op.provenance.origin for op in auxiliary)
    tagged = sum(op.module in graph.modules for op in graph.ops)
    document: dict[str, Any] = {
        "model": graph.name,
        "ops": len(graph.ops),
        "tagged": tagged,
        "coverage": tagged / len(graph.ops) if graph.ops else 1.0,
        "origins": dict(Counter(op.provenance.origin for op in graph.ops).most_common()),
        "rules": dict(Counter(op.provenance.rule for op in graph.ops).most_common()),
        "auxiliary": {
            "ops": len(auxiliary),
            "declared": by_origin["declared"],
            "transferred": by_origin["transferred"],
            "inherited": by_origin["inherited"],
            "fallback": by_origin["fallback"],
            "context_inherited": sum(bool(op.context and op.context.module) for op in auxiliary),
        },
        "modules": [
            {
                "module": module.fqn,
                "tag": module.tag,
                "class_name": module.class_name,
                "ops": len(module.ops),
                "same_as": module.same_as or None,
            }
            for module in graph.modules
        ],
        "weights_left_out": len(graph.weights_left_out),
        "tags_lost": tags_lost(graph),
        "stages": dict(graph.timings),
        "stage_details": [_stage_record(one) for one in graph.measured.stages],
        "peak_memory_mb": _peak_memory_mb(),
    }
    if ops:
        document["nodes"] = [op_record(op) for op in graph.ops]
    return document


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
