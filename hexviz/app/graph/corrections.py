"""Corrections on the page: each leads from one model to an edited one, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hexviz.app.graph.box_selection import ops_in
from hexviz.app.graph.search import search
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.page_state import Place
from hexviz.errors import SelectionError
from hexviz.tagging.override import known_module
from hexviz.tagging.policies import POLICIES, changes, what_if

__all__ = ["EDITS", "apply_edit"]

EDITS = ("move-ops", "put-back", "accept", "keep-what-if", "undo", "redo")
"""The events that change tags."""

_MOST_UNDONE = 50  # steps that can be taken again


def apply_edit(
    store: ModelStore, model: OpenModel, place: Place, kind: str, value: Any
) -> tuple[OpenModel, Place]:
    """The model and place after a correction; a value without sense changes nothing.

    Raises:
        HexvizError: with the reason, if what is asked cannot be done.
    """
    if kind == "undo":
        if model.edit is None:
            return model, place
        undone = (model.key, *place.redo)[:_MOST_UNDONE]
        return _moved(store.get(model.edit.before), replace(place, redo=undone))
    if kind == "redo":
        if not place.redo:
            return model, place
        again, *rest = place.redo
        return _moved(store.get(again), replace(place, redo=tuple(rest)))
    edited = store.edit(model, _changes(model, kind, value))
    if edited is model:
        return model, place
    return _moved(edited, replace(place, redo=()))


def _changes(model: OpenModel, kind: str, value: Any) -> Mapping[str, str | None]:
    graph = model.graph
    match kind, value:
        case "move-ops", ["op", str(op), str(target)]:
            return {graph.op(op).id: _module(model, target)}
        case "move-ops", ["ops", str(told), str(target)]:
            return dict.fromkeys(ops_in(model, told), _module(model, target))
        case "move-ops", ["own", str(fqn), str(target)] if fqn in graph.modules:
            return dict.fromkeys(graph.modules[fqn].ops, _module(model, target))
        case "move-ops", ["found", str(query), str(target)]:
            module = _module(model, target)
            return {graph.ops[at].id: module for at in search(model.searching, query, most=0).ops}
        case "put-back", str():
            return {graph.op(value).id: None}
        case "accept", str():
            return _accepted(model, value)
        case "keep-what-if", str() if value in POLICIES:
            answers = what_if(graph, value)
            moved = (at for found in changes(graph, answers).values() for at in found)
            return {graph.ops[at].id: answers[at] for at in moved}
    return {}


def _accepted(model: OpenModel, told: str) -> dict[str, str | None]:
    """What a finding, or all that matter, would move: ``KEY:2``, ``KEY:all``.

    The key is that of the model whose findings a person saw: by now there may be others.
    """
    key, _, which = told.partition(":")
    if key != model.key:
        raise SelectionError("The findings have changed since they were listed: look again.")
    if which == "all":
        moves = [one for one in reversed(model.findings) if one.severity != "info"]
        return {op: one.module for one in moves if one.module is not None for op in one.ops}
    if not which.isdecimal() or len(which) > 9 or int(which) >= len(model.findings):
        return {}
    finding = model.findings[int(which)]
    return {} if finding.module is None else dict.fromkeys(finding.ops, finding.module)


def _module(model: OpenModel, told: str) -> str:
    """The FQN that a person named, by itself or by its tag."""
    told = told.strip()
    if not told:
        raise SelectionError("Say where to: the name of a module, or / for the root.")
    tree = model.graph.modules
    if told in ("/", "the root"):
        return ""
    return tree.by_tag.get(told) or known_module(model.graph, told)


def _moved(model: OpenModel, place: Place) -> tuple[OpenModel, Place]:
    """The place in another model of the same ops, without boxes that it does not have."""
    view = place.view
    index = model.index(view.placement)
    view = replace(
        view,
        open=frozenset(key for key in view.open if key in index.containers),
        apart=frozenset(key for key in view.apart if key in index.stacks),
    )
    return model, replace(place, view=view)
