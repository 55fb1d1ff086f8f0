"""The filter's tab: its panel once the graph is painted, verification, and what is taken away."""

from __future__ import annotations

import json
from typing import Any

from dash import Dash, Input, Output, no_update
from dash.development.base_component import Component
from flask import Response, request

from hexviz.app.address import from_store, key_of
from hexviz.app.download import download, file_stem
from hexviz.app.filter.border import border, hints
from hexviz.app.filter.field import field
from hexviz.app.filter.files import part_file, part_report
from hexviz.app.filter.filtered import Filtered, filtered
from hexviz.app.filter.panel import panel
from hexviz.app.filter.verdict import refused, verdict
from hexviz.app.filter.wish import wish_in, written
from hexviz.app.place import Place
from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import HexvizError, SelectionError

__all__ = ["register", "verified"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks and routes of this file to an app."""

    def asked(key: object, query: object) -> Filtered:
        model = store.get(key)
        wish = wish_in(
            query if isinstance(query, str) else "",
            model.has_module,
            model.graph.positions.__contains__,
        )
        kept = filtered(model, wish)
        if kept is None:
            raise SelectionError("The selection holds no op: select more, or exclude less.")
        return kept

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

    @app.server.post("/verify")
    def on_verify() -> Response:
        try:
            sent = request.get_json(silent=True)
        except RecursionError:  # nested deeper than anything the page sends
            sent = None
        told = sent if isinstance(sent, dict) else {}
        try:
            content = verified(asked(told.get("model"), told.get("part")))
        except HexvizError as error:
            content = refused(str(error))
        return Response(json.dumps(content, default=_plain), mimetype="application/json")

    @app.server.get("/part/<key>.onnx")
    def on_part(key: str) -> Response:
        try:
            kept = asked(key, request.query_string.decode())
            name = f"{file_stem(kept.graph.name)}-part.onnx"
            return download(part_file(kept), name, "application/octet-stream")
        except HexvizError as error:
            return Response(str(error), status=409, mimetype="text/plain")

    @app.server.get("/part/<key>.json")
    def on_report(key: str) -> Response:
        try:
            kept = asked(key, request.query_string.decode())
            text = json.dumps(part_report(kept), indent=2)
        except HexvizError as error:
            return Response(str(error), status=409, mimetype="text/plain")
        return download(
            text.encode(), f"{file_stem(kept.graph.name)}-part.json", "application/json"
        )


def verified(kept: Filtered) -> Component:
    """What a run of the whole and of the part says.

    Raises:
        ExtractionError: if the whole or the part cannot be built or run.
    """
    return verdict(kept.verify())


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
