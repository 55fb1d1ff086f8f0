"""The compare tab: another graph comes in, a job compares, the page tells what it found.

::

    file ──▶ kept as an upload ──▶ place (compared) ──▶ job "compare" ──▶ kept ──▶ panel
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate
from flask import Response

from hexviz.app.address import from_store, key_of
from hexviz.app.callbacks.opening import decode_upload, wait_in_line
from hexviz.app.download import download
from hexviz.app.guard import Guard
from hexviz.app.jobs.results import Results
from hexviz.app.jobs.run import run_job
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import failure
from hexviz.app.panels.compare.kept import other_in
from hexviz.app.panels.compare.panel import failed, invitation, tell
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
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_upload(
        contents: str | None, filename: str | None, stored: dict[str, Any] | None
    ) -> tuple[Any, ...]:
        if not contents or not stored:
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
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_file(told: str | None, stored: dict[str, Any] | None) -> tuple[Any, ...]:
        if not told or not stored:
            return (no_update,) * 3
        try:
            key = store.add_file(roots.find(told))
        except HexvizError as error:
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("compare-files", "data"),
        Output("compare-files-box", "hidden"),
        Input("tab", "value"),
        prevent_initial_call=True,
    )
    def on_tab(tab: str) -> tuple[Any, ...]:
        if tab != "compare" or not roots.folders:
            return (no_update,) * 2
        return [{"value": one.told, "label": one.label} for one in roots.files()], False

    @app.callback(
        Output("compare-shown", "data"),
        Output("compare-wanted", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("compare-shown", "data"),
        prevent_initial_call=True,
    )
    def on_place(
        tab: str, stored: dict[str, Any] | None, shown: dict[str, Any] | None
    ) -> tuple[Any, ...]:
        if tab != "compare" or not stored:
            return (no_update,) * 2
        wanted = {"model": key_of(stored), "compared": from_store(stored).compared}
        before = shown or {}
        if {name: before.get(name) for name in wanted} == wanted:
            return (no_update,) * 2
        if not wanted["compared"]:
            return {**wanted, "content": invitation()}, no_update
        known = _known(store, wanted)
        # What a person waits for is told when it is there.
        shown_now = known or {**wanted, "content": []}
        return shown_now, no_update if known else wanted

    @app.callback(
        Output("compare-shown", "data", allow_duplicate=True),
        Input("compare-made", "data"),
        prevent_initial_call=True,
    )
    def on_made(made: dict[str, Any] | None) -> Any:
        match made:
            case {"model": str(model), "compared": str(other)}:
                wanted = {"model": model, "compared": other}
                error = (made or {}).get("error")
                if error is not None:
                    return {**wanted, "content": failed(str(error))}
                line = "The comparison was given up before it was shown: choose the file again."
                return _known(store, wanted) or {**wanted, "content": failed(line)}
        return no_update

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

    @app.server.get("/comparison/<file>")
    def on_comparison(file: str) -> Response:
        path = Results().path(file) if file.endswith(".json") else None
        if path is None:
            line = "That comparison was given up: compare the two graphs again."
            return Response(line, status=404, mimetype="text/plain")
        return download(path.read_bytes(), "comparison.json", "application/json")


def _known(store: ModelStore, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the pane shows of a comparison that was made before; ``None`` if it was not."""
    try:
        model = store.get(wanted["model"])
    except HexvizError:
        # The view is of a model that has just been replaced.
        return None
    found = model.comparison(wanted["compared"])
    if found is None:
        return None
    told = tell(found, model.graph)
    return {**wanted, "content": told, "compares": bool(found.document["is_related"])}


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
