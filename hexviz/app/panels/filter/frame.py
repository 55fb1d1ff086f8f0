"""The filter's panel before anything is in it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

__all__ = ["frame"]


def frame() -> html.Aside:
    """The panel's fixed parts: it stands where the inspector does, while filtering."""
    parts: list[Any] = [
        html.Div(id="filter-field"),
        html.Div(id="filter-now"),
        _job(),
        html.Div(id="verdict", role="status"),
        html.Div(id="filter-hints"),
        html.Div(id="filter-border"),
    ]
    return html.Aside(
        [html.H2("Filter"), *parts],
        id="filter-panel",
        className="right",
        tabIndex=0,
        hidden=True,
        **{"aria-label": "Filter"},
    )


def _job() -> html.Div:
    """How far a job for the part is, and a way to stop it."""
    line = [html.Span(id="part-stage"), html.Button("Cancel", id="part-cancel", className="link")]
    bar = dmc.Progress(
        id="part-bar", value=0, animated=True, size="sm", **{"aria-label": "Progress of the job"}
    )
    return html.Div(
        [html.Div(line, className="job-line"), bar],
        id="part-job",
        className="job",
        hidden=True,
        role="status",
    )
