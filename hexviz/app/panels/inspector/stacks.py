"""What is said of a module that is one of several equal ones."""

from __future__ import annotations

from typing import Any

from dash import html

from hexviz.app.models.store import OpenModel
from hexviz.view.state import ViewState

__all__ = ["stack_note"]


def stack_note(model: OpenModel, view: ViewState, fqn: str) -> list[Any]:
    """For a module that is one of several equal ones: how many, and a way to see them all."""
    index = model.index(view.placement)
    key = index.box_of(fqn)
    around = next(
        (box for box in index.stacks.values() if key and key in (box.key, *box.members)), None
    )
    if around is None:
        return []
    apart = around.key in model.apart(view)
    label = "Show one for all" if apart else f"Show all {len(around.members)}"
    return [
        html.P(
            f"One of {len(around.members)} modules with the same structure, shapes included.",
            className="sentence",
        ),
        html.Button(label, className="tool", **{"data-event": "stack", "data-value": around.key}),
    ]
