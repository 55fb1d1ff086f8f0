"""Run the benchmark of matching over its models, and say what came out as plain data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hexviz.bench.matching import FORMS, by_transfer, measure, summarize
from hexviz.bench.matching_cases import cases
from hexviz.bench.matching_exporters import against_each_other, summarize_pairs
from hexviz.bench.matching_models import MATCHING_MODELS
from hexviz.bench.matching_tools import MATCHING_TOOLS

__all__ = ["bench_matching"]

Report = Callable[[str, float], None]

_EXPORTS = ("dynamo", "torchscript")


def bench_matching(
    sources: Sequence[str] = (), *, work: Path | None = None, report: Report | None = None
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
        return _measured(models, work or Path(folder), report or (lambda *_: None))


def _measured(models: Sequence[str], work: Path, report: Report) -> dict[str, Any]:
    results = []
    files = len(models) * len(_EXPORTS) * len(MATCHING_TOOLS)
    for done, case in enumerate(cases(models, _EXPORTS, list(MATCHING_TOOLS), work)):
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
