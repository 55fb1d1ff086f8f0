"""Everything a person does to the view: open, close, place, filter, select, jump."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, no_update

from hexviz.app import navigate
from hexviz.app.address import Selection, from_store, key_of, to_store
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
        Output("answer", "data"),
        Input("event", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_event(event: Any, view: dict[str, Any] | None) -> tuple[Any, ...]:
        match event:
            case {"type": str(kind), "value": value, "n": int(number)}:
                pass
            case _:
                return (no_update,) * 4
        if not view:
            return no_update, no_update, no_update, number
        try:
            model = store.get(key_of(view))
            before = from_store(view)
            after, selection = move(model, before, kind, value)
        except HexvizError as error:
            return no_update, no_update, failure(error), number
        return (
            to_store(model.key, after) if after != before else no_update,
            no_update if selection is None else selection,
            no_update,
            number,
        )


def move(model: OpenModel, view: ViewState, kind: str, value: Any) -> Moved:
    """The next view after something a person did; a value without sense changes nothing.

    Raises:
        HexvizError: with the reason, if what is asked cannot be shown.
    """
    match kind, value:
        case "toggle", str():
            after = navigate.toggle(model, view, value)
            box = model.index(view.placement).containers.get(value)
            if box is None or box.is_section or value not in after.open:
                return after, None
            return after, {"kind": "module", "id": box.face}
        case "op", str():
            return view, {"kind": "op", "id": model.graph.op(value).id}
        case "module", str() if value in model.graph.modules:
            return view, {"kind": "module", "id": value}
        case "value", str() if value in model.graph.flat.values:
            return view, {"kind": "value", "id": value}
        case "reveal", str():
            return navigate.select_op(model, view, value)
        case "reveal-module", str():
            return navigate.select_module(model, view, value)
        case "search", str():
            return _first_hit(model, view, value)
        case "expanded", list():
            return navigate.expand(model, view, _texts(value)), None
        case "checked", list():
            return navigate.filter_by(model, view, _texts(value)), None
        case "show-all", _:
            return navigate.filter_by(model, view, _all_modules(model)), None
        case "stack", str():
            return navigate.turn_stack(model, view, value), None
        case "place", "module" | "context":
            return navigate.place(model, view, value), None
        case "open-level", _:
            return navigate.open_level(model, view), None
        case "close-all", _:
            return navigate.close_all(view), None
        case "clear", _:
            return view, {}
    return view, None


def _first_hit(model: OpenModel, view: ViewState, query: str) -> Moved:
    hits = search(model.graph, query, most=1)
    if not hits:
        return view, None
    if hits[0].kind == "module":
        return navigate.select_module(model, view, hits[0].id)
    return navigate.select_op(model, view, hits[0].id)


def _texts(values: Sequence[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _all_modules(model: OpenModel) -> list[str]:
    return [module.fqn for module in model.graph.modules]
