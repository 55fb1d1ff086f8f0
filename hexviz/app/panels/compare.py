"""What a comparison found, as the page lists it: a line, differences by module, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.models.comparison import Kept
from hexviz.app.panels.parts import breaking
from hexviz.matching.comparison import KINDS
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["invitation", "tell"]

_MOST = 200
"""Differences that are listed."""

_MOST_MODULES = 400
"""Modules that are listed, those first of which most ops differ."""

_NO_PLACE = "no op: no place in the graph"

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


def tell(found: Kept, graph: TaggedGraph, names: Mapping[str, str]) -> list[Any]:
    """A comparison of the open model ``graph`` with another one; both are called by ``names``."""
    document = found.document
    parts: list[Any] = [
        html.H3(f"{names['before']} → {names['after']}", className="compare-files"),
        html.P(document["message"], className="compare-message", role="status"),
    ]
    if not found.is_related:
        return parts
    parts.append(html.P(_whose_tags(document, names), className="quiet"))
    if found.differences:
        parts += [_going(), _kinds(found), *_groups(found)]
        if len(found.differences) > _MOST:
            more = len(found.differences) - _MOST
            parts.append(html.P(f"and {more:,} more: the JSON has all.", className="quiet"))
    parts += [html.Div(_tools(found), className="tool-row"), *_modules(document["modules"], graph)]
    return parts


def _going() -> html.Div:
    """From difference to difference; the browser says which one it is."""
    return html.Div(
        [
            html.Span("Differences", className="differences-title"),
            html.Span(id="difference-at", className="quiet", role="status"),
            html.Button(
                "‹",
                className="tool",
                title="Previous difference (N)",
                **{"data-event": "previous-difference", "aria-label": "Previous difference"},
            ),
            html.Button(
                "›",
                className="tool",
                title="Next difference (n)",
                **{"data-event": "next-difference", "aria-label": "Next difference"},
            ),
        ],
        className="differences-head",
    )


def _kinds(found: Kept) -> html.Div:
    """A button for each kind, which leaves its differences out of the list."""
    counts = Counter(one["kind"] for one in found.differences[:_MOST])
    return html.Div(
        [
            html.Button(
                [html.Span(className=f"dot {kind}"), f"{kind} ", html.Span(str(counts[kind]))],
                className="tool kind",
                title=f"Leave out of the list what is {kind}, or list it again",
                **{
                    "data-event": "filter-differences",
                    "data-value": kind,
                    "aria-pressed": "true",
                },
            )
            for kind in KINDS
            if counts[kind]
        ],
        className="kinds",
        role="group",
        **{"aria-label": "Kinds of differences that are listed"},
    )


def _groups(found: Kept) -> list[html.Details]:
    """The differences by module, each module where its first difference stands."""
    by_module: dict[str, list[int]] = {}
    for at, one in enumerate(found.differences[:_MOST]):
        by_module.setdefault(one["module"], []).append(at)
    return [
        html.Details(
            [
                html.Summary(
                    [
                        html.Span(module or "the model itself", className="breakable"),
                        html.Span(str(len(numbers)), className="quiet tally"),
                    ]
                ),
                html.Ol(
                    [_difference(at, found.differences[at]) for at in numbers],
                    className="plain differences",
                ),
            ],
            open=True,
            className="difference-group",
        )
        for module, numbers in by_module.items()
    ]


def _whose_tags(document: Mapping[str, Any], names: Mapping[str, str]) -> str:
    tags = {side: document[side]["tags"] for side in ("before", "after")}
    opsets = " → ".join(str(document[side]["opset"]) for side in ("before", "after"))
    if set(tags.values()) == {"own"}:
        return f"Opset {opsets}. Each graph has tags of its own."
    side = "before" if tags["before"] == "own" else "after"
    return f"Opset {opsets}. Modules are those of {names[side]}."


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


def _difference(at: int, one: Mapping[str, Any]) -> html.Li:
    has_ops = bool(one["before"] or one["after"])
    figures = f"{len(one['before']):,} → {len(one['after']):,} ops"
    return html.Li(
        html.Button(
            [
                html.Span(
                    [
                        html.Span(className=f"dot {one['kind']}"),
                        html.B(one["kind"]),
                        html.Span(figures if has_ops else _NO_PLACE, className="quiet"),
                    ],
                    className="finding-head",
                ),
                html.Span(breaking(one["message"]), className="difference-message"),
            ],
            className="difference" + ("" if one["arithmetic"] else " lesser"),
            title="Show it in both graphs" if has_ops else "Nothing is marked: it is of no op",
            **{"data-event": "show-difference", "data-value": str(at)},
        ),
        **{"data-kind": one["kind"]},
    )


def _modules(rows: Sequence[Mapping[str, Any]], graph: TaggedGraph) -> list[Any]:
    """A table of the modules that differ, and a line on those that do not."""
    differing = [one for one in rows if one["same"] < max(one["before"], one["after"])]
    same = len(rows) - len(differing)
    differing.sort(key=lambda one: one["same"] - max(one["before"], one["after"]))
    heads = [_head("module", words=True), *(_head(name) for name in _FIGURES)]
    body = [_row(one, graph) for one in differing[:_MOST_MODULES]]
    parts: list[Any] = [html.Summary("Modules in figures")]
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
    return [html.Details(parts, className="modules-in-figures")]


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
