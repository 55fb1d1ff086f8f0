"""The strips on the canvas that say what it shows beside the graph: a trace, a path, a what-if."""

from __future__ import annotations

from typing import Any

from dash import html

from hexviz.app.models.open_model import OpenModel
from hexviz.view.colouring import policy_of
from hexviz.view.state import ViewState
from hexviz.view.what_if import NAMES

__all__ = ["strips", "what_if_strip"]


def strips() -> html.Div:
    """All strips, empty: the browser fills in those of trace and path, the server the other."""
    return html.Div(
        className="strips",
        children=[
            html.Div(id="what-if", className="strip", role="status"),
            html.Div(
                id="trace",
                className="strip",
                hidden=True,
                role="status",
                children=[
                    html.Span(id="trace-note"),
                    html.Button("end", className="link", **{"data-event": "untrace"}),
                ],
            ),
            html.Div(
                id="path",
                className="strip",
                hidden=True,
                role="group",
                **{"aria-label": "Evidence, step by step"},
                children=[
                    html.Span(id="path-note", role="status"),
                    html.Span(
                        [
                            _arrow("previous-step", "‹", "Previous step (,)"),
                            _arrow("next-step", "›", "Next step (.)"),
                        ],
                        className="arrows",
                    ),
                ],
            ),
        ],
    )


def _arrow(name: str, label: str, title: str) -> html.Button:
    return html.Button(
        label,
        id=name,
        className="tool",
        title=title,
        **{"data-event": name, "aria-label": title},
    )


def what_if_strip(model: OpenModel, view: ViewState) -> list[Any]:
    """How many ops the policy that colours a view would move; nothing if none does."""
    policy = policy_of(view.colour)
    if policy is None:
        return []
    moved, name = model.what_if(policy).moved, NAMES[policy]
    count, total = sum(map(len, moved.values())), len(model.graph.ops)
    end = html.Button("end", className="link", **{"data-event": "colour", "data-value": "module"})
    if not count:
        return [html.Span(f"By {name}, none of {total:,} ops would move"), end]
    parts = ", ".join(f"{len(found):,} {where}" for where, found in moved.items() if found)
    return [
        html.Span(f"By {name}, {count:,} of {total:,} ops would move: {parts}"),
        html.Button(
            "Keep these tags",
            className="link",
            title="Move these ops as if by hand; it can be undone",
            **{"data-event": "keep-what-if", "data-value": policy},
        ),
        end,
    ]
