"""Tags of another graph for the open model: the file comes in, a job matches, an edit comes out.

::

    file ──▶ kept as an upload ──▶ job "transfer" ──▶ tags ──▶ edit of the open model
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from hexviz.app.callbacks.opening import decode_upload, wait_in_line
from hexviz.app.guard import Guard
from hexviz.app.jobs.results import Results
from hexviz.app.jobs.run import run_job
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import failure, transfer_done
from hexviz.errors import HexvizError, SourceError

__all__ = ["register", "transferred"]


def register(app: Dash, store: ModelStore, roots: Roots, guard: Guard) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("tags-box", "hidden"),
        Output("tags-files", "data"),
        Output("tags-files-box", "hidden"),
        Input("opener", "opened"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_opener(opened: bool, model: str | None) -> tuple[Any, ...]:
        if not opened:
            return (no_update,) * 3
        listed = [{"value": file.reference, "label": file.label} for file in roots.files()]
        return not model, listed, not roots.folders

    @app.callback(
        Output("tags-wanted", "data"),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("tags-upload", "contents"),
        Input("tags-upload", "contents"),
        State("tags-upload", "filename"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_upload(contents: str | None, filename: str | None, model: str | None) -> tuple[Any, ...]:
        if not contents or not model:
            return (no_update,) * 3
        try:
            wait_in_line(guard)
            before = store.add_upload(decode_upload(contents), filename or "upload.onnx")
        except HexvizError as error:
            # Cleared, so that the same file can be tried again.
            return no_update, failure(error), None
        return {"before": before, "after": model}, no_update, None

    @app.callback(
        Output("tags-wanted", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("tags-files", "value"),
        Input("tags-files", "value"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_file(told: str | None, model: str | None) -> tuple[Any, ...]:
        if not told or not model:
            return (no_update,) * 3
        try:
            before = store.add_file(roots.find(told))
        except HexvizError as error:
            return no_update, failure(error), None
        return {"before": before, "after": model}, no_update, None

    @app.callback(
        Output("tags-made", "data"),
        Input("tags-wanted", "data"),
        background=True,
        running=[
            (Output("tags-job", "hidden"), False, True),
            (Output("tags-stage", "children"), "Starting…", ""),
            (Output("tags-bar", "value"), 0, 0),
            (Output("tags-upload", "disabled"), True, False),
        ],
        progress=[Output("tags-stage", "children"), Output("tags-bar", "value")],
        cancel=[Input("tags-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def on_wanted(set_progress: Callable[[tuple[str, float]], None], wanted: Any) -> Any:
        match wanted:
            case {"before": str(before), "after": str(after)}:
                return transferred(store, before, after, set_progress)
        raise PreventUpdate

    @app.callback(
        Output("uploaded", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Input("tags-made", "data"),
        prevent_initial_call=True,
    )
    def on_made(result: dict[str, Any] | None) -> tuple[Any, ...]:
        match result:
            case {"error": str(line)}:
                return no_update, failure(SourceError(line))
            case {"key": str(key), "line": str(line)}:
                return key, transfer_done(line)
        return (no_update,) * 2


def transferred(
    store: ModelStore, before: str, after: str, report: Callable[[tuple[str, float]], None]
) -> dict[str, Any]:
    """Give the model ``after`` the tags of ``before``, both by key, in a job.

    Gives the ``key`` of the model with these tags and a ``line`` that sums them
    up, or an ``error``.
    """
    try:
        told = {"before": store.source(before).to_json(), "after": store.source(after).to_json()}
        if told["before"]["digest"] == told["after"]["digest"]:
            raise SourceError(
                "That is the file that is open: choose the one that it was made from."
            )
        told["after"] |= {"overrides": {}, "tags": None}  # they go on top again
        result = run_job("transfer", told, report)
        if "error" in result:
            return result
        path = Results().path(result["file"])
        if path is None:
            raise SourceError("The tags were given up before they were taken: try again.")
        return {"key": store.retag(after, path.read_bytes()), "line": result["line"]}
    except HexvizError as error:
        return {"error": str(error)}
