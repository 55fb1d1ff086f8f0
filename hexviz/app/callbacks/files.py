"""Files that come in: a model by upload or from a folder of the server, and numbers."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, no_update
from flask import request

from hexviz.app.dialogs import recent_files
from hexviz.app.guard import Guard
from hexviz.app.guard.limits import MAX_NUMBERS, MAX_UPLOAD
from hexviz.app.jobs.results import Results
from hexviz.app.models.measures import is_document, is_trace
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import failure, overrides_applied
from hexviz.errors import HexvizError, NumbersError, ReadError, SourceError
from hexviz.model.reader import digest
from hexviz.tagging.overrides_file import is_overrides, read_names, read_overrides
from hexviz.view.numbers import read_numbers

__all__ = ["decode_upload", "register"]


@dataclass(frozen=True, slots=True)
class _Purpose:
    """What a chosen model is for: the ids of its fields, and of the store that takes its key."""

    upload: str
    files: str
    store: str
    is_for_open_model: bool = False


_PURPOSES = (
    _Purpose("upload", "files", "uploaded"),
    _Purpose("tags-upload", "tags-files", "tags-wanted", is_for_open_model=True),
    _Purpose("compare-upload", "compare-files", "compare-chosen"),
    _Purpose("parity-upload", "parity-files", "parity-chosen"),
)


def register(app: Dash, store: ModelStore, roots: Roots, guard: Guard) -> None:
    """Attach the callbacks of this file to an app."""
    for purpose in _PURPOSES:
        _register_choice(app, store, roots, guard, purpose)

    @app.callback(
        Output("files", "data"),
        Output("files-box", "hidden"),
        Output("tags-files", "data"),
        Output("tags-files-box", "hidden"),
        Output("tags-box", "hidden"),
        Output("recent", "children"),
        Input("opener", "opened"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_opener(opened: bool, model: str | None) -> tuple[Any, ...]:
        if not opened:
            return (no_update,) * 6
        recent = recent_files(store.recent(), time.time())
        if not roots.folders:
            return (*(no_update,) * 4, not model, recent)
        listed = [{"value": file.reference, "label": file.label} for file in roots.files()]
        return listed, False, listed, False, not model, recent

    @app.callback(
        Output("numbers-read", "data"),
        Output("notices", "data", allow_duplicate=True),
        Output("numbers", "contents"),
        Output("uploaded", "data", allow_duplicate=True),
        Output("measured", "data"),
        Output("trace-read", "data"),
        Input("numbers", "contents"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_numbers(contents: str | None, model: str | None) -> tuple[Any, ...]:
        if not contents or not model:
            return (no_update,) * 6
        nothing = (no_update,) * 2
        try:
            _let_in(guard)
            opened = store.get(model)
            content = decode_upload(contents)
            if is_trace(content):
                file = Results().keep_file(content, opened.graph.name, "trace.json")["file"]
                return no_update, no_update, None, no_update, no_update, {"file": file}
            if len(content) > MAX_NUMBERS:
                raise NumbersError(f"That file is over {MAX_NUMBERS // 1024**2} MB: leave ops out.")
            if is_document(content):
                taken = opened.measures.take(content)
                return no_update, no_update, None, no_update, taken, no_update
            text = content.decode("utf-8-sig", "replace")
            if is_overrides(text):  # dropped on the page: a JSON file, too
                changes, names = read_overrides(text, opened.graph), read_names(text)
                for block, name in names.items():
                    opened = store.rename(opened, block, name)
                edited = store.edit(opened, changes)
                said = overrides_applied(len(changes), len(names))
                return no_update, said, None, edited.key, *nothing
            key = digest(content)[:16]
            opened.numbers.put(key, read_numbers(text, opened.graph))
        except HexvizError as error:
            return no_update, failure(error), None, no_update, *nothing
        return key, no_update, None, no_update, *nothing


def _register_choice(
    app: Dash, store: ModelStore, roots: Roots, guard: Guard, purpose: _Purpose
) -> None:
    @app.callback(
        Output(purpose.store, "data", allow_duplicate=True),
        Output("notices", "data", allow_duplicate=True),
        Output(purpose.upload, "contents"),
        Output(purpose.files, "value"),
        Input(purpose.upload, "contents"),
        Input(purpose.files, "value"),
        State(purpose.upload, "filename"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def on_choice(
        contents: str | None, file: str | None, name: str | None, model: str | None
    ) -> tuple[Any, ...]:
        if not (contents or file) or (purpose.is_for_open_model and not model):
            return (no_update,) * 4
        try:
            # Both are cleared once taken. What set this off says less: where both change at once,
            # it may be the one that became empty.
            if contents:
                _let_in(guard)
                key = store.add_upload(decode_upload(contents), name or "upload.onnx")
            else:
                key = store.add_file(roots.find(str(file)))
        except HexvizError as error:
            # Cleared, so that the same file can be tried again.
            return no_update, failure(error), None, None
        data = {"before": key, "after": model} if purpose.is_for_open_model else key
        return data, no_update, None, None


def _let_in(guard: Guard) -> None:
    """Count a file.

    Raises:
        SourceError: if there were too many of late.
    """
    wait = guard.file_wait(request.remote_addr)
    if wait:
        raise SourceError(f"Those are many files in a short time: wait {wait} s before the next.")


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
