"""What a comparison found, as the page shows it: a line, counts, differences, modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.models.comparison import Kept
from hexviz.app.panels.parts import breaking
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["invitation", "tell"]

_MOST = 200
"""Differences that are listed."""

_MOST_MODULES = 400
"""Modules that are listed, those first of which most ops differ."""

_FIGURES = ("before", "after", "same", "changed", "fused", "added", "removed", "moved")


def invitation() -> list[Any]:
    """What stands there before anything has been compared."""
    return [
        html.P(
            "Two exports, two versions, or a model and what an optimiser or a quantiser made of "
            "it: what is the same, what was fused, added, removed or changed, module by module.",
            className="quiet",
        )
    ]


def tell(found: Kept, graph: TaggedGraph) -> list[Any]:
    """A comparison of the open model ``graph`` with another one."""
    document = found.document
    parts: list[Any] = [
        html.H2(f"{document['before']['file']} → {document['after']['file']}"),
        html.P(document["message"], className="compare-message", role="status"),
        html.P(_whose_tags(document), className="quiet"),
        html.Div(_tools(found), className="tool-row"),
    ]
    if not document["is_related"]:
        return [*parts[:2]]
    if found.differences:
        parts += [
            html.H3("Differences"),
            html.Ol(
                [
                    _difference(found, graph, at, one)
                    for at, one in enumerate(found.differences[:_MOST])
                ],
                className="plain differences",
            ),
        ]
        if len(found.differences) > _MOST:
            more = len(found.differences) - _MOST
            parts.append(html.P(f"and {more:,} more: the JSON has all.", className="quiet"))
        parts += [html.H3("Modules"), *_modules(document["modules"], graph)]
    return parts


def _whose_tags(document: Mapping[str, Any]) -> str:
    tags = {side: document[side]["tags"] for side in ("before", "after")}
    opsets = " → ".join(str(document[side]["opset"]) for side in ("before", "after"))
    if set(tags.values()) == {"own"}:
        return f"Opset {opsets}. Each graph has tags of its own."
    side = "before" if tags["before"] == "own" else "after"
    return f"Opset {opsets}. Modules are those of {document[side]['file']}."


def _tools(found: Kept) -> list[Any]:
    tools: list[Any] = []
    if found.differences:
        tools.append(
            html.Button(
                "Colour the graph",
                className="tool",
                title="Colour each op by what became of it",
                **{"data-event": "colour-compared"},
            )
        )
    tools.append(
        html.A(
            "Save JSON",
            href=f"comparison/{found.file}",
            className="tool",
            title="The comparison as hexviz compare --json prints it",
            download="",
        )
    )
    return tools


def _difference(found: Kept, graph: TaggedGraph, at: int, one: Mapping[str, Any]) -> html.Li:
    own, others = found.ops(at), len(one["before"]) + len(one["after"])
    figures = f"{len(one['before']):,} → {len(one['after']):,} ops" if others else ""
    shown = bool(own) or one["module"] in graph.modules
    label = "Show in the graph" if own else "Show the module"
    return html.Li(
        [
            html.Div(
                [
                    html.Span(className=f"dot {one['kind']}"),
                    html.B(one["kind"]),
                    html.Span(figures, className="quiet"),
                ],
                className="finding-head",
            ),
            html.P(breaking(one["message"])),
            html.Button(
                label, className="tool", **{"data-event": "show-difference", "data-value": str(at)}
            )
            if shown and (own or one["module"])
            else None,
        ],
        className="finding difference" + ("" if one["arithmetic"] else " lesser"),
        **{"data-kind": one["kind"]},
    )


def _modules(rows: Sequence[Mapping[str, Any]], graph: TaggedGraph) -> list[Any]:
    """A table of the modules that differ, and a line on those that do not."""
    differing = [one for one in rows if one["same"] < max(one["before"], one["after"])]
    same = len(rows) - len(differing)
    differing.sort(key=lambda one: one["same"] - max(one["before"], one["after"]))
    heads = [_head("module", words=True), *(_head(name) for name in _FIGURES)]
    body = [_row(one, graph) for one in differing[:_MOST_MODULES]]
    parts: list[Any] = []
    if differing:
        table = html.Table(
            [html.Thead(html.Tr(heads)), html.Tbody(body)],
            className="figures-table sortable",
        )
        parts.append(
            html.Div(table, className="wide", tabIndex=0, role="group", **{"aria-label": "Modules"})
        )
    if len(differing) > _MOST_MODULES:
        more = len(differing) - _MOST_MODULES
        parts.append(html.P(f"and {more:,} more that differ less.", className="quiet"))
    if same:
        verb = "is" if same == 1 else "are"
        parts.append(html.P(f"{counted(same, 'module')} {verb} the same.", className="quiet"))
    return parts


def _head(name: str, *, words: bool = False) -> html.Th:
    return html.Th(
        html.Button(
            name, className="link sort", **{"data-event": "sort-column", "title": f"Sort by {name}"}
        ),
        className="" if words else "number",
        scope="col",
        **{"aria-sort": "none"},
    )


def _row(one: Mapping[str, Any], graph: TaggedGraph) -> html.Tr:
    return html.Tr(
        [
            html.Td(_module(one, graph)),
            *(html.Td(_figure(one[name]), className="number") for name in _FIGURES),
        ]
    )


def _figure(count: int) -> str:
    return f"{count:,}" if count else ""


def _module(one: Mapping[str, Any], graph: TaggedGraph) -> Any:
    names = (one["module"], one["module_after"])
    fqn = next((name for name in names if name is not None and name in graph.modules), None)
    label = one["module"] or "the model itself"
    if one["module_after"] not in (None, one["module"]):
        label = f"{label} → {one['module_after'] or 'the model itself'}"
    if fqn is None:
        return html.Span(label, className="breakable")
    return html.Button(
        label,
        className="link breakable",
        title=one["tag"],
        **{"data-event": "show-module", "data-value": fqn},
    )
