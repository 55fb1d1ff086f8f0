"""The selection: inspector, highlight, link, search results, table of ops."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from hexviz.app.address import Selection, from_store, key_of, to_query, to_store
from hexviz.app.inspector import inspect_model, inspect_module, inspect_op, inspect_value
from hexviz.app.search import Hit, search
from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import HexvizError
from hexviz.tagging.summary import op_record
from hexviz.view.state import ViewState

__all__ = ["highlight", "inspect", "register"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("inspector", "children"),
        Output("highlight", "data"),
        Output("address-shown", "data"),
        Input("selection", "data"),
        Input("view", "data"),
        Input("tab", "value"),
        prevent_initial_call=True,
    )
    def on_selection(
        selection: Selection, view: dict[str, Any] | None, tab: str
    ) -> tuple[Any, ...]:
        if not view:
            return no_update, no_update, no_update
        try:
            model = store.get(key_of(view))
            content = inspect(model, selection)
            state = from_store(view)
            marked = highlight(model, state, selection)
        except HexvizError:
            # The selection is of a model that has just been replaced.
            return no_update, None, no_update
        return content, marked, to_query(to_store(model.key, state), selection, tab)

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


def inspect(model: OpenModel, selection: Selection) -> list[Any]:
    """The inspector's content.

    Raises:
        UnknownOpError: if an op is selected that the model does not have.
    """
    graph = model.graph
    match selection:
        case {"kind": "op", "id": op_id}:
            return inspect_op(graph, graph.op(op_id))
        case {"kind": "module", "id": fqn} if fqn in graph.modules:
            return inspect_module(graph, graph.modules[fqn])
        case {"kind": "value", "id": value_id} if value_id in graph.flat.values:
            return inspect_value(graph, value_id)
    return inspect_model(graph)


def highlight(model: OpenModel, view: ViewState, selection: Selection) -> dict[str, Any] | None:
    """Which elements of the canvas to mark: the selected one and its chain of evidence.

    What is not in sight is marked on the closed box around it.
    """
    match selection:
        case {"kind": "op", "id": op_id}:
            op = model.graph.op(op_id)
            chain = op.context.evidence if op.context else op.provenance.evidence
            known = [step for step in chain if step in model.graph.positions]
            elements = [model.element(view, step) for step in known]
            return {
                "selected": model.element(view, op_id),
                "module": op.module,
                "evidence": [element for element in dict.fromkeys(elements) if element],
            }
        case {"kind": "value", "id": value_id}:
            kind = "i" if value_id in model.graph.flat.inputs else "u"
            return {"selected": f"{kind}:{value_id}", "module": "", "evidence": []}
        case {"kind": "module", "id": fqn}:
            return {"selected": model.box(view, fqn), "module": fqn, "evidence": []}
    return None


def _hit(hit: Hit) -> html.Button:
    attribute = "data-op" if hit.kind == "op" else "data-module"
    return html.Button(
        [html.B(hit.title), html.Span(hit.detail, className="quiet")],
        className="hit",
        role="option",
        **{attribute: hit.id},
    )
