"""Both exporters of one model against each other: how many ops pair, and in the same module?

Each export is tagged by what its own exporter recorded, so where two ops pair
the modules tell whether they should. Asked are the ops of the second graph with
arithmetic of their own. What one exporter writes as one op the other may
write as five, and only some of what TorchScript computes of shapes is in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from hexviz.matching.match import match
from hexviz.matching.matching import Matching
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.tag import load

__all__ = ["against_each_other", "pairs", "summarize_pairs"]

Matcher = Callable[[TaggedGraph, TaggedGraph], Matching]


def pairs(before: TaggedGraph, after: TaggedGraph, matcher: Matcher = match) -> dict[str, Any]:
    """A record of two exports.

    ``ops`` are those of ``after`` with arithmetic, ``paired`` the share of
    them that are something in ``before``, and ``same_module`` the share of
    those that are of one module in both.
    """
    matches = matcher(before, after).matches
    asked = [at for at, op in enumerate(after.ops) if op.auxiliary is None]
    found = {
        at: matches[at].before[0] for at in asked if at in matches and matches[at].how != "inserted"
    }
    wrong = [
        {
            "op": after.ops[at].id,
            "op_type": after.ops[at].op_type,
            "right": after.ops[at].module,
            "got": before.ops[other].module,
            "of": before.ops[other].id,
        }
        for at, other in found.items()
        if before.ops[other].module != after.ops[at].module
    ]
    return {
        "ops": len(asked),
        "paired": round(len(found) / len(asked), 4) if asked else None,
        "same_module": round(1 - len(wrong) / len(found), 4) if found else None,
        "unpaired": [(after.ops[at].op_type, after.ops[at].id) for at in asked if at not in found],
        "wrong": wrong,
    }


def against_each_other(
    models: Iterable[str], work: Path, matcher: Matcher = match
) -> Iterator[dict[str, Any]]:
    """A record per model and direction, of exports that are in the folder (see ``matching_cases``).

    Both as they are: what names and weights they share is part of the evidence.
    """
    for model in models:
        files = {one: work / one / model / "before.onnx" for one in ("dynamo", "torchscript")}
        if not all(file.is_file() for file in files.values()):
            yield {"model": model, "error": "one of both exports is not there"}
            continue
        graphs = {one: load(file) for one, file in files.items()}
        for before, after in (("dynamo", "torchscript"), ("torchscript", "dynamo")):
            record = pairs(graphs[before], graphs[after], matcher)
            yield {"model": model, "before": before, "after": after, **record}


def summarize_pairs(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over models, each counting once, by split and direction; with ``reported`` added."""
    groups: dict[tuple[bool, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        if one.get("ops"):
            key = (one["reported"], one["before"], one["after"])
            groups.setdefault(key, []).append(one)
    return [
        {
            "reported": reported,
            "before": before,
            "after": after,
            "models": len(group),
            "ops": sum(one["ops"] for one in group),
            "paired": round(mean(one["paired"] for one in group), 4),
            "same_module": round(mean(one["same_module"] or 0.0 for one in group), 4),
            "worst": min(group, key=lambda one: one["paired"])["model"],
        }
        for (reported, before, after), group in groups.items()
    ]
