"""What the canvas marks: the selection and its evidence, a trace, what the legend lights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hexviz.app.graph.evidence import Shown, evidence, given, ranges, step_note
from hexviz.app.graph.navigation import ops_in
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import Badge, Highlight, PageState, Steps
from hexviz.model.wording import counted
from hexviz.view.index import Index
from hexviz.view.render import Rendered

__all__ = ["highlight"]

_MOST_BADGES = 32


def highlight(model: OpenModel, state: PageState, drawn: Rendered) -> Highlight:
    """Which elements of the canvas to mark: selected, its chain of evidence, traced, lit.

    What is not in sight is marked on the closed box around it.
    """
    graph, view = model.graph, state.view
    index = model.index(view.placement)
    marked = Highlight()
    match state.selection:
        case "op", op_id if op_id in graph.positions:
            op = graph.op(op_id)
            marked.selected = drawn.element(index, graph.positions[op_id])
            marked.said = f"Selected {op.op_type} {op.id} in {op.tag}"
            marked.row = index.home[graph.positions[op_id]]
            path = evidence(model, state)
            if path is not None:
                marked.steps = _steps(model, index, path, drawn)
                marked.evidence = [badge.id for badge in marked.steps.badges]
        case "ops", ids:
            shown_by = (drawn.element(index, graph.positions[one]) for one in ops_in(model, ids))
            marked.evidence = [one for one in dict.fromkeys(shown_by) if one]
            marked.said = f"Selected {counted(len(ops_in(model, ids)), 'op')}"
        case "value", value_id:
            marked.selected = f"{'i' if value_id in graph.flat.inputs else 'u'}:{value_id}"
            marked.said = f"Selected the value {graph.value(value_id).name}"
        case "edge", edge_id:
            marked.selected = edge_id
            marked.said = "Selected a line"
        case "module", fqn:
            marked.selected = model.box(view, fqn)
            module = graph.modules[fqn]
            kind = "recovered module" if module.is_recovered else "module"
            marked.said = f"Selected the {kind} {module.tag}"
            marked.row = index.box_of(fqn)
        case "call", key if key in index.calls:
            marked.selected = model.box(view, key)
            marked.row = key
    if marked.row is not None:
        box = index.containers[marked.row]
        shown = model.box(view, box.key if box.is_call else box.face)
        marked.row = shown[2:] if shown else ""
    if state.lit:
        marked.lit = sorted(state.lit)
    if state.trace:
        marked.traced, marked.note = _traced(model, index, state, drawn)
    return marked


def _steps(model: OpenModel, index: Index, path: Shown, drawn: Rendered) -> Steps:
    """The numbers of a path on what shows its steps: the op, or the closed box around it."""
    graph = model.graph
    numbers: dict[str, list[int]] = {}
    for at, step in enumerate(path.steps, start=1):
        position = graph.positions.get(step.op)
        element = drawn.element(index, position) if position is not None else None
        if element is not None:
            numbers.setdefault(element, []).append(at)
    here = path.current.op if path.current else path.op
    return Steps(
        op=path.op,
        path=path.path,
        at=path.at,
        of=len(path.steps),
        note=step_note(graph, path),
        look=drawn.element(index, graph.positions[here]) if here in graph.positions else None,
        badges=[
            Badge(id=element, numbers=ranges(shown), current=path.at in shown)
            for element, shown in list(numbers.items())[:_MOST_BADGES]
        ],
    )


def _traced(
    model: OpenModel, index: Index, state: PageState, drawn: Rendered
) -> tuple[list[str], str]:
    """The elements that show what is traced, and what that is in words."""
    trace, graph = state.trace, model.graph
    assert trace is not None  # noqa: S101 - for the type checker; the caller looked
    if trace.way == "given":
        return _given(model, index, trace.op, drawn)
    start = graph.positions[trace.op]
    match trace.way:
        case "up":
            found, words = graph.flat.upstream(start), f"that {graph.ops[start].op_type} needs"
        case "down":
            found, words = graph.flat.downstream(start), f"that need {graph.ops[start].op_type}"
        case "between":
            end = graph.positions[trace.to]
            found = graph.flat.between(start, end)
            words = f"between {graph.ops[start].op_type} and {graph.ops[end].op_type}"
    traced = np.zeros(len(drawn.owner), dtype=np.bool_)
    traced[index.slot_of[list(found)]] = True
    if trace.way == "up":  # and the model's inputs
        traced[index.source[traced[index.target]]] = True
    elif trace.way == "down":
        traced[index.target[traced[index.source]]] = True
    others = len(found) - (trace.way != "between")
    note = f"{counted(others, 'op')} {words}"
    if trace.way == "between" and not found:
        note = f"There is no way {words}."
    return _shown(drawn, traced), note


def _given(model: OpenModel, index: Index, fqn: str, drawn: Rendered) -> tuple[list[str], str]:
    """The elements that show what has its tag or context from a module, and how much that is."""
    graph = model.graph
    inherited, serving = given(graph, fqn)
    found = [*inherited, *serving]
    traced = np.zeros(len(drawn.owner), dtype=np.bool_)
    traced[index.slot_of[found]] = True
    count, tag = len(found), graph.modules[fqn].tag
    if not found:
        return [], f"No op has its tag or context from {tag}."
    parts = [f"{len(inherited):,} inherited"] * bool(inherited)
    parts += [f"{len(serving):,} {'serves' if len(serving) == 1 else 'serve'} it"] * bool(serving)
    have = "op has its" if count == 1 else "ops have their"
    return _shown(drawn, traced), f"{count:,} {have} tag or context from {tag}: {', '.join(parts)}"


def _shown(drawn: Rendered, slots: npt.NDArray[np.bool_]) -> list[str]:
    """The elements that show some slots."""
    found = np.unique(drawn.owner[slots])
    return [drawn.shown[at] for at in found.tolist() if at >= 0]
