"""How good the audit's suggestions are, and whether it is as sure as it says it is.

After mistakes were planted, each op that a warning or an error is about has its
right module on record. What the finding suggests for it is *exact*, or *around*
the right module (harmless, but vague), or *wrong*, which includes a part of the right
module; or it suggests nothing. An op that was not planted and is accused all the
same is right where it is: any suggestion for it counts as around or wrong, so what
is measured is what a person meets who takes suggestions without looking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from benchmarks.planting import Planted
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.finding import Finding

__all__ = ["OUTCOMES", "TABLES", "judge", "pool", "suggestion_tables"]

OUTCOMES = ("exact", "around", "wrong", "none")
"""What a suggestion can be."""

_ABOUT = ("severity", "kind", "sureness", "suggestion_sureness")

TABLES: Mapping[str, Sequence[str]] = {
    "severity": ("severity",),
    "kind": ("severity", "kind"),
    "way": ("severity", "way"),
    "export": ("severity", "export", "known"),
    "suggestion_sureness": ("suggestion_sureness",),
    "sureness": ("sureness",),
}
"""Table → what its rows are told apart by, beside the split."""


def judge(
    graph: TaggedGraph, wrong: Planted, findings: Iterable[Finding], before: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """A record for each kind of finding on a graph with planted mistakes, with its outcomes.

    ``graph`` is the untouched one, ``before`` the ops of it that are accused already: they are left
    out, unless they were planted. ``ops`` counts what is accused, ``mistakes`` the planted ones.
    """
    counts: dict[tuple[Any, ...], Counter[str]] = {}
    for finding in findings:
        if finding.severity == "info":
            continue
        found = counts.setdefault(tuple(getattr(finding, key) for key in _ABOUT), Counter())
        for op in finding.ops:
            if op in before and op not in wrong.mistakes:
                continue
            found["ops"] += 1
            found["mistakes"] += op in wrong.mistakes
            found[_outcome(graph, finding.module, graph.op(op).module)] += 1
    for about, found in counts.items():
        figures = {key: found[key] for key in ("ops", "mistakes", *OUTCOMES)}
        yield {**dict(zip(_ABOUT, about, strict=True)), **figures}


def _outcome(graph: TaggedGraph, said: str | None, right: str) -> str:
    if said is None:
        return "none"
    if graph.modules.first_name(said) == graph.modules.first_name(right):
        return "exact"
    return "around" if names.is_within(right, said) else "wrong"


def suggestion_tables(results: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """All of :data:`TABLES`; ``results`` are as :func:`benchmarks.audit.summarize` takes them."""
    flat = [
        {**{key: one[key] for key in ("model", "export", "known", "way", "reported")}, **record}
        for one in results
        for record in one.get("suggestions", ())
    ]
    return {name: pool(flat, keys) for name, keys in TABLES.items()}


def pool(records: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by split and ``keys``: what share of suggestions had which outcome, over all ops.

    ``right`` is the mean of the exact share over models, each counting once; ``tag_wrong`` is the
    share of the accused ops that were planted, and ``suggested`` that has a suggestion.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for one in records:
        groups.setdefault((one["reported"], *(one[key] for key in keys)), []).append(one)
    rows = []
    for (reported, *about), group in groups.items():
        total = Counter[str]()
        by_model: dict[str, Counter[str]] = {}
        for one in group:
            counts = {key: one[key] for key in ("ops", "mistakes", *OUTCOMES)}
            total.update(counts)
            by_model.setdefault(one["model"], Counter()).update(counts)
        shares = [
            counts["exact"] / said
            for counts in by_model.values()
            if (said := counts["ops"] - counts["none"])
        ]
        said = total["ops"] - total["none"]
        rows.append(
            {
                "reported": reported,
                **dict(zip(keys, about, strict=True)),
                "ops": total["ops"],
                "tag_wrong": _share(total["mistakes"], total["ops"]),
                "suggested": _share(said, total["ops"]),
                **{key: _share(total[key], said) for key in OUTCOMES[:-1]},
                "right": round(mean(shares), 4) if shares else None,
            }
        )
    return sorted(rows, key=lambda row: (row["reported"], *(str(row[key]) for key in keys)))


def _share(some: int, count: int) -> float | None:
    return round(some / count, 4) if count else None
