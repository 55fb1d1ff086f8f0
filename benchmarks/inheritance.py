"""How often inference names the right module: blank what an exporter recorded, and ask again.

Under several conditions (see :mod:`hexviz.bench.blanking`), beside simpler rules.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from benchmarks.calibration import calibrate
from benchmarks.exports import exports, is_reported
from benchmarks.sorting import shuffle
from hexviz.bench.blanking import Score, Truth, know, reopen
from hexviz.bench.exports import BARE, Report
from hexviz.bench.quality import Rule, answered_by, earlier_rule
from hexviz.exporters.export import EXPORTERS
from hexviz.model.flat import FlatGraph
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.policies import from_consumers

__all__ = [
    "CONDITIONS",
    "Condition",
    "bench_inheritance",
    "compare",
    "consumers_only",
    "summarize",
    "totals",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is blanked: all auxiliary ops (``share`` is ``None``), or a random share of all ops."""

    name: str
    share: float | None
    shuffled: bool


CONDITIONS = (
    Condition("auxiliary", None, shuffled=False),
    Condition("30 % of all", 0.3, shuffled=False),
    Condition("60 % of all", 0.6, shuffled=False),
    Condition("auxiliary, shuffled", None, shuffled=True),
    Condition("30 % of all, shuffled", 0.3, shuffled=True),
    Condition("60 % of all, shuffled", 0.6, shuffled=True),
)


def bench_inheritance(
    sources: Sequence[str] = (), *, report: Report | None = None
) -> dict[str, Any]:
    """Accuracy on ``sources``, or on all models of the benchmark, with both exporters.

    Models outside the benchmark's table count as reported-only: they were not
    there to be tuned on. An exporter that fails on a model is listed under
    ``failed``. ``report`` is called with what is being done and the share of
    the work behind it.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for model, way, exported in exports(sources, BARE, failed, report):
        truth = know(exported.proto, exported.modules, exported.calls)
        about = {"model": model, "exporter": way.name, "reported": is_reported(model)}
        results.extend(
            {**about, **record} for condition in CONDITIONS for record in compare(truth, condition)
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
        "confidences": calibrate(results, CONDITIONS[0].name),
        "results": results,
        "failed": failed,
    }


def _reopened(truth: Truth, condition: Condition, seed: int) -> tuple[TaggedGraph, dict[int, str]]:
    """The export tagged without what the condition blanks, and position → truth where asked."""
    if condition.share is None:
        blanked = set(truth.auxiliary)
    else:
        draw = random.Random(seed).random  # noqa: S311 - reproducible, nothing to guess
        blanked = {value for value in truth.modules if draw() < condition.share}
    proto = shuffle(truth.proto, seed + 1) if condition.shuffled else None
    return reopen(truth, blanked, proto=proto)


def compare(truth: Truth, condition: Condition, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """A record per rule for one export under one condition.

    hexviz's own also has one per op type, and one per stated confidence
    (``"doubles 0.95"``: the kind of reason and what it states), which tells what that is worth.
    """
    graph, asked = _reopened(truth, condition, seed)
    whole, by_type, by_confidence = Score(), dict[str, Score](), dict[str, Score]()
    for at, module in asked.items():
        op = graph.ops[at]
        stated = f"{op.provenance.kind} {op.provenance.confidence:.2f}"
        for score in (
            whole,
            by_type.setdefault(op.op_type, Score()),
            by_confidence.setdefault(stated, Score()),
        ):
            score.add(op.module, module, fallback=op.provenance.origin == "fallback")
    yield {
        "condition": condition.name,
        "rule": "hexviz",
        **whole.record(),
        "op_types": {kind: score.record() for kind, score in sorted(by_type.items())},
        "confidences": {kind: score.record() for kind, score in sorted(by_confidence.items())},
    }
    for name, rule in _BASELINES:
        answers = answered_by(rule, graph)
        score = Score()
        for at, module in asked.items():
            score.add(answers[at], module)
        yield {"condition": condition.name, "rule": name, **score.record()}


def consumers_only(flat: FlatGraph, declared: Mapping[int, str]) -> dict[int, str]:
    """Where the modules of an op's consumers meet; the root for an op without any."""
    answers = from_consumers(flat, declared)
    return {at: module for at, module in answers.items() if at not in declared}


_BASELINES: tuple[tuple[str, Rule], ...] = (
    ("earlier", earlier_rule),
    ("consumers", consumers_only),
)


def summarize(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over models, each counting once, by split, exporter, condition and rule.

    ``results`` are records of :func:`compare` with ``model``, ``exporter`` and
    ``reported`` added.
    """
    groups: dict[tuple[bool, str, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        if one["ops"]:
            key = (one["reported"], one["exporter"], one["condition"], one["rule"])
            groups.setdefault(key, []).append(one)
    return [
        {
            "reported": reported,
            "exporter": exporter,
            "condition": condition,
            "rule": rule,
            "models": len(group),
            "ops": sum(one["ops"] for one in group),
            **{
                figure: round(mean(one[figure] for one in group), 4)
                for figure in ("exact", "on_branch", "wrong_branch", "fallback")
            },
        }
        for (reported, exporter, condition, rule), group in groups.items()
    ]


def totals(results: Iterable[Mapping[str, Any]], part: str) -> dict[str, dict[str, int]]:
    """How many were asked, exact and wrong, over all of hexviz's own results given.

    By op type or by confidence, as ``part`` (``"op_types"``, ``"confidences"``) says.
    """
    counted: dict[str, Counter[str]] = {}
    for one in results:
        for kind, record in one.get(part, {}).items():
            total = counted.setdefault(kind, Counter())
            total["ops"] += record["ops"]
            total["exact"] += round(record["exact"] * record["ops"])
            total["wrong_branch"] += round(record["wrong_branch"] * record["ops"])
    return {
        kind: dict(total) for kind, total in sorted(counted.items(), key=lambda kv: -kv[1]["ops"])
    }
