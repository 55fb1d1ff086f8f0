"""The filter's tab: its panel once the graph is painted, verification, and what is taken away."""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, Input, Output, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from flask import Response, send_file

from hexviz.app.address import from_store, key_of
from hexviz.app.jobs.results import Results
from hexviz.app.jobs.run import run_job
from hexviz.app.jobs.supervise import Report
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.filter.border import border, hints
from hexviz.app.panels.filter.field import field
from hexviz.app.panels.filter.filtered import Filtered, filtered
from hexviz.app.panels.filter.panel import panel
from hexviz.app.panels.filter.verdict import refused, verdict
from hexviz.app.panels.filter.wish import written
from hexviz.errors import HexvizError

__all__ = ["made", "register"]

_INTERVAL = 300  # ms between questions of the page how far a job is
_GONE = "This file is not kept any more: make it again."


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks and routes of this file to an app."""

    @app.callback(Output("filter", "data"), Input("view", "data"), prevent_initial_call=True)
    def on_place(stored: dict[str, Any] | None) -> Any:
        found = _found(store, stored)
        if found is None:
            return no_update
        model, place, kept = found
        return {
            "field": field(),
            "now": panel(model, place),
            "border": border(kept) if kept is not None else [],
            "part": [model.key, written(place.wish)],
        }

    @app.callback(Output("hints", "data"), Input("view", "data"), prevent_initial_call=True)
    def on_hints(stored: dict[str, Any] | None) -> Any:
        found = _found(store, stored)
        if found is None:
            return no_update
        model, place, kept = found
        return {
            "content": hints(kept) if kept is not None else [],
            "part": [model.key, written(place.wish)],
        }

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

    @app.server.get("/part/<file>")
    def on_file(file: str) -> Response:
        path = Results().path(file)
        if path is None:
            return Response(_GONE, status=404, mimetype="text/plain")
        answer = send_file(path, mimetype="application/octet-stream")
        # The page knows what to call it; a name in here would be taken instead.
        answer.headers["Content-Disposition"] = "attachment"
        return answer


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


def _found(store: ModelStore, stored: Any) -> tuple[OpenModel, Place, Filtered | None] | None:
    """The place in the browser and what its wish comes to, while it is in the filter's tab."""
    if not isinstance(stored, dict):
        return None
    place = from_store(stored)
    if not place.filtering:
        return None
    try:
        model = store.get(key_of(stored))
    except HexvizError:
        # The view is of a model that has just been replaced.
        return None
    return model, place, filtered(model, place.wish)


def _plain(component: Component) -> Any:
    return component.to_plotly_json()
