"""The compare tab: another graph comes in, a job compares, the page tells what it found.

::

    file ──▶ kept as an upload ──▶ place (compared) ──▶ job "compare" ──▶ kept ──▶ panel
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from hexviz.app.callbacks.opening import decode_upload, wait_in_line
from hexviz.app.guard import Guard
from hexviz.app.jobs.run import run_job
from hexviz.app.models.comparison import other_in
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import failure
from hexviz.errors import HexvizError, SourceError

__all__ = ["compared", "register"]


def register(app: Dash, store: ModelStore, roots: Roots, guard: Guard) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("compare-chosen", "data"),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("compare-upload", "contents"),
        Input("compare-upload", "contents"),
        State("compare-upload", "filename"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_upload(contents: str | None, filename: str | None, model: str | None) -> tuple[Any, ...]:
        if not contents or not model:
            return (no_update,) * 3
        try:
            wait_in_line(guard)
            key = store.add_upload(decode_upload(contents), filename or "upload.onnx")
        except HexvizError as error:
            # Cleared, so that the same file can be tried again.
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("compare-chosen", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("compare-files", "value"),
        Input("compare-files", "value"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_file(told: str | None, model: str | None) -> tuple[Any, ...]:
        if not told or not model:
            return (no_update,) * 3
        try:
            key = store.add_file(roots.find(told))
        except HexvizError as error:
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("compare-made", "data"),
        Input("compare-wanted", "data"),
        background=True,
        running=[
            (Output("compare-job", "hidden"), False, True),
            (Output("compare-stage", "children"), "Starting…", ""),
            (Output("compare-bar", "value"), 0, 0),
            (Output("compare-upload", "disabled"), True, False),
        ],
        progress=[Output("compare-stage", "children"), Output("compare-bar", "value")],
        cancel=[Input("compare-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def on_wanted(set_progress: Callable[[tuple[str, float]], None], wanted: Any) -> Any:
        match wanted:
            case {"model": str(model), "compared": str(other)}:
                return compared(store, model, other, set_progress) | wanted
        raise PreventUpdate


def compared(
    store: ModelStore, model: str, told: str, report: Callable[[tuple[str, float]], None]
) -> dict[str, Any]:
    """Compare the open model (its key) with another one, in a job, which keeps what it finds.

    Gives an ``error``, if that fails.
    """
    try:
        other = other_in(told)
        if other is None:
            raise SourceError("There is no such model to compare with.")
        keys = other.order(model)
        sources = {
            side: store.source(key).to_json()
            for side, key in zip(("before", "after"), keys, strict=True)
        }
        return run_job("compare", {**sources, "keys": list(keys)}, report)
    except HexvizError as error:
        return {"error": str(error)}
