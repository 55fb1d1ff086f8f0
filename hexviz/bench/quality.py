"""How good a graph's tags are, and how good the same file's with its auxiliary ops blanked."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from statistics import mean
from typing import Any

from hexviz.bench.blanking import Score, know, reopen
from hexviz.bench.stopwatch import clocked, spread_of_times
from hexviz.exporters.interface import Exported
from hexviz.model.flat import FlatGraph, Neighbours
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.inherit import inherit

__all__ = ["Rule", "answered_by", "beside_earlier", "earlier_rule", "quality"]

Rule = Callable[[FlatGraph, Mapping[int, str]], dict[int, str]]
"""From a graph and position → declared module to a module for every other position."""


def quality(graph: TaggedGraph) -> dict[str, float]:
    """Shares in 0..1 of all ops: with a module, without any evidence for it; mean confidence."""
    ops = graph.ops
    return {
        "coverage": _share(sum(op.module in graph.modules for op in ops), len(ops)),
        "fallback_rate": _share(sum(op.provenance.origin == "fallback" for op in ops), len(ops)),
        "mean_confidence": round(mean(op.provenance.confidence for op in ops), 4),
    }


def beside_earlier(exported: Exported, repeats: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """hexviz's answers for the auxiliary ops of an export, blanked; and the earlier rule's.

    Both are asked about the same ops of the same graph, which is opened as a
    stranger's file. The seconds are those of inference alone, also in turns.
    """
    truth = know(exported.proto, exported.modules)
    graph, asked = reopen(truth, truth.auxiliary)
    ours, theirs = Score(), Score()
    answers = answered_by(earlier_rule, graph)
    for at, module in asked.items():
        op = graph.ops[at]
        ours.add(op.module, module, fallback=op.provenance.origin == "fallback")
        theirs.add(answers[at], module)
    declared = {
        at: op.provenance for at, op in enumerate(graph.ops) if op.provenance.origin == "declared"
    }
    modules = {at: why.module for at, why in declared.items()}
    infos = graph.modules.infos()
    our_times, their_times = [], []
    for _ in range(repeats):
        our_times.append(clocked(lambda: inherit(graph.flat, declared, infos))[1])
        their_times.append(clocked(lambda: earlier_rule(graph.flat, modules))[1])
    own, earlier = ours.record(), theirs.record()
    return (
        {
            "exact": own["exact"],
            "on_branch": own["on_branch"],
            "blanked_fallback_rate": own["fallback"],
            "blanked_seconds": spread_of_times(our_times),
        },
        {
            "seconds": spread_of_times(their_times),
            "exact": earlier["exact"],
            "on_branch": earlier["on_branch"],
        },
    )


def answered_by(rule: Rule, graph: TaggedGraph) -> dict[int, str]:
    """What a simpler rule answers for every position, given what is declared in the graph."""
    declared = {
        at: op.module for at, op in enumerate(graph.ops) if op.provenance.origin == "declared"
    }
    answers = rule(graph.flat, declared)
    nearest = graph.modules.nearest
    return {at: declared.get(at, nearest(answers.get(at, ""))) for at in range(len(graph.ops))}


def earlier_rule(flat: FlatGraph, declared: Mapping[int, str]) -> dict[int, str]:
    """The earlier generation's: the nearest declared producer's module, else the nearest
    declared consumer's, else the module that most ops have.
    """
    commonest = Counter(declared.values()).most_common(1)[0][0] if declared else ""
    return {
        at: _nearest(flat.predecessors, declared, at)
        or _nearest(flat.successors, declared, at)
        or commonest
        for at in range(len(flat.ops))
        if at not in declared
    }


def _nearest(neighbours: Neighbours, declared: Mapping[int, str], at: int) -> str | None:
    waiting, seen = deque(neighbours[at]), {at}
    while waiting:
        one = waiting.popleft()
        if one in declared:
            return declared[one]
        if one not in seen:
            seen.add(one)
            waiting.extend(neighbours[one])
    return None


def _share(count: int, whole: int) -> float:
    return round(count / whole, 4) if whole else 1.0
