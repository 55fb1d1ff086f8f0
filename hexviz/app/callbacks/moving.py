"""Everything a person does to the view: open, close, place, filter, select, jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from hexviz.app import navigate
from hexviz.app.address import Selection, from_store, to_store
from hexviz.app.notices import failure
from hexviz.app.search import search
from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import HexvizError
from hexviz.view.state import ViewState

__all__ = ["move", "register"]

Moved = tuple[ViewState, Selection | None]
"""The next view, and the next selection where it changes."""


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callback of this file to an app."""

    @app.callback(
        Output("view", "data", allow_duplicate=True),
        Output("selection", "data", allow_duplicate=True),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Input("event", "data"),
        Input("open-level", "n_clicks"),
        Input("close-all", "n_clicks"),
        Input("show-all", "n_clicks"),
        Input("search", "n_submit"),
        Input("ops", "selectedRows"),
        State("search", "value"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_action(*values: Any) -> tuple[Any, Any, Any]:
        view = values[-1]
        if not view or not ctx.triggered:
            return no_update, no_update, no_update
        trigger = ctx.triggered[0]
        action, value = trigger["prop_id"], trigger["value"]
        if action == "search.n_submit":
            value = values[-2]
        try:
            model = store.get(view["model"])
            before = from_store(view)
            after, selection = move(model, before, action, value)
        except HexvizError as error:
            return no_update, no_update, failure(error)
        return (
            to_store(model.key, after) if after != before else no_update,
            no_update if selection is None else selection,
            no_update,
        )


def move(model: OpenModel, view: ViewState, action: str, value: Any) -> Moved:
    """The next view after an action, named by the property that changed and its new value.

    A value that makes no sense changes nothing.

    Raises:
        HexvizError: with the reason, if what is asked cannot be shown.
    """
    match action, value:
        case "event.data", {"type": str(kind), "value": target}:
            return _event(model, view, kind, target)
        case "open-level.n_clicks", int():
            return navigate.open_level(model, view), None
        case "close-all.n_clicks", int():
            return navigate.close_all(view), None
        case "show-all.n_clicks", int():
            return navigate.filter_by(model, view, _all_modules(model)), None
        case "search.n_submit", str(query):
            hits = search(model.graph, query, most=1)
            return navigate.select_op(model, view, hits[0].id) if hits else (view, None)
        case "ops.selectedRows", [{"id": str(op_id)}, *_]:
            return navigate.select_op(model, view, op_id)
    return view, None


def _event(model: OpenModel, view: ViewState, kind: str, target: Any) -> Moved:
    match kind, target:
        case "toggle", str():
            after = navigate.toggle(model, view, target)
            opened = target in after.open and target in model.graph.modules
            return after, {"kind": "module", "id": target} if opened else None
        case "op", str():
            return view, {"kind": "op", "id": model.graph.op(target).id}
        case "module", str() if target in model.graph.modules:
            return view, {"kind": "module", "id": target}
        case "reveal", str():
            return navigate.select_op(model, view, target)
        case "reveal-module", str():
            return navigate.select_module(model, view, target)
        case "expanded", list():
            return navigate.expand(model, view, _texts(target)), None
        case "checked", list():
            return navigate.filter_by(model, view, _texts(target)), None
        case "place", "module" | "context":
            return navigate.place(model, view, target), None
        case "clear", _:
            return view, {}
    return view, None


def _texts(values: Sequence[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _all_modules(model: OpenModel) -> list[str]:
    return [module.fqn for module in model.graph.modules]
