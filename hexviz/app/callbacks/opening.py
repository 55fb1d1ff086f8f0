"""What comes in: a model by upload, from a folder or as an exported sample, and numbers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from hexviz.app.guard import Guard
from hexviz.app.guard.limits import MAX_UPLOAD
from hexviz.app.jobs.run import run_job
from hexviz.app.jobs.tasks import exported_path
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import export_done, export_failed, failure
from hexviz.errors import HexvizError, ReadError, SourceError
from hexviz.model.reader import digest
from hexviz.view.numbers import read_numbers

__all__ = ["decode_upload", "register", "wait_in_line"]


def register(
    app: Dash, store: ModelStore, samples: frozenset[str], roots: Roots, guard: Guard
) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("uploaded", "data"),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("upload", "contents"),
        Input("upload", "contents"),
        State("upload", "filename"),
        prevent_initial_call=True,
    )
    def on_upload(contents: str | None, filename: str | None) -> tuple[Any, ...]:
        if not contents:
            return (no_update,) * 3
        try:
            wait_in_line(guard)
            key = store.add_upload(decode_upload(contents), filename or "upload.onnx")
        except HexvizError as error:
            # Cleared, so that the same file can be tried again.
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("files", "data"),
        Output("files-box", "hidden"),
        Input("opener", "opened"),
        prevent_initial_call=True,
    )
    def on_opener(opened: bool) -> tuple[Any, ...]:
        if not opened or not roots.folders:
            return (no_update,) * 2
        return [{"value": file.reference, "label": file.label} for file in roots.files()], False

    @app.callback(
        Output("uploaded", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("files", "value"),
        Input("files", "value"),
        prevent_initial_call=True,
    )
    def on_file(told: str | None) -> tuple[Any, ...]:
        if not told:
            return (no_update,) * 3
        try:
            key = store.add_file(roots.find(told))
        except HexvizError as error:
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("uploaded", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("job-outcome", "children"),
        Input("exported", "data"),
        prevent_initial_call=True,
    )
    def on_exported(result: dict[str, Any] | None) -> tuple[Any, ...]:
        if not result:
            return (no_update,) * 3
        if "error" in result:
            outcome = export_failed(str(result["error"]), str(result.get("log", "")))
            return no_update, no_update, outcome
        try:
            # The browser only hands back which sample it was; the path is ours.
            if result.get("sample") not in samples:
                raise SourceError("No such sample.")
            path = exported_path(result["sample"], optimize=bool(result.get("optimize")))
            key = store.add_file(path)
        except HexvizError as error:
            return no_update, failure(error), None
        return key, export_done(_seconds(result.get("stages"))), None

    @app.callback(
        Output("numbers-read", "data"),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Output("numbers", "contents"),
        Input("numbers", "contents"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_numbers(contents: str | None, model: str | None) -> tuple[Any, ...]:
        if not contents or not model:
            return (no_update,) * 3
        try:
            wait_in_line(guard)
            opened = store.get(model)
            content = decode_upload(contents)
            key = digest(content)[:16]
            found = read_numbers(content.decode("utf-8-sig", "replace"), opened.graph)
            opened.numbers.put(key, found)
        except HexvizError as error:
            return no_update, failure(error), None
        return key, no_update, None

    @app.callback(
        Output("exported", "data"),
        Input({"sample": ALL}, "n_clicks"),
        State("optimize", "checked"),
        background=True,
        running=[
            (Output("job", "hidden"), False, True),
            (Output("job-stage", "children"), "Starting…", ""),
            (Output("job-bar", "value"), 0, 0),
            (Output("job-outcome", "hidden"), True, False),
            (Output("samples", "disabled"), True, False),
            (Output("upload", "disabled"), True, False),
        ],
        progress=[Output("job-stage", "children"), Output("job-bar", "value")],
        cancel=[Input("cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def on_sample(
        set_progress: Callable[[tuple[str, float]], None], _clicks: list[int], optimize: bool
    ) -> Any:
        chosen = ctx.triggered_id
        if not chosen or not ctx.triggered[0]["value"] or chosen["sample"] not in samples:
            raise PreventUpdate
        told = {"sample": chosen["sample"], "optimize": bool(optimize)}
        return run_job("export", told, set_progress)


def wait_in_line(guard: Guard) -> None:
    """Let a file in.

    Raises:
        SourceError: if there were too many of late.
    """
    wait = guard.file_wait()
    if wait:
        raise SourceError(f"Those are many files in a short time: wait {wait} s before the next.")


def _seconds(stages: object) -> dict[str, float]:
    """Stage → seconds, from what the browser handed back."""
    if not isinstance(stages, dict):
        return {}
    return {str(name): float(one) for name, one in stages.items() if isinstance(one, int | float)}


def decode_upload(contents: str) -> bytes:
    """The bytes of an upload (``data:…;base64,…``).

    Raises:
        ReadError: if it is too large or was garbled on its way.
    """
    encoded = contents.partition(",")[2]
    if len(encoded) * 3 // 4 > MAX_UPLOAD:
        raise ReadError(
            f"That file is over {MAX_UPLOAD // 1024**2} MB: open it with `hexviz view FILE`."
        )
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ReadError("The upload did not arrive whole: try again.") from error
