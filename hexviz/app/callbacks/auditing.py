"""The audit's tab: looked at when somebody asks for it, and again when a tag has changed."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, no_update

from hexviz.app.address import key_of
from hexviz.app.models.store import ModelStore
from hexviz.app.panels.audit import audit_page
from hexviz.errors import HexvizError

__all__ = ["register"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("audit", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("audit", "data"),
        prevent_initial_call=True,
    )
    def on_audit(tab: str, stored: dict[str, Any] | None, shown: dict[str, Any] | None) -> Any:
        if tab != "audit" or not stored:
            return no_update
        key = key_of(stored)
        if shown and shown.get("model") == key:
            return no_update
        try:
            model = store.get(key)
        except HexvizError:
            # The view is of a model that has just been replaced.
            return no_update
        return {"model": model.key, "content": audit_page(model)}
