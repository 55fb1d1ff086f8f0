"""The compare tab's fixed parts: where the other graph is chosen, and room for what is found."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.app.upload_limits import MAX_UPLOAD

__all__ = ["pane"]


def pane() -> html.Div:
    """What is on the page from the start."""
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
                    dcc.Upload(
                        id="compare-upload",
                        className="upload small",
                        accept=".onnx",
                        max_size=MAX_UPLOAD,
                        children=html.Div(
                            [
                                html.B("Choose another .onnx file"),
                                " of this model to compare it with, or drop it here",
                            ]
                        ),
                    ),
                    html.Div(
                        id="compare-files-box",
                        hidden=True,
                        children=dmc.Select(
                            id="compare-files",
                            data=[],
                            size="xs",
                            searchable=True,
                            limit=100,
                            placeholder="Choose or search",
                            nothingFoundMessage="No such model",
                            maxDropdownHeight=260,
                            **{"aria-label": "Models in this server's folders to compare with"},
                        ),
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
            html.Div(
                id="compare-job",
                className="job",
                hidden=True,
                children=[
                    html.Div(
                        [
                            html.Span(id="compare-stage"),
                            html.Button("Cancel", id="compare-cancel", className="link"),
                        ],
                        className="job-line",
                    ),
                    dmc.Progress(
                        id="compare-bar",
                        value=0,
                        animated=True,
                        size="sm",
                        **{"aria-label": "Progress of the comparison"},
                    ),
                ],
            ),
            html.Div(id="compare-content"),
        ],
    )
