"""The performance tab's fixed parts: an empty pane, and what is put into it when it is opened.

Plotly's script is as large as all others of the page together. The browser
fetches it when somebody looks at this tab for the first time; see
``assets/performance.js``.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from dash import html
from dash.fingerprint import build_fingerprint

from hexviz.view.performance.runs import MAX_RUN

__all__ = ["chooser", "frame", "pane"]


def pane() -> html.Div:
    """What is on the page from the start."""
    return html.Div(
        html.P("Open a model: this tab tells what it takes.", className="quiet"),
        id="performance-pane",
        className="pane performance",
        hidden=True,
        tabIndex=0,
        role="region",
        **{"aria-label": "Performance", "data-script": _script()},
    )


def frame() -> list[Any]:
    """What the pane holds once it has been opened."""
    return [
        html.Div(id="performance-head", className="performance-head"),
        _part("Stage by stage", "stages", "Stages by when they began and how long they took"),
        _part("What auxiliary ops cost", "costs", "Share of each category in ops, bytes and links"),
        _part(
            "Export time by module",
            "modules",
            "The modules that took longest while the model was traced",
        ),
        _part("Time and memory by size", "scaling", "Seconds and bytes against the number of ops"),
        html.Section(
            [
                html.H3("Compare with a run of yours"),
                html.Div(id="run-chooser"),
                html.Div(id="comparison", role="status"),
            ]
        ),
    ]


def chooser() -> html.Div:
    """Where a run is dropped or chosen; put on the page once, as the file in it stays."""
    # Dash's own upload is a component of React, and asks for a script of its own.
    choose: Any = {
        "type": "input",
        "props": {
            "id": "run-file",
            "type": "file",
            "accept": ".json,application/json",
            "aria-label": "Choose a run that hexviz bench -o saved",
        },
    }
    words = [
        "Drop a JSON file that ",
        html.Code("hexviz bench -o FILE"),
        " saved, or choose it: ",
        choose,
    ]
    return html.Div(words, id="run-drop", className="run-drop", **{"data-most": str(MAX_RUN)})


def _script() -> str:
    """Where plotly's script is served; the address changes with it, so it is kept by browsers."""
    script = "package_data/plotly.min.js"
    changed = int((Path(str(files("plotly"))) / script).stat().st_mtime)
    return f"_dash-component-suites/plotly/{build_fingerprint(script, version('plotly'), changed)}"


def _part(title: str, name: str, label: str) -> html.Section:
    return html.Section(
        [
            html.H3(title),
            html.Div(id=f"{name}-says"),
            html.Div(
                html.Div(id=f"chart-{name}"),
                id=f"{name}-chart",
                className="chart",
                hidden=True,
                role="img",
                **{"aria-label": f"Chart: {label}. The table after it has the same numbers."},
            ),
            html.Div(id=f"{name}-table"),
        ],
        className="performance-part",
    )
