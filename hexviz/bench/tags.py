"""What tags of one export rest on, and how good they are once its auxiliary ops are blanked.

Kept from day to day, these figures show a change that makes tags worse: more
ops without evidence, more by weaker rules, less confidence, fewer right answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import mean
from typing import Any

import numpy as np

from hexviz.bench.blanking import Score, know, reopen
from hexviz.bench.exports import ALL, Export, Report, exports
from hexviz.exporters.interface import Exported
from hexviz.model.op import Op
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from sample_models import SAMPLES

__all__ = ["KIND", "bench_tags", "tag_figures", "tags_document"]

KIND = "hexviz bench tags"
"""What the document of these figures calls itself."""


def bench_tags(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """What the tags of ``sources``, or of all samples, rest on, with every exporter.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    failed: list[dict[str, str]] = []
    exported = exports(list(sources) or list(SAMPLES), ALL, failed, report)
    return tags_document(exported, failed, lambda model: model not in SAMPLES)


def tags_document(
    exported: Iterable[tuple[str, Export, Exported]],
    failed: list[dict[str, str]],
    is_reported: Callable[[str], bool],
) -> dict[str, Any]:
    """A record of each export; ``reported`` are models that no rule was tuned on.

    ``failed`` lists the exports that could not be made, and may fill up meanwhile.
    """
    results = [
        {"reported": is_reported(model), **tag_figures(model, way.name, export)}
        for model, way, export in exported
    ]
    return {"kind": KIND, "results": results, "failed": failed}


def tag_figures(model: str, export: str, exported: Exported) -> dict[str, Any]:
    """A record of one export; all rates are shares in 0..1, to four decimals.

    ``origins`` and ``rules`` are shares of all ops. ``context_fallback_rate``
    is the share of auxiliary ops that reach no primary op in either direction,
    ``confidence_p10`` the confidence that one op in ten does not exceed.
    ``blanked`` is about the auxiliary ops alone, once the file says nothing of
    them (see :mod:`hexviz.bench.blanking`), with the shares of answers that
    are ``exact`` and ``on_branch``.
    """
    file = from_proto(exported.proto, name=model)
    graph = tag(file, modules=exported.modules, calls=exported.calls)
    truth = know(exported.proto, exported.modules, exported.calls)
    again, asked = reopen(truth, truth.auxiliary)
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
