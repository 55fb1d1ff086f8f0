"""What tags of one export rest on, and how good they are once its auxiliary ops are blanked.

Kept from day to day, these figures show a change that makes tags worse: more
ops without evidence, more by weaker rules, less confidence, fewer right answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np

from hexviz.bench.inheritance import AUXILIARY, Score, know, reopen
from hexviz.exporters.result import Exported
from hexviz.model.op import Op
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["KIND", "tag_figures"]

KIND = "hexviz bench tags"
"""What the document of these figures calls itself."""


def tag_figures(model: str, export: str, exported: Exported) -> dict[str, Any]:
    """A record of one export; all rates are shares in 0..1, to four decimals.

    ``origins`` and ``rules`` are shares of all ops. ``context_fallback_rate``
    is the share of auxiliary ops that reach no primary op in either direction,
    ``confidence_p10`` the confidence that one op in ten does not exceed.
    ``blanked`` is about the auxiliary ops alone, once the file says nothing of
    them (see :mod:`hexviz.bench.inheritance`), with the shares of answers that
    are ``exact`` and ``on_branch``.
    """
    file = from_proto(exported.proto, name=model)
    graph = tag(file, modules=exported.modules, calls=exported.calls)
    again, asked = reopen(know(exported.proto, exported.modules, exported.calls), AUXILIARY)
    score = Score()
    for at, module in asked.items():
        op = again.ops[at]
        score.add(op.module, module, fallback=op.provenance.origin == "fallback")
    blanked = score.record()
    return {
        "model": model,
        "export": export,
        **_resting_on(graph.ops),
        "blanked": {
            "exact": blanked["exact"],
            "on_branch": blanked["on_branch"],
            **_resting_on([again.ops[at] for at in asked]),
        },
    }


def _resting_on(ops: Sequence[Op]) -> dict[str, Any]:
    auxiliary = [op for op in ops if op.auxiliary]
    confidences = [op.provenance.confidence for op in ops]
    lost = sum(op.context is None or op.context.rule == "root" for op in auxiliary)
    origins = _shares(Counter(op.provenance.origin for op in ops), len(ops))
    return {
        "ops": len(ops),
        "auxiliary": len(auxiliary),
        "origins": origins,
        "rules": _shares(Counter(op.provenance.rule for op in ops), len(ops)),
        "fallback_rate": origins.get("fallback", 0.0),
        "context_fallback_rate": round(lost / len(auxiliary), 4) if auxiliary else 0.0,
        "mean_confidence": round(mean(confidences), 4) if ops else None,
        "confidence_p10": (
            round(float(np.quantile(confidences, 0.1, method="lower")), 4) if ops else None
        ),
    }


def _shares(counts: Counter[str], whole: int) -> dict[str, float]:
    return {name: round(count / whole, 4) for name, count in sorted(counts.items())}
