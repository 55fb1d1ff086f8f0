"""Corrections on the page: each leads from one model to an edited one, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from hexviz.app.graph.navigation import ops_in, still_there
from hexviz.app.graph.renaming import carried, names_between
from hexviz.app.graph.search import search
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import (
    Accept,
    Edit,
    KeepWhatIf,
    LeaveOutBlocks,
    Move,
    MoveOps,
    PageState,
    PutBack,
    Redo,
    Rename,
    Undo,
)
from hexviz.errors import SelectionError
from hexviz.tagging.finding import takes_at_once
from hexviz.tagging.override import known_module
from hexviz.tagging.policies import changes, what_if

__all__ = ["Models", "apply_edit"]

_MOST_UNDONE = 50  # steps that can be taken again


class Models(Protocol):
    """Where models and their corrections are: a server's store, or a view of a notebook."""

    def get(self, key: object) -> OpenModel:
        """The model with a key; a :class:`~hexviz.errors.SourceError` if there is none."""
        ...

    def edit(self, model: OpenModel, changes: Mapping[str, str | None]) -> OpenModel:
        """The model with more overrides (op id → FQN); ``None`` takes back what a person set."""
        ...

    def rename(self, model: OpenModel, block: str, name: str) -> OpenModel:
        """The model with another name for a recovered block and its copies."""
        ...

    def leave_out(self, model: OpenModel) -> OpenModel:
        """The model without its recovered blocks."""
        ...


def apply_edit(
    store: Models, model: OpenModel, state: PageState, event: Edit
) -> tuple[OpenModel, PageState]:
    """The model and the state of the page after a correction, which may change nothing.

    Raises:
        HexvizError: with the reason, if it cannot be done.
    """
    match event:
        case Undo():
            if model.edit is None:
                return model, state
            undone = (model.key, *state.redo)[:_MOST_UNDONE]
            return _moved(model, store.get(model.edit.before), replace(state, redo=undone))
        case Redo():
            if not state.redo:
                return model, state
            again, *rest = state.redo
            return _moved(model, store.get(again), replace(state, redo=tuple(rest)))
        case Rename(value=renaming):
            edited = store.rename(model, renaming.module, renaming.to.strip())
        case LeaveOutBlocks():
            edited = store.leave_out(model)
        case _:
            edited = store.edit(model, _changes(model, event))
    if edited is model:
        return model, state
    return _moved(model, edited, replace(state, redo=()))


def _changes(model: OpenModel, event: Edit) -> Mapping[str, str | None]:
    """The module that each op moves to; ``None`` puts it back."""
    graph = model.graph
    match event:
        case MoveOps(value=move):
            return dict.fromkeys(_moving(model, move), _module(model, move.to))
        case PutBack(value=op):
            return {graph.op(op).id: None}
        case Accept(value=finding):
            return _accepted(model, finding)
        case KeepWhatIf(value=policy):
            answers = what_if(graph, policy)
            moved = (at for found in changes(graph, answers).values() for at in found)
            return {graph.ops[at].id: answers[at] for at in moved}
    return {}


def _moving(model: OpenModel, move: Move) -> list[str]:
    """The ids of the ops that a person moves."""
    graph, what = model.graph, move.what
    match move.kind:
        case "op":
            return [graph.op(what).id]
        case "ops":
            return ops_in(model, what)
        case "own":
            return list(graph.modules[what].ops) if what in graph.modules else []
        case "found":
            return [graph.ops[at].id for at in search(model.searching, what, most=0).ops]


def _accepted(model: OpenModel, accepted: str) -> dict[str, str | None]:
    """What a finding, or all that are sure enough, would move: ``KEY:2``, ``KEY:all``.

    The key is that of the model whose findings a person saw: by now there may be others.
    """
    key, _, which = accepted.partition(":")
    if key != model.key:
        raise SelectionError("The findings have changed since they were listed: look again.")
    if which == "all":
        moves = filter(takes_at_once, reversed(model.findings))
        return {op: one.module for one in moves for op in one.ops}
    if not which.isdecimal() or len(which) > 9 or int(which) >= len(model.findings):
        return {}
    finding = model.findings[int(which)]
    return {} if finding.module is None else dict.fromkeys(finding.ops, finding.module)


def _module(model: OpenModel, name: str) -> str:
    """The FQN that a person named, by itself or by its tag."""
    name = name.strip()
    if not name:
        raise SelectionError("Say where to: the name of a module, or / for the root.")
    tree = model.graph.modules
    if name in ("/", "the root"):
        return ""
    return tree.by_tag.get(name) or known_module(model.graph, name)


def _is_bare(model: OpenModel) -> bool:
    return model.edit is not None and model.edit.bare


def _begun(model: OpenModel, state: PageState) -> PageState:
    """The first view of a model with other modules, on the tab and in the colours of before."""
    first, was = model.first_view(state.view.placement), state.view
    view = replace(first, colour=was.colour, gather=was.gather)
    return PageState(view, numbers=state.numbers, redo=state.redo, tab=state.tab)


def _moved(before: OpenModel, model: OpenModel, state: PageState) -> tuple[OpenModel, PageState]:
    """The state in another model of the same ops, without boxes that it does not have."""
    if _is_bare(before) != _is_bare(model):
        return model, _begun(model, state)
    names = names_between(before, model)
    if names is not None:
        state = carried(state, names)
    view = state.view
    index = model.index(view.placement)
    view = replace(
        view,
        open=frozenset(key for key in view.open if key in index.containers),
        apart=frozenset(key for key in view.apart if key in index.stacks),
    )
    selection = still_there(model, view.placement, state.selection)
    return model, replace(state, view=view, selection=selection)
