"""The selection: inspector, highlight, link, search results, table of ops."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from hexviz.app.address import from_store, key_of, to_query
from hexviz.app.inspector import inspect_model, inspect_module, inspect_op, inspect_value
from hexviz.app.place import Place
from hexviz.app.search import Hit, search
from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import HexvizError
from hexviz.tagging.summary import op_record

__all__ = ["inspect", "register"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("inspector", "children"),
        Output("address-shown", "data"),
        Input("view", "data"),
        Input("tab", "value"),
        prevent_initial_call=True,
    )
    def on_place(stored: dict[str, Any] | None, tab: str) -> tuple[Any, ...]:
        if not stored:
            return no_update, no_update
        try:
            model = store.get(key_of(stored))
            place = from_store(stored)
            content = inspect(model, place)
        except HexvizError:
            # The selection is of a model that has just been replaced.
            return no_update, no_update
        return content, to_query(model.key, place, tab)

    @app.callback(
        Output("hits", "children"),
        Input("search", "value"),
        Input("model", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_search(query: str | None, _model: str, view: dict[str, Any] | None) -> list[Any]:
        if not view or not query:
            return []
        try:
            found = search(store.get(key_of(view)).graph, query)
        except HexvizError:
            return []
        if not found:
            return [html.Div("Nothing found.", className="quiet")]
        return [_hit(hit) for hit in found]

    @app.callback(
        Output("ops", "rowData"),
        Input("tab", "value"),
        Input("model", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_tab(tab: str, _model: str, view: dict[str, Any] | None) -> Any:
        if tab != "ops" or not view:
            return no_update
        try:
            graph = store.get(key_of(view)).graph
        except HexvizError:
            return no_update
        rows = []
        for op in graph.ops:
            row = op_record(op)
            row["context"] = op.context.tag if op.context else None
            rows.append(row)
        return rows


def inspect(model: OpenModel, place: Place) -> list[Any]:
    """The inspector's content.

    Raises:
        UnknownOpError: if an op is selected that the model does not have.
    """
    graph = model.graph
    match place.selection:
        case "op", op_id:
            return inspect_op(graph, graph.op(op_id))
        case "module", fqn if fqn in graph.modules:
            return inspect_module(graph, graph.modules[fqn])
        case "value", value_id if value_id in graph.flat.values:
            return inspect_value(graph, value_id)
    return inspect_model(graph)


def _hit(hit: Hit) -> html.Button:
    attribute = "data-op" if hit.kind == "op" else "data-module"
    return html.Button(
        [html.B(hit.title), html.Span(hit.detail, className="quiet")],
        className="hit",
        role="option",
        **{attribute: hit.id},
    )
