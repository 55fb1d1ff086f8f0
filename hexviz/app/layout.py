"""The page's fixed parts: bar, module tree, graph, inspector. No model is needed to build it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import dash_cytoscape as cyto
import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.app.dialogs import file_field, job_line, keys, opener, timings, upload_field
from hexviz.app.guard.limits import MAX_NUMBERS, MAX_UPLOAD
from hexviz.app.panels.table import grid
from hexviz.view.colouring import COLOURINGS, policy_of
from hexviz.view.palette import Theme
from hexviz.view.stylesheet import CANVAS, stylesheet
from hexviz.view.what_if import NAMES

__all__ = ["page"]

_COLOURS = {
    "module": "by module",
    "origin": "by origin",
    "rule": "by rule",
    "confidence": "by confidence",
    "category": "by category",
    "dtype": "by dtype",
    "numbers": "by numbers",
    "compared": "by change",
}


def page(samples: Mapping[str, str]) -> dmc.MantineProvider:
    """The whole page; ``samples`` maps a sample's name to its description."""
    return dmc.MantineProvider(
        id="theme-provider",
        forceColorScheme="light",
        theme={
            "primaryColor": "indigo",
            "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
            "defaultRadius": "sm",
        },
        children=[
            dcc.Store(id="theme", storage_type="local"),
            dcc.Store(id="model"),
            dcc.Store(id="exported"),
            dcc.Store(id="uploaded"),
            dcc.Store(id="tags-wanted"),
            dcc.Store(id="tags-made"),
            dcc.Store(id="numbers-read"),
            dcc.Store(id="grid", data=grid().to_plotly_json()),
            dcc.Store(id="grid-wanted"),
            dcc.Store(id="part-wanted"),
            dcc.Store(id="part-made"),
            dcc.Store(id="compare-chosen"),
            dcc.Store(id="compare-wanted"),
            dcc.Store(id="compare-made"),
            dcc.Store(id="stylesheets", data={one: stylesheet(one) for one in get_args(Theme)}),
            dmc.NotificationContainer(id="notices", position="bottom-right"),
            html.Div(
                className="page",
                children=[
                    _bar(),
                    _modules(),
                    _middle(),
                    _inspector(),
                    _extract(),
                    opener(samples),
                    keys(),
                    timings(),
                ],
            ),
        ],
    )


def _bar() -> html.Header:
    return html.Header(
        className="bar",
        children=[
            html.H1([html.Span(className="mark"), html.Span("hexviz")], className="brand"),
            html.Div(id="model-title", className="model-title"),
            html.Div(id="model-figures", className="figures"),
            html.Div(className="spacer"),
            html.Button(
                "Open…", id="open-dialog", className="tool", **{"data-event": "open-dialog"}
            ),
            dmc.Button(
                "◐",
                id="theme-toggle",
                size="compact-sm",
                variant="subtle",
                color="gray",
                className="theme-toggle",
                **{"aria-label": "Switch between light and dark"},
            ),
        ],
    )


def _modules() -> html.Nav:
    return html.Nav(
        className="left",
        **{"aria-label": "Modules"},
        children=[
            dmc.TextInput(
                id="search",
                placeholder="Search, or type:MatMul tag:…",
                size="sm",
                debounce=120,
                rightSection=dmc.Kbd("/", size="xs"),
                **{"aria-label": "Search ops and modules"},
            ),
            html.Div(
                id="hits",
                className="hits",
                role="region",
                **{"aria-label": "What the search found"},
            ),
            html.Div(
                className="left-title",
                children=[
                    html.Span("Modules"),
                    html.Div(id="filter-note", className="quiet filter-note", role="status"),
                ],
            ),
            html.Div(
                id="tree", className="tree", role="tree", **{"aria-label": "Modules in the graph"}
            ),
        ],
    )


def _middle() -> html.Main:
    return html.Main(
        className="middle",
        children=[
            html.Div(
                className="tools",
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
                                        html.Span(
                                            id="audit-count", className="count-badge", hidden=True
                                        ),
                                    ]
                                ),
                            },
                            {"value": "extract", "label": "Extract"},
                            {"value": "compare", "label": "Compare"},
                        ],
                    ),
                    _tool("back", "‹", "Back to what was looked at before ([)", "back"),
                    _tool("forward", "›", "Forward again (])", "forward"),
                    html.Div(className="spacer"),
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
                    # Opened from the menu, or by choosing numbers before there are any.
                    dcc.Upload(
                        id="numbers", className="numbers", accept=".json,.csv", max_size=MAX_NUMBERS
                    ),
                    dmc.SegmentedControl(
                        id="placement",
                        value="module",
                        size="xs",
                        data=[
                            {"value": "module", "label": "where they ran"},
                            {"value": "context", "label": "what they serve"},
                        ],
                        **{"aria-label": "Auxiliary ops stand"},
                    ),
                    _tool("open-level", "Open", "Open every box in sight", "open-level"),
                    _tool("close-all", "Close", "Close all boxes", "close-all"),
                    _tool("fit", "Fit", "Fit everything into the window (f)", "fit"),
                    dmc.Menu(
                        [
                            # What opens is said of the wrapper, so that is the button.
                            dmc.MenuTarget(
                                html.Span("⋯", id="more", title="Link, pictures, keys"),
                                boxWrapperProps={
                                    "className": "tool",
                                    "role": "button",
                                    "tabIndex": 0,
                                    "aria-label": "More",
                                },
                            ),
                            dmc.MenuDropdown(
                                [
                                    _entry("start-tour", "Tour of this model (t)"),
                                    _entry("copy-link", "Copy link to this view"),
                                    _entry("save-png", "Save picture (PNG)"),
                                    _entry("save-svg", "Save picture (SVG)"),
                                    _entry("choose-numbers", "Colour by numbers from a file…"),
                                    _entry("show-timings", "Performance…"),
                                    _entry("show-keys", "Keys (?)"),
                                ]
                            ),
                        ],
                        position="bottom-end",
                    ),
                ],
            ),
            # Below the tools, whichever lines these take.
            html.Div(html.Div(id="edits", className="edits", role="status"), className="below"),
            html.Div(
                id="graph-pane",
                className="pane",
                children=[
                    html.Div(
                        className="canvas",
                        children=[
                            cyto.Cytoscape(
                                id="graph",
                                elements=[],
                                layout={"name": "preset", "fit": False, "animate": False},
                                stylesheet=stylesheet("light"),
                                autoRefreshLayout=False,
                                responsive=False,
                                **CANVAS,
                                style={"width": "100%", "height": "100%"},
                            ),
                            html.Div("Open a model to begin.", id="empty", className="empty"),
                            html.Div(id="badges", className="badges", **{"aria-hidden": "true"}),
                            _strips(),
                            html.Canvas(id="minimap", className="minimap", hidden=True),
                            html.Aside(
                                id="tour", className="tour", **{"aria-label": "Guided tour"}
                            ),
                        ],
                    ),
                    html.Div(id="legend", className="legend"),
                ],
            ),
            html.Div(
                id="ops-pane",
                className="pane",
                hidden=True,
            ),
            html.Div(
                "Looking for mistakes…",
                id="audit-pane",
                className="pane audit",
                hidden=True,
                tabIndex=0,
                role="region",
                **{"aria-label": "What the audit found"},
            ),
            _comparison(),
        ],
    )


def _colours() -> list[dict[str, Any]]:
    """What there is to colour by, as the menu lists it; the what-ifs under a title of their own."""
    asked = [(mode, policy) for mode in COLOURINGS if (policy := policy_of(mode)) is not None]
    return [
        *({"value": mode, "label": label} for mode, label in _COLOURS.items()),
        {
            "group": "What if",
            "items": [{"value": mode, "label": NAMES[policy]} for mode, policy in asked],
        },
    ]


def _tool(name: str, label: str, title: str, event: str) -> html.Button:
    return html.Button(
        label, id=name, className="tool", title=title, **{"data-event": event, "aria-label": title}
    )


def _entry(event: str, label: str) -> dmc.MenuItem:
    return dmc.MenuItem(html.Div(label, **{"data-event": event}))


def _inspector() -> html.Aside:
    return html.Aside(id="inspector", className="right", tabIndex=0, **{"aria-label": "Inspector"})


def _strips() -> html.Div:
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
                            _tool("previous-step", "‹", "Previous step (,)", "previous-step"),
                            _tool("next-step", "›", "Next step (.)", "next-step"),
                        ],
                        className="arrows",
                    ),
                ],
            ),
        ],
    )


def _extract() -> html.Aside:
    """The panel's fixed parts: it stands where the inspector does, while extracting."""
    parts: list[Any] = [
        html.Div(
            id="extract-tree",
            className="tree picks",
            role="tree",
            **{"aria-label": "Modules to extract", "aria-multiselectable": "true"},
        ),
        html.Div(id="extract-field"),
        html.Div(id="extract-now"),
        job_line("part", "Progress of the job"),
        html.Div(id="verdict", role="status"),
        html.Div(id="extract-hints"),
        html.Div(id="extract-border"),
    ]
    return html.Aside(
        [html.H2("Extract"), *parts],
        id="extract-panel",
        className="right",
        tabIndex=0,
        hidden=True,
        **{"aria-label": "Extract"},
    )


def _comparison() -> html.Div:
    """Where the other graph is chosen, and room for what is found."""
    return html.Div(
        id="compare-pane",
        className="pane compare",
        hidden=True,
        tabIndex=0,
        role="region",
        **{"aria-label": "Comparison with another graph"},
        children=[
            html.Div(
                id="compare-box",
                className="compare-box",
                role="group",
                **{"data-most": str(MAX_UPLOAD), "aria-label": "The other graph"},
                children=[
                    upload_field(
                        "compare-upload",
                        html.B("Choose another .onnx file"),
                        " of this model to compare it with, or drop it here",
                    ),
                    file_field(
                        "compare-files",
                        "Models in this server's folders to compare with",
                        size="xs",
                    ),
                    html.Div(
                        className="compare-role",
                        children=[
                            html.Span("The other graph came", className="quiet"),
                            dmc.SegmentedControl(
                                id="compare-role",
                                value="after",
                                size="xs",
                                data=[
                                    {"value": "after", "label": "after this one"},
                                    {"value": "before", "label": "before it"},
                                ],
                                **{"aria-label": "The other graph came"},
                            ),
                        ],
                    ),
                ],
            ),
            job_line("compare", "Progress of the comparison"),
            html.Div(id="compare-content"),
        ],
    )
