"""What the audit says of an op, first of all that the inspector says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hexviz.app import html
from hexviz.app.panels.parts import breaking, button, folded
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.tagging.finding import Finding

__all__ = ["accusations", "suggestion", "sureness"]

_TITLES = {"error": "Error", "warning": "Warning", "info": "Worth knowing"}


def accusations(
    graph: TaggedGraph, findings: Iterable[tuple[int, Finding]], key: str | None = None
) -> list[html.Section]:
    """A box for each finding about an op, given with its number in the audit.

    With the ``key`` of a model whose tags can be changed, each offers its cure, if it has one.
    """
    return [_accusation(graph, at, finding, key) for at, finding in findings]


def _accusation(graph: TaggedGraph, at: int, finding: Finding, key: str | None) -> html.Section:
    tools: list[Any] = []
    if key is not None and finding.module is not None:
        target = graph.modules[finding.module]
        ops = "Move it" if len(finding.ops) == 1 else f"Move {counted(len(finding.ops), 'op')}"
        tools.append(
            button(
                f"{ops} to {target.label}",
                "accept",
                f"{key}:{at}",
                title=f"Move to {target.tag}",
                strong=finding.severity != "info",
            )
        )
    tools.append(button("All findings", "tab", "audit", title="Show the audit"))
    return html.Section(
        [
            html.Div(
                [
                    html.Span(className=f"dot {finding.severity}"),
                    html.B(_TITLES[finding.severity]),
                    html.Span(sureness(finding), className="quiet"),
                ],
                className="finding-head",
            ),
            html.P(breaking(finding.message), className="finding-message"),
            html.P(suggestion(finding), className="quiet") if finding.suggestion else None,
            folded(
                "What speaks for that",
                "finding",
                html.Ul([html.Li(breaking(one)) for one in finding.details]),
            )
            if finding.details
            else None,
            html.Div(tools, className="tool-row"),
        ],
        className=f"accusation {finding.severity}",
        **{"aria-label": "What the audit says"},
    )


def sureness(finding: Finding) -> str:
    """How likely a finding is right, in words."""
    return f"{finding.sureness:.0%} sure" if finding.sureness < 1 else "certain"


def suggestion(finding: Finding) -> list[Any]:
    """What a finding suggests, and how likely the module that it names is the right one."""
    said: list[Any] = breaking(finding.suggestion)
    if finding.suggestion_sureness is None:
        return said
    return [*said, f" ({finding.suggestion_sureness:.0%} sure)"]
