"""Saving what was corrected: the tagged file, or the changes alone."""

from __future__ import annotations

import json

from dash import Dash
from flask import Response

from hexviz.app.download import download, file_stem
from hexviz.app.models.store import ModelStore
from hexviz.errors import HexvizError
from hexviz.tagging.overrides import overrides_document

__all__ = ["register"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the routes of this file to an app's server. Nothing on disk is changed."""

    @app.server.get("/model/<key>.onnx")
    def on_model(key: str) -> Response:
        try:
            graph = store.get(key).graph
            content = graph.to_bytes()
        except HexvizError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        return download(content, f"{file_stem(graph.name)}-tagged.onnx", "application/octet-stream")

    @app.server.get("/overrides/<key>.json")
    def on_overrides(key: str) -> Response:
        try:
            graph = store.get(key).graph
        except HexvizError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        text = json.dumps(overrides_document(graph), indent=2)
        return download(
            text.encode(), f"{file_stem(graph.name)}-overrides.json", "application/json"
        )
