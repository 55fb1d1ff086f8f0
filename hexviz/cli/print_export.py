"""What ``hexviz export`` says at its end: the file, its modules, and how sure their tags are.

It goes to stderr, as all that is no document: ``hexviz export … --json | jq`` gets that alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hexviz.cli.console import console, listing, many, note
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.finding import SEVERITIES, Finding, findings_document
from hexviz.tagging.summary import summarize

__all__ = ["export_document", "print_export", "top_modules"]

_MOST_ROWS = 16


def export_document(
    graph: TaggedGraph, findings: Sequence[Finding], output: Path
) -> dict[str, Any]:
    """The document of ``hexviz export --json``: that of ``analyze``, the file, and the audit."""
    audit = findings_document(graph, findings)
    return {
        **summarize(graph),
        "output": str(output),
        "top_modules": top_modules(graph),
        "audit": {"counts": audit["counts"], "accused": audit["accused"]},
    }


def top_modules(graph: TaggedGraph) -> list[dict[str, Any]]:
    """The modules at the top with all ops in them, one level deeper where these are few.

    Modules that only wrap one other are passed over.
    """
    counts: dict[tuple[str, ...], int] = {}
    for module in graph.modules:
        path = tuple(module.fqn.split(".")) if module.fqn else ()
        for depth in range(len(path) + 1):
            counts[path[:depth]] = counts.get(path[:depth], 0) + len(module.ops)
    below: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for path, count in counts.items():
        if path and count:
            below.setdefault(path[:-1], []).append(path)
    top: tuple[str, ...] = ()
    while len(below.get(top, ())) == 1 and counts[below[top][0]] == counts[top]:
        (top,) = below[top]
    first = below.get(top, [])
    second = {path: below.get(path, []) for path in first}
    is_few = len(first) + sum(map(len, second.values())) <= _MOST_ROWS
    shown = [top]
    for path, inner in second.items():
        shown += [path, *(inner if is_few else ())]
    tags = {module.fqn: module.tag for module in graph.modules}
    return [
        {
            "module": ".".join(path),
            "tag": tags.get(".".join(path), ""),
            "ops": counts[path],
            "depth": len(path) - len(top),
        }
        for path in shown
    ]


def print_export(document: Mapping[str, Any], timings: Mapping[str, float]) -> None:
    """The document for people."""
    modules = many(len(document["modules"]), "module")
    note(f"{document['output']}: {many(document['ops'], 'op')} in {modules}.")
    note(", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in timings.items()))
    shown = document["top_modules"]
    rows = [
        ("  " * one["depth"] + (one["module"] or "(the model)"), one["tag"], f"{one['ops']:,}")
        for one in shown[:_MOST_ROWS]
    ]
    console(stderr=True).print(listing(("module", "tag", "ops"), rows, figures={"ops"}))
    if len(shown) > _MOST_ROWS:
        note(f"and {many(len(shown) - _MOST_ROWS, 'module')} more")
    auxiliary = document["auxiliary"]
    origins = ", ".join(f"{count} {origin}" for origin, count in document["origins"].items())
    note(
        f"coverage   {document['coverage']:.1%} of ops have a module: {origins}; "
        f"{auxiliary['context_inherited']} of {auxiliary['ops']} auxiliary ops serve a known one"
    )
    counts = document["audit"]["counts"]
    found = ", ".join(many(counts[one], one) for one in reversed(SEVERITIES) if counts[one])
    accused = document["audit"]["accused"]
    told = f"{many(accused, 'op')} may be in a wrong module" if accused else "no op seems misplaced"
    more = f" ({found}: see hexviz audit {document['output']})" if found else ""
    note(f"audit      {told}{more}")
