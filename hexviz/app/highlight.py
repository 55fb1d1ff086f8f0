"""What the canvas marks: the selection and its evidence, a trace, what the legend lights."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from hexviz.app.place import Place
from hexviz.app.store import OpenModel
from hexviz.model.reach import between, downstream, upstream
from hexviz.view.index import Index
from hexviz.view.render import Rendered

__all__ = ["Highlight", "highlight"]


class Highlight(TypedDict):
    """What the canvas marks, by ids of its elements; ``row`` is the key of a row of the tree.

    ``traced`` and ``lit`` are ``None`` where nothing is traced or lit. ``note``
    says what is traced.
    """

    selected: str | None
    row: str | None
    evidence: list[str]
    traced: list[str] | None
    lit: list[str] | None
    note: str


def highlight(model: OpenModel, place: Place, drawn: Rendered) -> Highlight:
    """Which elements of the canvas to mark: selected, its chain of evidence, traced, lit.

    What is not in sight is marked on the closed box around it.
    """
    graph, view = model.graph, place.view
    index = model.index(view.placement)
    marked = Highlight(selected=None, row=None, evidence=[], traced=None, lit=None, note="")
    match place.selection:
        case "op", op_id if op_id in graph.positions:
            op = graph.op(op_id)
            chain = op.context.evidence if op.context else op.provenance.evidence
            known = [graph.positions[step] for step in chain if step in graph.positions]
            elements = dict.fromkeys(drawn.element(index, step) for step in known)
            marked["selected"] = drawn.element(index, graph.positions[op_id])
            marked["row"] = index.home[graph.positions[op_id]]
            marked["evidence"] = [one for one in elements if one]
        case "value", value_id:
            marked["selected"] = f"{'i' if value_id in graph.flat.inputs else 'u'}:{value_id}"
        case "edge", edge_id:
            marked["selected"] = edge_id
        case "module", fqn:
            marked["selected"] = model.box(view, fqn)
            marked["row"] = index.box_of(fqn)
    if marked["row"] is not None:
        shown = model.box(view, index.containers[marked["row"]].face)
        marked["row"] = shown[2:] if shown else ""
    if place.lit:
        marked["lit"] = sorted(place.lit)
    if place.trace:
        marked["traced"], marked["note"] = _traced(model, index, place, drawn)
    return marked


def _traced(model: OpenModel, index: Index, place: Place, drawn: Rendered) -> tuple[list[str], str]:
    """The elements that show what is traced, and what that is in words."""
    trace, graph = place.trace, model.graph
    assert trace is not None  # noqa: S101 - for the type checker; the caller looked
    start = graph.positions[trace.op]
    match trace.way:
        case "up":
            found, words = upstream(graph.flat, start), f"that {graph.ops[start].op_type} needs"
        case "down":
            found, words = downstream(graph.flat, start), f"that need {graph.ops[start].op_type}"
        case "between":
            end = graph.positions[trace.to]
            found = between(graph.flat, start, end)
            words = f"between {graph.ops[start].op_type} and {graph.ops[end].op_type}"
    traced = np.zeros(len(drawn.owner), dtype=np.bool_)
    traced[index.slot_of[list(found)]] = True
    if trace.way == "up":  # and the model's inputs
        traced[index.source[traced[index.target]]] = True
    elif trace.way == "down":
        traced[index.target[traced[index.source]]] = True
    shown = np.unique(drawn.owner[traced])
    others = len(found) - (trace.way != "between")
    note = f"{others:,} {'op' if others == 1 else 'ops'} {words}"
    if trace.way == "between" and not found:
        note = f"There is no way {words}."
    return [drawn.shown[at] for at in shown.tolist() if at >= 0], note
