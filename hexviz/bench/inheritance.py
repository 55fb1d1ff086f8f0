"""How often inference names the right module: blank what an exporter recorded, and ask again.

The truth is what PyTorch's exporters recorded while they ran the model. Some
of it is blanked (:mod:`hexviz.bench.blanking`), the file is tagged as a
stranger's, and every answer is compared: *exact* is the recorded module,
*on branch* also counts its ancestors and descendants, *wrong branch* is the
rest. The file alone is given, without the exporter's list of modules.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any

import onnx

from hexviz.bench.baselines import consumers_only, earlier_rule
from hexviz.bench.blanking import blank
from hexviz.bench.sorting import shuffle
from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = [
    "AUXILIARY",
    "CONDITIONS",
    "Condition",
    "Score",
    "Truth",
    "answered_by",
    "compare",
    "know",
    "reopen",
    "summarize",
    "totals",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is blanked: all auxiliary ops (``share`` is ``None``), or a random share of all ops."""

    name: str
    share: float | None
    shuffled: bool


AUXILIARY = Condition("auxiliary", None, shuffled=False)
CONDITIONS = (
    AUXILIARY,
    Condition("30 % of all", 0.3, shuffled=False),
    Condition("60 % of all", 0.6, shuffled=False),
    Condition("auxiliary, shuffled", None, shuffled=True),
    Condition("30 % of all, shuffled", 0.3, shuffled=True),
    Condition("60 % of all, shuffled", 0.6, shuffled=True),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """An export and, per first output of its top-level nodes, the module on record."""

    proto: onnx.ModelProto
    modules: Mapping[str, str]
    auxiliary: frozenset[str]


@dataclass(slots=True)
class Score:
    """Counts of answers. ``fallback`` counts those that name the root for want of evidence."""

    ops: int = 0
    exact: int = 0
    on_branch: int = 0
    fallback: int = 0

    def add(self, answer: str, truth: str, *, fallback: bool = False) -> None:
        """Count one answer."""
        self.ops += 1
        self.exact += answer == truth
        self.on_branch += names.is_within(answer, truth) or names.is_within(truth, answer)
        self.fallback += fallback

    def record(self) -> dict[str, Any]:
        """Shares in 0..1 of all answers; ``None`` where nothing was asked."""

        def share(count: int) -> float | None:
            return round(count / self.ops, 4) if self.ops else None

        return {
            "ops": self.ops,
            "exact": share(self.exact),
            "on_branch": share(self.on_branch),
            "wrong_branch": share(self.ops - self.on_branch),
            "fallback": share(self.fallback),
        }


def know(
    proto: onnx.ModelProto,
    modules: Mapping[str, ModuleInfo] | None = None,
    calls: Mapping[str, str] | None = None,
) -> Truth:
    """Read the truth from an export: only what metadata or scoped names record counts.

    With the exporter's list of ``modules``, and the ``calls`` that its names
    stand for, names that the TorchScript exporter shortened are read by them.
    """
    graph = tag(from_proto(proto, name="truth"), modules=modules, calls=calls)
    recorded = [
        op
        for op in graph.ops
        if not op.body and op.outputs[:1] and op.provenance.rule in ("metadata", "name")
    ]
    return Truth(
        proto,
        {op.outputs[0]: op.module for op in recorded},
        frozenset(op.outputs[0] for op in recorded if op.auxiliary),
    )


def reopen(
    truth: Truth, condition: Condition, *, seed: int = 0
) -> tuple[TaggedGraph, dict[int, str]]:
    """The export tagged without what the condition blanks, and position → truth where asked."""
    if condition.share is None:
        chosen = set(truth.auxiliary)
    else:
        draw = random.Random(seed).random  # noqa: S311 - reproducible, nothing to guess
        chosen = {value for value in truth.modules if draw() < condition.share}
    source = shuffle(truth.proto, seed + 1) if condition.shuffled else truth.proto
    outputs = {at: node.output[0] for at, node in enumerate(source.graph.node) if node.output}
    graph = tag(from_proto(blank(source, chosen), name="blanked"))
    asked = {
        at: truth.modules[outputs[op.index]]
        for at, op in enumerate(graph.ops)
        if not op.body and outputs.get(op.index) in chosen
    }
    return graph, asked


def compare(truth: Truth, condition: Condition, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """A record per rule for one export under one condition.

    hexviz's own also has one per op type, and one per stated confidence
    (``"trace 0.95"``: rule and confidence), which tells what that is worth.
    """
    graph, asked = reopen(truth, condition, seed=seed)
    whole, by_type, by_confidence = Score(), dict[str, Score](), dict[str, Score]()
    for at, module in asked.items():
        op = graph.ops[at]
        stated = f"{op.provenance.rule} {op.provenance.confidence:.2f}"
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


Rule = Callable[[FlatGraph, Mapping[int, str]], dict[int, str]]
_BASELINES: tuple[tuple[str, Rule], ...] = (
    ("earlier", earlier_rule),
    ("consumers", consumers_only),
)


def answered_by(rule: Rule, graph: TaggedGraph) -> dict[int, str]:
    """What a simpler rule answers for every position, given what is declared in the graph."""
    declared = {
        at: op.module for at, op in enumerate(graph.ops) if op.provenance.origin == "declared"
    }
    answers = rule(graph.flat, declared)
    nearest = graph.modules.nearest
    return {at: declared.get(at, nearest(answers.get(at, ""))) for at in range(len(graph.ops))}


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
