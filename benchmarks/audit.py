"""How good the audit is: how many planted mistakes it finds, and whom it accuses for nothing.

*Found* is the share of planted mistakes that a finding at warning level or
above is about. *Accused* is the share of the ops of the untouched graph in
such findings: an exporter's own mistakes are among them, so it is an upper
bound of false alarms. *Right* is the share of the ops accused after planting
that were planted, those accused before aside. How good the suggestions are says
:mod:`benchmarks.suggestions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from benchmarks.exports import exports, is_reported
from benchmarks.idioms import IDIOMS
from benchmarks.planting import WAYS, plant
from benchmarks.sorting import SORTS, resort
from benchmarks.suggestions import judge, suggestion_tables
from hexviz.bench.exports import ALL, Export, Report
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import accused_ops
from hexviz.tagging.tag import tag

__all__ = ["SHARE", "accusations", "audit_idioms", "bench_audit", "measure", "summarize"]

SHARE = 0.02
"""Share of the ops that are moved into a wrong branch at a time."""

_SEEDS = 3

_COUNTS = ("ops", "accused_ops", "error_ops")


def bench_audit(
    sources: Sequence[str] = (), *, ways: Sequence[Export] = ALL, report: Report | None = None
) -> dict[str, Any]:
    """Mistakes found and ops accused on ``sources``, or on all models of the benchmark.

    Each export is audited twice: with the exporter's list of modules (``tree``,
    as hexviz saves it) and as a stranger's file (``file``), the latter once more for
    each of :data:`benchmarks.sorting.SORTS`. Without sources, ``idioms`` has
    who is accused in small modules that are right. Otherwise as
    :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for model, way, exported in exports(sources, ways, failed, report):
        about = {"model": model, "export": way.name, "reported": is_reported(model)}
        file = from_proto(exported.proto, name=model)
        with_tree = tag(file, modules=exported.modules, calls=exported.calls)
        for known, graph in (("tree", with_tree), ("file", tag(file))):
            results.extend(
                {**about, "known": known, **record}
                for record in measure(graph, listed=known == "tree")
            )
        for sort in SORTS:
            again = tag(from_proto(resort(exported.proto, sort), name=model))
            results.append({**about, "known": "file", **accusations(again, sort)})
    summary = summarize(results)
    idioms = [] if sources else list(audit_idioms())
    return {
        "summary": summary,
        "suggestions": suggestion_tables(results),
        "results": results,
        "idioms": idioms,
        "failed": failed,
    }


def audit_idioms(names: Sequence[str] = tuple(IDIOMS)) -> Iterator[dict[str, Any]]:
    """Who is accused in exports of small modules that are right: a record for each export."""
    for name in names:
        for way in ALL:
            source = IDIOMS[name]()
            exported = way.make(source, name)
            file = from_proto(exported.proto, name=name)
            with_tree = tag(file, modules=exported.modules, calls=exported.calls)
            for known, graph in (("tree", with_tree), ("file", tag(file))):
                record = accusations(graph)
                yield {"model": name, "export": way.name, "known": known, **record}


def measure(graph: TaggedGraph, *, listed: bool = True) -> Iterator[dict[str, Any]]:
    """A record for the untouched graph, and one for each way of planting mistakes.

    ``listed`` says that the graph knows its modules from a list, not from its ops alone. What the
    nodes' own records name is left out: they are as they were, and would give mistakes away.
    """
    before = accused_ops(audit(graph))
    yield accusations(graph)
    for way in WAYS:
        planted = found = accused = 0
        judged: list[dict[str, Any]] = []
        for seed in range(_SEEDS):
            wrong = plant(graph, way, share=SHARE, seed=seed, listed=listed)
            findings = [one for one in audit(wrong.graph) if one.kind != "unknown-module"]
            told = accused_ops(findings)
            judged.extend(judge(graph, wrong, findings, before))
            planted += len(wrong.mistakes)
            found += len(told & wrong.mistakes.keys())
            accused += len(told - (before - wrong.mistakes.keys()))
        if planted:
            yield {
                "way": way,
                "planted": planted,
                "found": round(found / planted, 4),
                "right": round(found / accused, 4) if accused else None,
                "suggestions": judged,
            }


def accusations(graph: TaggedGraph, way: str = "untouched") -> dict[str, Any]:
    """How many ops of a graph in which nothing is wrong are accused: by warnings, and by errors."""
    findings = audit(graph)
    accused = accused_ops(findings)
    errors = accused_ops(one for one in findings if one.severity == "error")
    return {
        "way": way,
        "ops": len(graph.ops),
        "accused": _share(accused, len(graph.ops)),
        "accused_ops": len(accused),
        "error_ops": len(errors),
    }


def _share(some: frozenset[str], count: int) -> float:
    return round(len(some) / count, 4) if count else 0.0


def summarize(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over models, each counting once, by split, kind of export, what was known, and way.

    ``results`` are records of :func:`measure` with ``model``, ``export``,
    ``known`` and ``reported`` added. ``worst`` is the model with most ops
    accused, or fewest mistakes found.
    """
    groups: dict[tuple[bool, str, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        key = (one["reported"], one["export"], one["known"], one["way"])
        groups.setdefault(key, []).append(one)
    summary = []
    for (reported, export, known, way), group in groups.items():
        row: dict[str, Any] = {
            "reported": reported,
            "export": export,
            "known": known,
            "way": way,
            "models": len(group),
        }
        if "accused" in group[0]:
            worst = max(group, key=lambda one: one["accused"])
            row |= {"accused": round(mean(one["accused"] for one in group), 4)}
            row |= {key: sum(one[key] for one in group) for key in _COUNTS}
            row |= {"worst": worst["model"], "worst_figure": worst["accused"]}
        else:
            worst = min(group, key=lambda one: one["found"])
            rights = [one["right"] for one in group if one["right"] is not None]
            row |= {
                "planted": sum(one["planted"] for one in group),
                "found": round(mean(one["found"] for one in group), 4),
                "right": round(mean(rights), 4) if rights else None,
                "worst": worst["model"],
                "worst_figure": worst["found"],
            }
        summary.append(row)
    return summary
