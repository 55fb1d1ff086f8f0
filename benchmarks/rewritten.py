"""How right tags are on what other tools made of an export, as a stranger's file.

The truth is what the exporter recorded. A tool rewrites the export, which
drops most records; the result is tagged from what is left of it. Asked are the
ops that are still the same, with their value's name and their type: an op that
a tool fused belongs to several modules.

Fresh weights are as their classes initialise them, so every normalisation
has the same ones and tools keep one of them; *trained* ones have noise added,
so all are different.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

import onnx

from benchmarks import carried
from benchmarks.carried import SURE
from benchmarks.exports import exports, is_reported, tagged
from benchmarks.rewriters import REWRITERS, installed
from hexviz.bench.blanking import Score, Truth, know
from hexviz.bench.exports import AS_SHIPPED, Report
from hexviz.model import fqn as names
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["bench_rewritten", "measure", "summarize"]


def bench_rewritten(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """Accuracy on what rewriting tools make of ``sources``, or of all models of the benchmark.

    Each with fresh and with trained-like weights, as a stranger's file and as
    one that hexviz tagged. Otherwise as :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    tools = tuple(installed())
    for noisy, weights in ((False, "fresh"), (True, "trained")):
        found = exports(sources, AS_SHIPPED, failed, report, noisy=noisy)
        for model, way, exported in found:
            truth = know(exported.proto, exported.modules, exported.calls)
            about = {"model": model, "export": way.name, "weights": weights}
            split = {"reported": is_reported(model)}
            results.extend({**about, **split, **record} for record in measure(truth, tools))
            about["export"] += ", tagged"
            results.extend(
                {**about, **split, **record}
                for record in carried.measure(tagged(exported, model), tools)
            )
    return {"summary": summarize(results), "results": results, "failed": failed}


def measure(truth: Truth, tools: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A record per tool for one export.

    ``ops`` are those asked, ``of`` all that the tool left. ``sure_and_wrong``
    is the share of those asked that are on a wrong branch with a confidence of
    :data:`SURE` or more. A tool that fails has its ``error`` instead.
    """
    kinds = {node.output[0]: node.op_type for node in truth.proto.graph.node if node.output}
    for tool in tools:
        try:
            proto = REWRITERS[tool](truth.proto)
        # Any tool can fail in its own way on a model; which ones do is part of the result.
        except Exception as error:  # noqa: BLE001
            yield {"tool": tool, "error": f"{type(error).__name__}: {error}"[:200]}
            continue
        yield {"tool": tool, **_score(truth, kinds, proto)}


def _score(truth: Truth, kinds: Mapping[str, str], proto: onnx.ModelProto) -> dict[str, Any]:
    graph = tag(from_proto(proto, name="rewritten"), recover=False)
    score, lies = Score(), 0
    for op in graph.ops:
        value = op.outputs[0] if op.outputs and not op.body else ""
        if value not in truth.modules or kinds[value] != op.op_type:
            continue
        right = truth.modules[value]
        score.add(op.module, right, fallback=op.provenance.origin == "fallback")
        apart = not names.is_within(op.module, right) and not names.is_within(right, op.module)
        lies += apart and op.provenance.confidence >= SURE
    share = round(lies / score.ops, 4) if score.ops else None
    return {"of": len(graph.ops), **score.record(), "sure_and_wrong": share}


def summarize(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over models, each counting once, by split, export, weights and tool.

    ``results`` are records of :func:`measure` with ``model``, ``export``,
    ``weights`` and ``reported`` added. ``worst`` is the model with the smallest
    share on branch.
    """
    groups: dict[tuple[bool, str, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        if one.get("ops"):
            key = (one["reported"], one["export"], one["weights"], one["tool"])
            groups.setdefault(key, []).append(one)
    figures = ("exact", "on_branch", "sure_and_wrong")
    summary = []
    for (reported, export, weights, tool), group in groups.items():
        worst = min(group, key=lambda one: one["on_branch"])
        summary.append(
            {
                "reported": reported,
                "export": export,
                "weights": weights,
                "tool": tool,
                "models": len(group),
                "ops": sum(one["ops"] for one in group),
                **{figure: round(mean(one[figure] for one in group), 4) for figure in figures},
                "worst": worst["model"],
                "worst_on_branch": worst["on_branch"],
            }
        )
    return summary
