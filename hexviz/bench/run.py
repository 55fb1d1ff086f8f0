"""Run the accuracy benchmark over its models, and say what came out as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hexviz.bench.inheritance import CONDITIONS, compare, know, summarize, totals
from hexviz.bench.models import MODELS, build
from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model

__all__ = ["bench_inheritance"]


def bench_inheritance(
    sources: Sequence[str] = (), *, report: Callable[[str, float], None] | None = None
) -> dict[str, Any]:
    """Accuracy on ``sources``, or on all models of the benchmark, with both exporters.

    Models outside the benchmark's table count as reported-only: they were not
    there to be tuned on. An exporter that fails on a model is listed under
    ``failed``. ``report`` is called with what is being done and the share of
    the work behind it.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    chosen = list(sources) or list(MODELS)
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for number, name in enumerate(chosen):
        source = build(name)
        for turn, exporter in enumerate(EXPORTERS):
            if report is not None:
                report(f"{name}, {exporter}", (number + turn / len(EXPORTERS)) / len(chosen))
            try:
                exported = export_model(
                    source.model,
                    source.args,
                    source.kwargs,
                    exporter=exporter,
                    optimize=False,
                    name=name,
                )
            except ExportError as error:
                failed.append({"model": name, "exporter": exporter, "error": str(error)})
                continue
            truth = know(exported.proto, exported.modules)
            reported = name not in MODELS or MODELS[name].reported
            results.extend(
                {"model": name, "exporter": exporter, "reported": reported, **record}
                for condition in CONDITIONS
                for record in compare(truth, condition)
            )
    return {
        "summary": summarize(results),
        "op_types": {
            exporter: totals(
                (
                    one
                    for one in results
                    if one["exporter"] == exporter
                    and one["reported"]
                    and one["condition"] == CONDITIONS[0].name
                ),
                "op_types",
            )
            for exporter in EXPORTERS
        },
        "confidences": {
            split: totals((one for one in results if one["reported"] is reported), "confidences")
            for split, reported in (("tuned", False), ("reported", True))
        },
        "results": results,
        "failed": failed,
    }
