"""The filter's tab: its panel once the graph is painted, verification, and what is taken away."""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, Input, Output
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from hexviz.app.jobs.run import run_job
from hexviz.app.jobs.supervise import Report
from hexviz.app.models.store import ModelStore
from hexviz.app.panels.filter.export import refused, verdict
from hexviz.errors import HexvizError

__all__ = ["made", "register"]

_INTERVAL = 300  # ms between questions of the page how far a job is


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks and routes of this file to an app."""

    @app.callback(
        Output("part-made", "data"),
        Input("part-wanted", "data"),
        background=True,
        interval=_INTERVAL,
        running=[
            (Output("part-job", "hidden"), False, True),
            (Output("part-stage", "children"), "Starting…", ""),
            (Output("part-bar", "value"), 0, 0),
        ],
        progress=[Output("part-stage", "children"), Output("part-bar", "value")],
        cancel=[Input("part-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def on_part(report: Report, wanted: Any) -> Any:
        match wanted:
            case {
                "task": "verify" | "part" | "report" as task,
                "model": str(key),
                "part": str(query),
                "n": int(number),
            }:
                return made(store, task, key, query, report) | {"n": number}
        raise PreventUpdate


def made(store: ModelStore, task: str, key: str, query: str, report: Report) -> dict[str, Any]:
    """What a job makes of a part: a ``verdict``, a ``file`` and its ``name``, or an ``error``.

    ``key`` is that of the model, ``query`` the part as an address has it.
    """
    try:
        source = store.source(key)
    except HexvizError as error:
        return {"error": str(error)}
    result = run_job(task, {"source": source.to_json(), "part": query}, report)
    if task != "verify":
        return result
    if "verification" in result:
        from hexviz.extraction.verify import verification_of

        shown = verdict(verification_of(result["verification"]), result["unjudged"])
    else:
        shown = refused(result["error"])
    return {"verdict": json.loads(json.dumps(shown, default=_plain))}


def _plain(component: Component) -> Any:
    return component.to_plotly_json()
