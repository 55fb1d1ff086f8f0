"""What an audit found, as the page lists it, and what a person has changed so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.inspector.accusations import suggestion, sureness
from hexviz.app.panels.parts import breaking, button, folded, op_link
from hexviz.app.protocol import PageState
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.tagging.finding import (
    KINDS,
    SEVERITIES,
    SURE_ENOUGH,
    Finding,
    accused_ops,
    takes_at_once,
)
from hexviz.tagging.recovery.rename import names_given
from hexviz.tagging.sentence import source_file

__all__ = ["audit_page", "edits_strip"]

_MOST = 200  # findings that are listed
_OPS = 12  # ops of a finding that are listed


def audit_page(graph: TaggedGraph, found: Sequence[Finding], key: str | None = None) -> list[Any]:
    """All findings, the worst first, each with a way to its ops.

    With the ``key`` of a model whose tags can be changed, each also offers its cure, if it has one.
    """
    counts = {one: sum(finding.severity == one for finding in found) for one in SEVERITIES}
    accused = len(accused_ops(found))
    parts: list[Any] = [
        html.Div(
            [
                html.H2("Audit"),
                *(
                    html.Button(
                        [html.Span(className=f"dot {one}"), counted(counts[one], one)],
                        className="entry",
                        **{
                            "data-event": "audit-filter",
                            "data-value": one,
                            "aria-pressed": "true",
                            "title": f"Show or hide what is of severity {one}",
                        },
                    )
                    for one in reversed(SEVERITIES)
                ),
                html.Span(
                    f"{accused:,} of {counted(len(graph.ops), 'op')} accused by warnings "
                    "and errors",
                    className="quiet",
                ),
                *(_accept_all(found, key) if key is not None else []),
            ],
            className="audit-head",
        )
    ]
    if not found:
        parts.append(html.P("Nothing to find fault with.", className="quiet"))
    parts.append(
        html.Ol(
            [_finding(graph, key, at, finding) for at, finding in enumerate(found[:_MOST])],
            className="plain findings",
        )
    )
    if len(found) > _MOST:
        parts.append(
            html.P(
                f"and {len(found) - _MOST:,} more: `hexviz audit` lists them all.",
                className="quiet",
            )
        )
    return parts


def _accept_all(found: Sequence[Finding], key: str) -> list[Any]:
    """A way to take all suggestions that are sure, and what it leaves; none for just one."""
    grave = [one for one in found if one.severity != "info"]
    taken = sum(map(takes_at_once, grave))
    unsure = sum(one.module is not None for one in grave) - taken
    silent = len(grave) - taken - unsure
    if taken + unsure <= 1:
        return []
    enough = f"{SURE_ENOUGH:.0%}"
    button = html.Button(
        f"Accept all {counted(taken, 'suggestion')} that {'is' if taken == 1 else 'are'} sure",
        className="tool",
        title=(
            "Move the ops of warnings and errors to where the audit suggests, if that is at least "
            f"{enough} sure"
        ),
        **{"data-event": "accept", "data-value": f"{key}:all"},
    )
    reasons = [f"{unsure:,} less than {enough} sure"] * bool(unsure)
    reasons += [f"{silent:,} without a suggestion"] * bool(silent)
    left = f"leaves {counted(unsure + silent, 'finding')}" if taken else "nothing is sure"
    note = html.Span(f"{left}: {', '.join(reasons)}", className="quiet")
    return [button] * bool(taken) + [note] * bool(reasons)


def _finding(graph: TaggedGraph, key: str | None, at: int, finding: Finding) -> html.Li:
    tools: list[Any] = []
    if finding.ops and finding.module is not None and key is not None:
        target = graph.modules[finding.module]
        tools.append(
            button(
                f"Move {counted(len(finding.ops), 'op')} to {target.label}",
                "accept",
                f"{key}:{at}",
                title=f"Move to {target.tag}",
                strong=finding.severity != "info",
            )
        )
    if finding.ops:
        tools.append(button("Show in the graph", "goto", finding.ops[0]))
    elif finding.module is not None:
        tools.append(button("Show in the graph", "show-module", finding.module))
    return html.Li(
        [
            html.Div(
                [
                    html.Span(className=f"dot {finding.severity}", title=finding.severity),
                    html.Span(
                        f"{finding.severity} · {finding.kind} · {sureness(finding)}",
                        className="quiet",
                        title=KINDS[finding.kind],
                    ),
                ],
                className="finding-head",
            ),
            html.P(breaking(finding.message), className="finding-message"),
            _ops(graph, finding.ops),
            html.P(suggestion(finding), className="suggestion"),
            folded(
                "What speaks for that",
                "finding",
                html.Ul([html.Li(breaking(one)) for one in finding.details]),
            )
            if finding.details
            else None,
            html.Div(tools, className="tool-row") if tools else None,
        ],
        className="finding",
        **{"data-severity": finding.severity},
    )


def _ops(graph: TaggedGraph, ops: Sequence[str]) -> html.Element | None:
    """The first op of a finding, and the others folded below it."""
    if not ops:
        return None
    first = html.Div(op_link(graph, ops[0], event="goto"), className="finding-op")
    if len(ops) == 1:
        return first
    listed: list[Any] = [html.Li(op_link(graph, op, event="goto")) for op in ops[1:_OPS]]
    if len(ops) > _OPS:
        listed.append(html.Li(f"and {len(ops) - _OPS:,} more", className="quiet"))
    more = counted(len(ops) - 1, "other op")
    return html.Div([first, folded(f"and {more}", "finding-ops", html.Ul(listed))])


def edits_strip(model: OpenModel, state: PageState) -> list[Any]:
    """What a person has changed, with undo, redo and ways to save it; nothing if nothing is."""
    if model.edit is None and not state.redo:
        return []
    count = len(model.edit.overrides) if model.edit else 0
    source = source_file(model.graph) if model.edit and model.edit.tags else ""
    renamed = len(names_given(model.graph)) if model.edit and model.edit.renames else 0
    bare = model.edit is not None and model.edit.bare
    summary = [f"tags from {source}"] * bool(source)
    summary += ["blocks left out"] * bare
    summary += [f"{counted(renamed, 'block')} renamed"] * bool(renamed)
    summary += [f"{counted(count, 'tag')} changed"] * bool(count or not (source or renamed or bare))
    parts: list[Any] = [
        html.Span(", ".join(summary)),
        _tool("Undo", "undo", "Undo the last change (z)", disabled=model.edit is None),
        _tool("Redo", "redo", "Redo it (y)", disabled=not state.redo),
    ]
    if count or source or renamed or bare:
        if model.graph.has_external_data:
            again = "--from" if source else "the overrides"
            note = f"its weights are in other files: run hexviz tag with {again}"
            parts.append(html.Span("no .onnx to save", className="quiet", title=note))
        else:
            parts.append(
                html.A(
                    "Save .onnx",
                    href=f"model/{model.key}.onnx",
                    className="tool",
                    title="Save the model with these tags",
                    download="",
                )
            )
    if count or renamed:
        parts.append(
            html.A(
                "Save overrides",
                href=f"overrides/{model.key}.json",
                className="tool",
                title="Save just the changes, for hexviz tag --overrides",
                download="",
            )
        )
    return parts


def _tool(label: str, event: str, title: str, *, disabled: bool) -> html.Button:
    return html.Button(
        label, className="tool", title=title, disabled=disabled, **{"data-event": event}
    )
