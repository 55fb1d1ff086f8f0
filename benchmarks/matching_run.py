"""Run the benchmark of matching over its models, and say what came out as plain data."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.matching import FORMS, by_transfer, measure, summarize
from benchmarks.matching_cases import cases
from benchmarks.matching_exporters import against_each_other, summarize_pairs
from benchmarks.matching_models import MATCHING_MODELS
from benchmarks.matching_tools import MATCHING_TOOLS
from benchmarks.rewriters import Rewriter
from hexviz.bench.exports import Report

__all__ = ["bench_matching"]

_EXPORTS = ("dynamo", "torchscript")


def bench_matching(
    sources: Sequence[str] = (),
    *,
    work: Path | None = None,
    tools: Mapping[str, Rewriter] = MATCHING_TOOLS,
    report: Report | None = None,
) -> dict[str, Any]:
    """How right transferred tags are on what tools make of ``sources``, or of all models.

    Both exports of each, every tool, as written and nameless; and both exports
    against each other. Files and truths are kept in ``work``, so that only the
    matching is done again; without it, in a folder that goes away. A SOURCE that is
    no model of the benchmark counts as reported only. ``report`` is called with what
    is measured and the share that is done.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    models = list(dict.fromkeys(sources)) or list(MATCHING_MODELS)
    with tempfile.TemporaryDirectory(prefix="hexviz-") as folder:
        return _measured(models, work or Path(folder), tools, report or (lambda *_: None))


def _measured(
    models: Sequence[str], work: Path, tools: Mapping[str, Rewriter], report: Report
) -> dict[str, Any]:
    results = []
    files = len(models) * len(_EXPORTS) * len(tools)
    for done, case in enumerate(cases(models, _EXPORTS, work, tools=tools)):
        report(f"{case.model}, {case.exporter}, {case.tool}", done / files)
        for form in FORMS:
            record = measure(case, form, by_transfer)
            record.pop("wrong", None)
            results.append({**record, "reported": _is_reported(case.model)})
    pairs = []
    for record in against_each_other(models, work):
        for details in ("wrong", "unpaired"):
            record.pop(details, None)
        pairs.append({**record, "reported": _is_reported(record["model"])})
    report("done", 1.0)
    return {
        "summary": summarize(results),
        "pair_summary": summarize_pairs(pairs),
        "results": results,
        "pairs": pairs,
    }


def _is_reported(model: str) -> bool:
    return model not in MATCHING_MODELS or MATCHING_MODELS[model].reported
