"""How right the modules are that matching two graphs gives the ops of the second one.

A tagged export, and what a tool made of it, as written and nameless
(:mod:`benchmarks.nameless`); the truth is read off the numbers
(:mod:`benchmarks.numeric_truth`). Asked is either the matching, where an op's
answer is the module of the op before that it is matched with first, and an op
that is matched with none is wrong; or the transfer, which gives every op a module.

*exact* is the true module, *on branch* also an ancestor or descendant of it.
``lies`` are answers on a wrong branch at a confidence of :data:`SURE` or more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from statistics import mean
from types import MappingProxyType
from typing import Any

from benchmarks.carried import SURE
from benchmarks.matching_cases import Case
from benchmarks.nameless import nameless
from hexviz.bench.blanking import Score
from hexviz.errors import HexvizError
from hexviz.matching.match import match
from hexviz.matching.matching import Matching
from hexviz.matching.transfer import transfer
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = [
    "ANSWERS",
    "FORMS",
    "Answer",
    "Answering",
    "by_matching",
    "by_run",
    "by_transfer",
    "measure",
    "summarize",
]

FORMS = ("as written", "nameless")

Answer = tuple[str | None, str, float]
"""Module (``None`` if there is no answer), how it was found, and how sure, in 0..1."""

Answering = Callable[[TaggedGraph, TaggedGraph], Mapping[int, Answer]]
"""From both graphs to an answer for each position after."""


def by_matching(
    before: TaggedGraph,
    after: TaggedGraph,
    *,
    matcher: Callable[[TaggedGraph, TaggedGraph], Matching] = match,
) -> Mapping[int, Answer]:
    """What the matching of both says, projected to modules."""
    return {
        at: (before.ops[found.before[0]].module, found.how, found.confidence)
        for at, found in matcher(before, after).matches.items()
    }


def by_transfer(before: TaggedGraph, after: TaggedGraph) -> Mapping[int, Answer]:
    """What every op is tagged with once the tags are transferred."""
    return _tags(transfer(before, after))


def by_run(before: TaggedGraph, after: TaggedGraph) -> Mapping[int, Answer]:
    """As :func:`by_transfer`, with numbers as witness: by the same means as the truth is found."""
    return _tags(transfer(before, after, run=True))


def _tags(graph: TaggedGraph) -> Mapping[int, Answer]:
    return {
        at: (op.module, op.provenance.rule, op.provenance.confidence)
        for at, op in enumerate(graph.ops)
    }


ANSWERS: Mapping[str, Answering] = MappingProxyType(
    {"matching": by_matching, "transfer": by_transfer, "run": by_run}
)
"""What can be asked, by name."""


def measure(case: Case, form: str, answering: Answering = by_matching) -> dict[str, Any]:
    """The record of one file in one form, with every wrong answer in ``wrong``."""
    about = {"model": case.model, "exporter": case.exporter, "tool": case.tool, "form": form}
    if case.truth is None:
        return {**about, "error": case.error}
    before, proto = case.before, case.after
    after = tag(from_proto(nameless(proto) if form == "nameless" else proto, name=case.tool))
    began = time.perf_counter()
    try:
        answers = answering(before, after)
    except HexvizError as error:
        return {**about, "error": f"not matched: {error}"}
    seconds = time.perf_counter() - began
    strict, both = Score(), Score()
    matched = lies = 0
    wrong = []
    for truths, is_strict in ((case.truth.strict, True), (case.truth.resolved, False)):
        for at, right in truths.items():
            op = after.ops[at]
            module, how, confidence = answers.get(at, (None, "unmatched", 0.0))
            matched += module is not None
            for score in (strict, both) if is_strict else (both,):
                if module is None:
                    score.ops += 1
                else:
                    score.add(module, right)
            if module == right:
                continue
            apart = module is not None and not (
                names.is_within(module, right) or names.is_within(right, module)
            )
            lies += apart and confidence >= SURE
            wrong.append(
                {
                    "at": at,
                    "op": op.id,
                    "op_type": op.op_type,
                    "got": module,
                    "right": right,
                    "how": how,
                    "confidence": confidence,
                    "strict": is_strict,
                    "apart": apart,
                }
            )
    return {
        **about,
        "of": len(after.ops),
        **_shares(strict),
        "all": _shares(both),
        "matched": round(matched / both.ops, 4) if both.ops else None,
        "lies": round(lies / both.ops, 4) if both.ops else None,
        "left_out": dict(case.truth.left_out),
        "seconds": round(seconds, 3),
        "wrong": wrong,
    }


def _shares(score: Score) -> dict[str, Any]:
    record = score.record()
    return {figure: record[figure] for figure in ("ops", "exact", "on_branch")}


def summarize(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over files by split, form, exporter and tool; ``worst`` is the least exact file.

    ``results`` are records of :func:`measure` with ``reported`` added.
    """
    groups: dict[tuple[bool, str, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        if one.get("ops"):
            key = (one["reported"], one["form"], one["exporter"], one["tool"])
            groups.setdefault(key, []).append(one)
    return [
        {
            "reported": reported,
            "form": form,
            "exporter": exporter,
            "tool": tool,
            **_means(group),
        }
        for (reported, form, exporter, tool), group in groups.items()
    ]


def _means(group: list[Mapping[str, Any]]) -> dict[str, Any]:
    worst = min(group, key=lambda one: one["exact"])
    return {
        "files": len(group),
        "ops": sum(one["ops"] for one in group),
        "exact": round(mean(one["exact"] for one in group), 4),
        "on_branch": round(mean(one["on_branch"] for one in group), 4),
        "ops_all": sum(one["all"]["ops"] for one in group),
        "exact_all": round(mean(one["all"]["exact"] for one in group), 4),
        "on_branch_all": round(mean(one["all"]["on_branch"] for one in group), 4),
        "matched": round(mean(one["matched"] for one in group), 4),
        "lies": round(mean(one["lies"] for one in group), 4),
        "worst": f"{worst['model']} {worst['exact']:.3f}",
    }
