"""The page's fixed parts: bar, module tree, graph, inspector. No model is needed to build it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.app.dialogs import (
    file_field,
    job_line,
    keys,
    opener,
    plotly_script,
    script_of,
    timings,
    upload_field,
)
from hexviz.app.grids import module_grid, op_grid
from hexviz.app.guard.limits import MAX_NUMBERS, MAX_TRACE, MAX_UPLOAD
from hexviz.app.toolbar import tool, toolbar

__all__ = ["page"]


def page(
    samples: Mapping[str, str], lacking: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> dmc.MantineProvider:
    """The whole page; ``samples`` maps a sample's name to its description.

    ``lacking`` maps those that cannot be exported to the packages that are missing.
    """
    whole = _page(samples, lacking)
    for part in whole._traverse():
        # Dash counts the clicks on each box with an id around what was clicked, in its store: 3 ms
        # of every click on the graph. Only of buttons does anything ask.
        is_box = getattr(part, "_namespace", "") == html.Div._namespace
        if is_box and not isinstance(part, html.Button) and hasattr(part, "id"):
            part.disable_n_clicks = True
    return whole


def _page(
    samples: Mapping[str, str], lacking: Mapping[str, tuple[str, ...]]
) -> dmc.MantineProvider:
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
            dcc.Store(id="grid", data=op_grid().to_plotly_json()),
            dcc.Store(id="grid-wanted"),
            dcc.Store(id="part-wanted"),
            dcc.Store(id="part-made"),
            dcc.Store(id="compare-chosen"),
            dcc.Store(id="compare-wanted"),
            dcc.Store(id="compare-made"),
            dcc.Store(id="figures-grid", data=module_grid().to_plotly_json()),
            dcc.Store(id="figures-grid-wanted"),
            dcc.Store(id="measured"),
            dcc.Store(id="trace-read"),
            dcc.Store(id="parity-chosen"),
            dcc.Store(id="measure-wanted"),
            dcc.Store(id="measure-made"),
            dcc.Store(id="costs-wanted"),
            dcc.Store(id="costs-made"),
            dcc.Store(id="notices"),
            html.Div(
                className="page",
                children=[
                    _bar(),
                    _modules(),
                    _middle(),
                    _inspector(),
                    _extract(),
                    _comparison(),
                    _measures(),
                    _drop_overlay(),
                    opener(samples, lacking),
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
            _icon("fold-left", "Fold or unfold the module tree ([)"),
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
            _icon("present", "Present: the graph alone, in larger text (p)"),
            _icon("fold-right", "Fold or unfold the inspector (])"),
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
            _splitter("left", "Width of the module tree"),
            _splitter("right", "Width of the inspector"),
            toolbar(),
            _bars(),
            html.Div(
                id="graph-pane",
                className="pane",
                children=[
                    html.Div(
                        id="canvas-heads",
                        className="canvas-heads",
                        hidden=True,
                        children=[
                            html.Div(id="own-head", className="canvas-head"),
                            html.Button(
                                "In step",
                                id="in-step",
                                className="tool",
                                title="Move and zoom both graphs together",
                                **{"data-event": "keep-in-step", "aria-pressed": "true"},
                            ),
                            html.Div(id="other-head", className="canvas-head"),
                        ],
                    ),
                    html.Div(
                        className="canvases",
                        children=[
                            html.Div(
                                className="canvas",
                                children=[
                                    html.Div(id="graph"),
                                    html.Div(
                                        "Open a model to begin.", id="empty", className="empty"
                                    ),
                                    html.Div(
                                        id="badges", className="badges", **{"aria-hidden": "true"}
                                    ),
                                    html.Div(
                                        id="match-counts",
                                        className="match-counts",
                                        **{"aria-hidden": "true"},
                                    ),
                                    html.Canvas(id="minimap", className="minimap", hidden=True),
                                ],
                            ),
                            _other_canvas(),
                        ],
                    ),
                    html.Aside(id="tour", className="tour", **{"aria-label": "Guided tour"}),
                    html.Div(
                        className="foot",
                        children=[
                            html.Div(id="legend", className="legend"),
                            tool("leave", "Leave (Esc)", "End the presentation", "present"),
                        ],
                    ),
                ],
            ),
            _module_figures(),
            html.Div(
                id="ops-pane",
                className="pane",
                hidden=True,
                **{"data-script": script_of("dash_ag_grid", "dash_ag_grid.min.js")},
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
            html.Div(id="notice-bar", className="notice-bar", role="status"),
            # In a line of its own, which is there from the start: what comes in moves nothing.
            html.Div(
                id="watch", className="watch", role="region", **{"aria-label": "The watched file"}
            ),
            html.Div(id="watch-said", className="unseen", role="status"),
        ],
    )


def _icon(name: str, title: str) -> html.Button:
    """A button that is drawn, by its id: there is no sign for it in every font."""
    return html.Button(
        html.Span(className="drawn", **{"aria-hidden": "true"}),
        id=name,
        className="tool icon",
        title=title,
        **{"data-event": name, "aria-label": title},
    )


def _splitter(side: str, label: str) -> html.Div:
    """Between the graph and a panel; see assets/frame.js for what moves it."""
    return html.Div(
        id=f"split-{side}",
        className="splitter",
        role="separator",
        tabIndex=0,
        title="Drag to resize; double click to fold",
        **{"aria-label": label, "aria-orientation": "vertical", "data-side": side},
    )


def _drop_overlay() -> html.Div:
    """What a file may be that is dragged over the page, with how large; see assets/drop.js."""
    return html.Div(
        id="drop",
        className="drop",
        hidden=True,
        **{
            "data-most-model": str(MAX_UPLOAD),
            "data-most-numbers": str(MAX_NUMBERS),
            "data-most-json": str(MAX_TRACE),
        },
        children=html.Div(
            className="drop-card",
            children=[
                html.B("Drop it anywhere"),
                html.Div([html.Code(".onnx"), " opens as the model"]),
                html.Div([html.Code(".json .csv"), " with numbers colours the graph"]),
                html.Div(
                    [html.Code(".json"), " of a profile or of parity: times, errors by module"]
                ),
                html.Div([html.Code(".json"), " with overrides corrects the tags"]),
            ],
        ),
    )


def _inspector() -> html.Aside:
    return html.Aside(id="inspector", className="right", tabIndex=0, **{"aria-label": "Inspector"})


def _bars() -> html.Div:
    """What is said of the graph, above it, in lines of its own that come and go; all empty.

    The browser fills in those of trace and path, the server the others.
    """
    return html.Div(
        className="bars",
        children=[
            html.Div(id="edits", className="edits", role="status"),
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
                            tool("previous-step", "‹", "Previous step (,)", "previous-step"),
                            tool("next-step", "›", "Next step (.)", "next-step"),
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


def _other_canvas() -> html.Div:
    """The canvas of the graph that the open model is compared with; made when first needed."""
    return html.Div(
        id="other-canvas",
        className="canvas",
        hidden=True,
        role="region",
        **{"aria-label": "The other graph"},
        children=[
            html.Div(id="other-graph", className="other-graph"),
            html.Div(id="other-empty", className="empty"),
        ],
    )


def _module_figures() -> html.Section:
    """The icicle and the table of figures, below the graph; see assets/panels/measure.js."""
    return html.Section(
        id="measure-pane",
        className="measure-pane",
        hidden=True,
        **{"aria-label": "Figures by module", "data-script": plotly_script()},
        children=[
            html.Div(
                className="measure-head",
                children=[
                    html.Div(id="measure-choice", className="measure-choice"),
                    html.Div(
                        [
                            html.Button(
                                label,
                                className="tool",
                                title=title,
                                **{
                                    "data-event": "measure-layout",
                                    "data-value": value,
                                    "aria-pressed": str(value == "both").lower(),
                                },
                            )
                            for value, label, title in (
                                ("chart", "Chart", "The chart alone"),
                                ("table", "Table", "The table alone"),
                                ("both", "Both", "Chart and table"),
                            )
                        ],
                        id="measure-layout",
                        className="measure-layout",
                        role="group",
                        **{"aria-label": "Show"},
                    ),
                ],
            ),
            html.Div(
                id="measure-body",
                className="measure-body",
                children=[
                    html.Div(
                        html.Div(id="measure-chart", className="measure-chart"),
                        className="measure-chart-place",
                        role="img",
                        **{
                            "aria-label": "Chart: modules within modules, as wide as their share. "
                            "The table has the same numbers."
                        },
                    ),
                    html.Div(
                        html.P("The table is on its way…", className="quiet"),
                        id="measure-table",
                        className="measure-table",
                    ),
                ],
            ),
        ],
    )


def _measures() -> html.Aside:
    """What the figures are of, and how to get more: in the inspector's place."""
    with_reference = html.Details(
        id="parity-box",
        className="compare-box",
        **{"data-most": str(MAX_UPLOAD)},
        children=[
            html.Summary("Compare numbers with…"),
            upload_field(
                "parity-upload",
                html.B("Choose the original .onnx file"),
                " that this model was made from, or drop it here",
            ),
            file_field(
                "parity-files", "Models in this server's folders with the right numbers", size="xs"
            ),
            html.Div(id="measure-command"),
        ],
    )
    parts: list[Any] = [
        html.H2("Measure"),
        html.Div(
            className="measure-scroll",
            children=[
                job_line("measure", "Progress of the measurement"),
                html.Div(id="measure-failed", role="alert"),
                html.Section([html.H3("Numbers"), html.Div(id="measure-parity"), with_reference]),
                html.Section(
                    [
                        html.H3("Time"),
                        html.Div(id="measure-time"),
                        html.Div(id="measure-form", className="measure-form"),
                    ]
                ),
                html.Section(
                    [
                        html.H3("Costs"),
                        job_line("costs", "Progress of the costs"),
                        html.Div(id="measure-costs"),
                    ]
                ),
            ],
        ),
        html.Div(id="measure-selected", className="measure-selected", role="status"),
    ]
    return html.Aside(
        parts,
        id="measure-panel",
        className="right measure",
        tabIndex=0,
        hidden=True,
        **{"aria-label": "What was measured"},
    )


def _comparison() -> html.Aside:
    """Where the other graph is chosen, and the differences: in the inspector's place."""
    choice = html.Details(
        id="compare-box",
        className="compare-box",
        open=True,
        **{"data-most": str(MAX_UPLOAD)},
        children=[
            html.Summary("Compare with"),
            html.Div(id="compare-known"),
            upload_field(
                "compare-upload",
                html.B("Choose another .onnx file"),
                " of this model, or drop it here",
            ),
            file_field(
                "compare-files", "Models in this server's folders to compare with", size="xs"
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
    )
    return html.Aside(
        [
            html.H2("Compare"),
            choice,
            job_line("compare", "Progress of the comparison"),
            html.Div(id="compare-content"),
            html.Div(id="compare-selected", role="status"),
        ],
        id="compare-panel",
        className="right compare",
        tabIndex=0,
        hidden=True,
        **{"aria-label": "Comparison with another graph"},
    )
