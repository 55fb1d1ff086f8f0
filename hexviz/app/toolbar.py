"""The line above the graph: tabs, tools, and the menu of what else there is."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.app.guard.limits import MAX_TRACE
from hexviz.measure.table import FIGURES
from hexviz.view.modes import COLOURED, COLOURINGS, policy_of
from hexviz.view.what_if import NAMES

__all__ = ["tool", "toolbar"]

_COLOURS = {
    "module": "by module",
    "origin": "by origin",
    "rule": "by rule",
    "confidence": "by confidence",
    "finding": "by finding",
    "category": "by category",
    "dtype": "by dtype",
    "numbers": "by numbers",
    "compared": "by change",
}


def toolbar() -> html.Div:
    """The line above the panes. What does not fit stands in the menu: see assets/toolbar.js."""
    return html.Div(
        className="tools",
        children=[
            html.Div(
                className="tools-line",
                children=[
                    dmc.SegmentedControl(
                        id="tab",
                        value="graph",
                        size="xs",
                        data=[
                            {"value": "graph", "label": "Graph"},
                            {"value": "ops", "label": "Ops"},
                            {
                                "value": "audit",
                                # The browser says how much was found.
                                "label": html.Span(
                                    [
                                        "Audit",
                                        html.Span(id="audit-count", className="count-badge"),
                                    ]
                                ),
                            },
                            {"value": "measure", "label": "Measure"},
                            {"value": "extract", "label": "Extract"},
                            {"value": "compare", "label": "Compare"},
                        ],
                    ),
                    _foldable(
                        2,
                        tool("back", "‹", "Back to what was looked at before", "back"),
                        tool("forward", "›", "Forward again", "forward"),
                    ),
                    html.Div(className="spacer"),
                    _foldable(
                        4,
                        dmc.Select(
                            id="colour",
                            value="module",
                            size="xs",
                            w=132,
                            className="colour",
                            allowDeselect=False,
                            rightSectionWidth=20,
                            maxDropdownHeight=400,
                            comboboxProps={"width": 170, "position": "bottom-start"},
                            data=_colours(),
                            **{"aria-label": "Colour by"},
                        ),
                        of_graph=True,
                    ),
                    # Opened from the menu, or by choosing numbers before there are any.
                    dcc.Upload(
                        id="numbers", className="numbers", accept=".json,.csv", max_size=MAX_TRACE
                    ),
                    _foldable(
                        1,
                        dmc.SegmentedControl(
                            id="placement",
                            value="module",
                            size="xs",
                            data=[
                                {"value": "module", "label": "where they ran"},
                                {
                                    "value": "context",
                                    # The browser says how many that moves.
                                    "label": html.Span(
                                        [
                                            "where they are used",
                                            html.Span(id="moved-count", className="moved-count"),
                                        ]
                                    ),
                                },
                            ],
                            **{"aria-label": "Auxiliary ops stand"},
                        ),
                        title="Auxiliary ops",
                        of_graph=True,
                    ),
                    _foldable(
                        3,
                        tool("open-level", "Open", "Open every box in sight", "open-level"),
                        tool("close-all", "Close", "Close all boxes", "close-all"),
                        of_graph=True,
                    ),
                    _foldable(
                        5,
                        tool("fit", "Fit", "Fit everything into the window (f)", "fit"),
                        of_graph=True,
                    ),
                ],
            ),
            html.Button(
                "⋯",
                id="more",
                className="tool",
                title="More: link, pictures, keys",
                **{
                    "data-event": "more",
                    "aria-label": "More",
                    "aria-haspopup": "true",
                    "aria-expanded": "false",
                    "aria-controls": "more-menu",
                },
            ),
            html.Div(
                id="more-menu",
                className="menu",
                hidden=True,
                children=[
                    html.Div(id="more-tools", className="more-tools", hidden=True),
                    html.Div(
                        role="menu",
                        **{"aria-label": "More"},
                        children=[
                            _entry("start-tour", "Tour of this model (t)"),
                            _entry("copy-link", "Copy link to this view"),
                            _entry("save-png", "Save picture (PNG)"),
                            _entry("save-svg", "Save picture (SVG)"),
                            _entry("save-graph", "Save for Model Explorer (JSON)", "json"),
                            _entry("save-graph", "Save graph (GraphML)", "graphml"),
                            _entry("save-graph", "Save table of ops (CSV)", "csv"),
                            _entry("choose-numbers", "Colour by numbers from a file…"),
                            _entry("show-timings", "Performance…"),
                            _entry("show-keys", "Keys (?)"),
                        ],
                    ),
                ],
            ),
        ],
    )


def _foldable(turn: int, *tools: Any, title: str = "", of_graph: bool = False) -> html.Div:
    """Tools that stand in the menu where the line is short: the lowest ``turn`` goes first.

    In the menu they have a ``title``; with ``of_graph``, they are there for the graph alone.
    """
    name = [html.Span(title, className="foldable-title quiet")] if title else []
    kind = "foldable of-graph" if of_graph else "foldable"
    return html.Div([*name, *tools], className=kind, **{"data-turn": str(turn)})


def _colours() -> list[dict[str, Any]]:
    """What there is to colour by, as the menu lists it; the what-ifs under a title of their own."""
    asked = [(mode, policy) for mode in COLOURINGS if (policy := policy_of(mode)) is not None]
    return [
        *({"value": mode, "label": label} for mode, label in _COLOURS.items()),
        {
            "group": "Measured",
            "items": [{"value": one, "label": f"by {FIGURES[one].title}"} for one in COLOURED],
        },
        {
            "group": "What if",
            "items": [{"value": mode, "label": NAMES[policy]} for mode, policy in asked],
        },
    ]


def tool(name: str, label: str, title: str, event: str) -> html.Button:
    """A button, by its id, with a ``title`` that says what it does and an event or action."""
    return html.Button(
        label, id=name, className="tool", title=title, **{"data-event": event, "aria-label": title}
    )


def _entry(event: str, label: str, value: str | None = None) -> html.Button:
    said = {"data-event": event} | ({} if value is None else {"data-value": value})
    return html.Button(label, role="menuitem", className="menu-entry", **said)
