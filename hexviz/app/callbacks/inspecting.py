"""The selection: inspector, highlight, link, search results, table of ops."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from hexviz.app.address import from_store, key_of, to_query
from hexviz.app.graph.box_selection import ops_in
from hexviz.app.graph.picture import painted
from hexviz.app.graph.search import Hit, search
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.inspector import (
    inspect_edge,
    inspect_model,
    inspect_module,
    inspect_op,
    inspect_value,
)
from hexviz.app.panels.inspector.move import move_field
from hexviz.app.panels.inspector.parts import counted, module_link
from hexviz.app.panels.inspector.several import inspect_several
from hexviz.app.panels.inspector.stacks import stack_note
from hexviz.errors import HexvizError
from hexviz.tagging.summary import op_record
from hexviz.view.colouring import policy_of
from hexviz.view.palette import Theme
from hexviz.view.state import ViewState, is_hidden
from hexviz.view.svg import to_svg
from hexviz.view.what_if import NAMES

__all__ = ["hits", "inspect", "register", "table"]


_FIELDS = ("id", "op_type", "tag", "origin", "rule", "confidence", "auxiliary")
"""What the table shows of an op, beside its context."""


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("inspection", "data"),
        Input("view", "data"),
        Input("tab", "value"),
        prevent_initial_call=True,
    )
    def on_place(stored: dict[str, Any] | None, tab: str) -> Any:
        if not stored:
            return no_update
        try:
            model = store.get(key_of(stored))
            place = from_store(stored)
            content = inspect(model, place)
        except HexvizError:
            # The selection is of a model that has just been replaced.
            return no_update
        return {"content": content, "address": to_query(model.key, place, tab)}

    @app.callback(
        Output("found", "data"),
        Input("search", "value"),
        Input("model", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_search(query: str | None, _model: str, stored: dict[str, Any] | None) -> list[Any]:
        if not stored or not query or not query.strip():
            return []
        try:
            return hits(store.get(key_of(stored)), query)
        except HexvizError as error:
            return [html.Div(str(error), className="quiet", role="status")]

    @app.callback(
        Output("table", "data"),
        Output("table-holds", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("table-holds", "data"),
        prevent_initial_call=True,
    )
    def on_table(tab: str, stored: dict[str, Any] | None, holds: Any) -> tuple[Any, Any]:
        if tab != "ops" or not stored:
            return no_update, no_update
        try:
            model = store.get(key_of(stored))
        except HexvizError:
            return no_update, no_update
        place = from_store(stored)
        wanted = [model.key, sorted(place.view.hidden)]
        return table(model, place, filled=wanted == holds), wanted

    @app.callback(
        Output("svg", "data"),
        Input("svg-wanted", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_picture(wanted: dict[str, Any] | None, stored: dict[str, Any] | None) -> Any:
        if not wanted or not stored:
            return no_update
        try:
            model = store.get(key_of(stored))
            place = from_store(stored)
            theme: Theme = "dark" if wanted.get("theme") == "dark" else "light"
            elements, _ = painted(model, place, theme)
        except HexvizError:
            return no_update
        text = to_svg(elements, theme, title=model.graph.name)
        return {"text": text, "n": wanted.get("n")}


def table(model: OpenModel, place: Place, *, filled: bool) -> dict[str, Any]:
    """What changes in the table of ops: property → value.

    What the filter hides in the graph is not in the table either. Rows that
    are there already (``filled``) are not sent again.
    """
    view = place.view
    changes: dict[str, Any] = {"selectedRows": []}
    if not filled:
        changes["rowData"] = [
            {name: record[name] for name in _FIELDS}
            | {"context": op.context.tag if op.context else None}
            for op, record in ((op, op_record(op)) for op in model.graph.ops)
            if not view.hidden or not is_hidden(op.module, view.hidden)
        ]
    kind, what = place.selection
    if kind == "op":
        changes |= {"selectedRows": {"ids": [what]}, "scrollTo": {"rowId": what}}
    return changes


def hits(model: OpenModel, query: str) -> list[Any]:
    """The results of a search: how many there are, the best of them, and a way to move the ops.

    Raises:
        QueryError: if the search cannot be understood.
    """
    found = search(model.searching, query)
    if not found.ops and not found.modules:
        return [html.Div("Nothing found.", className="quiet", role="status")]
    move = f"Move the {counted(len(found.ops), 'op')} found to another module"
    counts = [f"{found.modules:,} modules"] * bool(found.modules) + [f"{len(found.ops):,} ops"]
    return [
        html.Div(
            [
                html.Span(", ".join(counts), className="quiet", role="status"),
                html.Button(
                    "‹",
                    className="tool",
                    title="Previous op found (p)",
                    **{"data-event": "previous-match", "aria-label": "Previous op found"},
                ),
                html.Button(
                    "›",
                    className="tool",
                    title="Next op found (n)",
                    **{"data-event": "next-match", "aria-label": "Next op found"},
                ),
            ],
            className="found",
        ),
        *(_hit(hit) for hit in found.hits),
        *([move_field(model.graph, "found", query, move)] if found.ops else []),
    ]


def inspect(model: OpenModel, place: Place) -> list[Any]:
    """The inspector's content.

    Raises:
        UnknownOpError: if an op is selected that the model does not have.
    """
    graph, view = model.graph, place.view
    match place.selection:
        case "op", op_id:
            content = inspect_op(graph, graph.op(op_id), place)
            tools = [trace_tools(op_id), *what_if_line(model, view, op_id)]
            return [*content[:2], *tools, *_moving(model, op_id), *content[2:]]
        case "ops", told if ops_in(model, told):
            found = ops_in(model, told)
            field = move_field(graph, "ops", told, f"Move the {len(found)} ops to another module")
            head, *rest = inspect_several(graph, found)
            return [head, field, *rest]
        case "module", fqn if fqn in graph.modules:
            content = inspect_module(graph, graph.modules[fqn])
            return [
                *content[:1],
                *stack_note(model, view, fqn),
                *content[1:],
                *_moving_own(model, fqn),
            ]
        case "value", value_id if value_id in graph.flat.values:
            return inspect_value(graph, value_id)
        case "edge", edge_id:
            edge = next(
                (
                    one["data"]
                    for one in model.render(view, "light", place.answers).elements
                    if one["data"]["id"] == edge_id and "source" in one["data"]
                ),
                None,
            )
            if edge is not None:
                ends = [_called(model, str(edge[end])) for end in ("source", "target")]
                return inspect_edge(graph, model.edge_values(place, edge), *ends)
    return inspect_model(graph)


def trace_tools(op_id: str) -> html.Div:
    """Buttons to trace what an op needs, what needs it, and the ways to another."""
    names = {"up": "What it needs", "down": "What needs it", "between": "Ways to…"}
    return html.Div(
        [
            html.Button(
                label, className="tool", **{"data-event": f"trace-{way}", "data-value": op_id}
            )
            for way, label in names.items()
        ],
        className="tool-row",
    )


def what_if_line(model: OpenModel, view: ViewState, op_id: str) -> list[Any]:
    """Where an op would be by the policy that colours the graph; nothing if none does."""
    policy = policy_of(view.colour)
    if policy is None:
        return []
    graph = model.graph
    op, at = graph.op(op_id), graph.positions[op_id]
    answer = model.what_if(policy).answers[at]
    if answer == op.module:
        where: list[Any] = [" it would stay where it is."]
    else:
        where = [" it would be in ", module_link(graph, answer)]
    return [html.P([f"By {NAMES[policy]}", *where], className="sentence", id="what-if-sentence")]


def _moving(model: OpenModel, op_id: str) -> list[Any]:
    """A field to move an op to another module, and a way back where a person has moved it."""
    graph = model.graph
    op, at = graph.op(op_id), graph.positions[op_id]
    near = (*graph.flat.predecessors[at], *graph.flat.successors[at])
    likely = [
        *(one.module for one in op.provenance.candidates),
        *(graph.ops[one].module for one in near),
    ]
    field = move_field(graph, "op", op_id, "Move to another module", likely)
    if model.edit is None or op_id not in model.edit.overrides:
        return [field]
    back = html.Button(
        "Put it back", className="link", **{"data-event": "put-back", "data-value": op_id}
    )
    return [field, back]


def _moving_own(model: OpenModel, fqn: str) -> list[Any]:
    """A field to move all of a module's own ops, where it has any."""
    own = len(model.graph.modules[fqn].ops)
    title = f"Move its own {counted(own, 'op')} to another module"
    return [move_field(model.graph, "own", fqn, title)] if own else []


def _called(model: OpenModel, element: str) -> str:
    """What an element of the canvas is called, by its id."""
    kind, _, what = element.partition(":")
    graph = model.graph
    if kind == "o" and what in graph.positions:
        op = graph.op(what)
        return f"{op.op_type} {op.id} in {op.tag}"
    if kind == "m" and what.partition("@")[0].partition("~")[0] in graph.modules:
        return graph.modules[what.partition("@")[0].partition("~")[0]].tag
    return what


def _hit(hit: Hit) -> html.Button:
    attribute = "data-op" if hit.kind == "op" else "data-module"
    return html.Button(
        [html.B(hit.title), html.Span(hit.detail, className="quiet")],
        className="hit",
        **{attribute: hit.id},
    )
