"""The page's fixed parts: bar, module tree, graph, inspector. No model is needed to build it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
import dash_cytoscape as cyto
import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.view.legend import Legend
from hexviz.view.stylesheet import stylesheet

__all__ = ["MAX_UPLOAD", "page"]

MAX_UPLOAD = 256 * 1024 * 1024
"""Largest upload in bytes; larger files are opened with ``hexviz view FILE``."""

_ORIGINS = {
    "declared": "recorded by the exporter, or said by names (solid border)",
    "inherited": "concluded from the ops around it (dashed border)",
    "fallback": "nothing is known: the root (dotted border)",
    "manual": "set by a person (double border)",
}

_COLUMNS = [
    {"field": "id", "headerName": "op", "flex": 2, "minWidth": 140},
    {"field": "op_type", "headerName": "type", "flex": 1, "minWidth": 110},
    {"field": "tag", "headerName": "module", "flex": 4, "minWidth": 240},
    {"field": "origin", "headerName": "origin", "flex": 1, "minWidth": 95},
    {"field": "rule", "headerName": "rule", "flex": 1, "minWidth": 95},
    {
        "field": "confidence",
        "headerName": "confidence",
        "flex": 1,
        "minWidth": 95,
        "filter": "agNumberColumnFilter",
    },
    {"field": "auxiliary", "headerName": "auxiliary", "flex": 1, "minWidth": 120},
    {"field": "context", "headerName": "serves", "flex": 4, "minWidth": 240},
]


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
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="view"),
            dcc.Store(id="selection", data={}),
            dcc.Store(id="highlight"),
            dcc.Store(id="event"),
            dcc.Store(id="theme", storage_type="local"),
            dcc.Store(id="address-shown"),
            dcc.Store(id="model"),
            dcc.Store(id="controls"),
            dcc.Store(id="answer"),
            dcc.Store(id="exported"),
            dmc.NotificationContainer(id="notices", position="bottom-right"),
            html.Div(
                className="page",
                children=[_bar(), _modules(), _middle(), _inspector(), _opener(samples)],
            ),
        ],
    )


def _bar() -> html.Header:
    return html.Header(
        className="bar",
        children=[
            html.Div([html.Span(className="mark"), html.Span("hexviz")], className="brand"),
            html.Div(id="model-title", className="model-title"),
            html.Div(id="model-figures", className="figures"),
            html.Div(className="spacer"),
            dmc.Button("Open…", id="open-dialog", size="compact-sm", variant="light"),
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
                placeholder="Search ops and modules",
                size="sm",
                debounce=120,
                rightSection=dmc.Kbd("/", size="xs"),
                **{"aria-label": "Search ops and modules"},
            ),
            html.Div(id="hits", className="hits", role="listbox"),
            html.Div(
                className="left-title",
                children=[
                    html.Span("Modules"),
                    html.Span(id="filter-note", className="quiet"),
                    html.Button(
                        "show all",
                        id="show-all",
                        className="link",
                        hidden=True,
                        **{"data-event": "show-all"},
                    ),
                ],
            ),
            html.Div(
                className="tree",
                children=dmc.Tree(
                    id="tree",
                    data=[],
                    expanded=[""],
                    checked=[],
                    checkboxes=True,
                    expandOnClick=False,
                    expandOnSpace=False,
                    checkOnSpace=True,
                    levelOffset=16,
                ),
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
                        ],
                    ),
                    html.Div(className="spacer"),
                    html.Span("Auxiliary ops", className="quiet", id="placement-label"),
                    dmc.SegmentedControl(
                        id="placement",
                        value="module",
                        size="xs",
                        data=[
                            {"value": "module", "label": "where they ran"},
                            {"value": "context", "label": "what they serve"},
                        ],
                    ),
                    _tool(
                        "open-level",
                        "Open a level",
                        "Open every module that is in sight",
                        **{"data-event": "open-level"},
                    ),
                    _tool(
                        "close-all",
                        "Close all",
                        "Close every module",
                        **{"data-event": "close-all"},
                    ),
                    _tool("fit", "Fit", "Fit the graph into the window (f)"),
                ],
            ),
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
                                boxSelectionEnabled=False,
                                autoungrabify=True,
                                minZoom=0.02,
                                maxZoom=2,
                                wheelSensitivity=0.2,
                                style={"width": "100%", "height": "100%"},
                            ),
                            html.Div("Open a model to begin.", id="empty", className="empty"),
                        ],
                    ),
                    html.Div(id="legend", className="legend"),
                ],
            ),
            html.Div(
                id="ops-pane",
                className="pane",
                hidden=True,
                children=dag.AgGrid(
                    id="ops",
                    columnDefs=_COLUMNS,
                    rowData=[],
                    getRowId="params.data.id",
                    defaultColDef={"sortable": True, "filter": True, "resizable": True},
                    dashGridOptions={
                        "rowSelection": {
                            "mode": "singleRow",
                            "checkboxes": False,
                            "enableClickSelection": True,
                        },
                        "animateRows": False,
                        "rowHeight": 30,
                        "headerHeight": 34,
                        "theme": {"function": "themeQuartz"},
                    },
                    style={"height": "100%", "width": "100%"},
                ),
            ),
        ],
    )


def _tool(name: str, label: str, title: str, **data: str) -> html.Button:
    return html.Button(label, id=name, className="tool", title=title, **data)


def _inspector() -> html.Aside:
    return html.Aside(id="inspector", className="right", tabIndex=0, **{"aria-label": "Inspector"})


def _opener(samples: Mapping[str, str]) -> dmc.Modal:
    return dmc.Modal(
        id="opener",
        title="Open a model",
        opened=False,
        size="lg",
        closeButtonProps={"aria-label": "Close"},
        children=[
            html.Div(
                id="upload-box",
                **{"data-most": str(MAX_UPLOAD)},
                children=dcc.Upload(
                    id="upload",
                    className="upload",
                    accept=".onnx",
                    max_size=MAX_UPLOAD,
                    children=html.Div(
                        [
                            html.B("Choose an .onnx file"),
                            " or drop it here",
                            html.Div(
                                f"up to {MAX_UPLOAD // 1024**2} MB; for larger ones run "
                                "hexviz view FILE",
                                className="quiet",
                            ),
                        ]
                    ),
                ),
            ),
            html.Div("or export a sample model", className="or"),
            html.Fieldset(
                id="samples",
                className="samples",
                children=[
                    html.Button(
                        [html.B(name), html.Span(description)],
                        id={"sample": name},
                        className="sample",
                    )
                    for name, description in samples.items()
                ],
            ),
            dmc.Switch(
                id="optimize",
                checked=False,
                size="sm",
                mt="sm",
                label="Let the exporter optimise (fewer auxiliary ops)",
            ),
            html.Div(
                id="job",
                className="job",
                hidden=True,
                children=[
                    html.Div(
                        [
                            html.Span(id="job-stage"),
                            html.Button("Cancel", id="cancel", className="link"),
                        ],
                        className="job-line",
                    ),
                    dmc.Progress(
                        id="job-bar",
                        value=0,
                        animated=True,
                        size="sm",
                        **{"aria-label": "Progress of the export"},
                    ),
                ],
            ),
            html.Div(id="job-outcome"),
        ],
    )


def origin_legend(legend: Legend) -> list[Any]:
    """How the border of an op tells its origin, for the origins in sight."""
    return [
        html.Span(
            [html.Span(className=f"swatch origin-{origin}"), origin],
            title=_ORIGINS[origin],
            className="entry",
        )
        for origin, _border in legend.origins
    ]
