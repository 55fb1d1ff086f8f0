"""The inspector's content for what is selected: ops, a module, a value, an edge, or nothing."""

from __future__ import annotations

from typing import Any

from hexviz.app import html
from hexviz.app.graph.findings import numbered
from hexviz.app.graph.navigation import meaning, ops_in
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.inspector.call import inspect_call
from hexviz.app.panels.inspector.module import (
    inspect_model,
    inspect_module,
    inspect_several,
    stack_note,
)
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.panels.inspector.value import inspect_edge, inspect_value
from hexviz.app.panels.parts import module_link, move_field
from hexviz.app.protocol import PageState
from hexviz.model.wording import counted
from hexviz.view.modes import policy_of
from hexviz.view.state import ViewState
from hexviz.view.what_if import NAMES

__all__ = ["inspect"]


def inspect(model: OpenModel, state: PageState) -> list[Any]:
    """The inspector's content.

    Raises:
        UnknownOpError: if an op is selected that the model does not have.
    """
    graph, view = model.graph, state.view
    match state.selection:
        case "op", op_id:
            tools = [
                *what_if_line(model, view, op_id),
                trace_tools(op_id),
                *_moving(model, op_id),
            ]
            return inspect_op(
                *(graph, model.explain(op_id), state, *tools),
                findings=numbered(model, op_id),
                key=model.key,
                group=model.call(view, op_id),
            )
        case "ops", ids if found := ops_in(model, ids):
            field = move_field(graph, "ops", ids, f"Move the {len(found)} ops to another module")
            head, *rest = inspect_several(graph, found)
            return [head, field, *rest]
        case "module", fqn if fqn in graph.modules:
            stack = stack_note(model, view, fqn)
            return [
                *inspect_module(
                    graph, graph.modules[fqn], _given_tool(fqn), stack=stack, renames=True
                ),
                *_moving_own(model, fqn),
            ]
        case "call", key if key in (calls := model.index(view.placement).calls):
            return inspect_call(graph, calls[key])
        case "value", value_id if value_id in graph.flat.values:
            return inspect_value(graph, value_id, model.key)
        case "edge", edge_id:
            drawn = model.render(view, "light", state.answers)
            data = (element["data"] for element in drawn.elements)
            edge = next((one for one in data if one["id"] == edge_id and "source" in one), None)
            if edge is not None:
                ends = [_called(model, view, str(edge[end])) for end in ("source", "target")]
                return inspect_edge(graph, model.edge_values(state, edge), *ends)
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


def _given_tool(fqn: str) -> html.Button:
    return html.Button(
        "Show what it gave its tag to",
        className="tool",
        **{"data-event": "trace-given", "data-value": fqn},
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


def _called(model: OpenModel, view: ViewState, element: str) -> str:
    """What an element of the canvas is called, by its id."""
    graph = model.graph
    match meaning(model, view.placement, element):
        case "op", op_id:
            op = graph.op(op_id)
            return f"{op.op_type} {op.id} in {op.tag}"
        case "module", fqn:
            return graph.modules[fqn].tag
        case "call", key:
            call = model.index(view.placement).calls[key]
            return f"{call.label} in {graph.modules[call.module].tag}"
    return element.partition(":")[2]
