"""What the parts of the filter's panel are made of: the field for names, and buttons."""

from __future__ import annotations

from typing import Any

from dash import html

__all__ = ["button", "field"]


def field() -> html.Div:
    """Where modules are named; it is put on the page once, so that what is typed stays."""
    # Dash's own input is a component of React; all this has to do is hold a text.
    text: Any = {
        "type": "input",
        "props": {
            "id": "keep-field",
            "placeholder": "name, tag or pattern: encoder.*",
            "aria-label": "Add modules by name, tag or pattern; with a minus, take them out",
            "title": "A module's name or tag, or a pattern of either; with a minus, without it",
            "autocomplete": "off",
            "spellcheck": "false",
        },
    }
    return html.Div([text, button("Add", "keep-named")], className="move keep")


def button(
    label: str,
    event: str,
    value: str | None = None,
    *,
    title: str = "",
    disabled: bool = False,
    strong: bool = False,
) -> html.Button:
    """A button that sends an event, or does what the browser can do by itself."""
    return html.Button(
        label,
        className="tool strong" if strong else "tool",
        disabled=disabled,
        **({"title": title} if title else {}),
        **{"data-event": event},
        **({"data-value": value} if value is not None else {}),
    )
