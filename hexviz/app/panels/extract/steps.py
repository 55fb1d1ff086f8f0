"""What a person does in the Extract tab, as pure steps from one state of the page to the next."""

from __future__ import annotations

from dataclasses import replace

from hexviz.app import protocol
from hexviz.app.address import choice_in
from hexviz.app.graph.navigation import ops_in
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.extract.ticks import of_modules, turn, uneven_stacks, with_ops
from hexviz.app.protocol import AnyEvent, ExtractChoice, PageState
from hexviz.errors import SelectionError
from hexviz.extraction.selection import NO_MODULES, selection
from hexviz.view import state as views
from hexviz.view.state import ViewState

__all__ = ["extract_step"]


def extract_step(model: OpenModel, state: PageState, event: AnyEvent) -> PageState:
    """The state of the page after an event of the Extract tab; another event changes nothing.

    Raises:
        HexvizError: with the reason, if the event means nothing here.
    """
    choice = _choice(model, state, event)
    if choice == state.choice:
        return state
    return replace(state, choice=choice, view=_taken_apart(model, state.view, choice))


def _choice(model: OpenModel, state: PageState, event: AnyEvent) -> ExtractChoice:
    graph, choice = model.graph, state.choice
    match event:
        case protocol.Tick(value=fqn) if model.has_module(fqn):
            return turn(graph, choice, [fqn])
        case protocol.KeepNamed(value=name) if name.strip():
            return _named(model, choice, name.strip())
        case protocol.KeepFound(value=query):
            if not query.strip():
                raise SelectionError("Search for something first, with the field above the tree.")
            found = model.found(query).ops
            if not found:
                raise SelectionError("The search finds no op.")
            return with_ops(graph, choice, {*choice.selected.positions(graph), *found})
        case protocol.KeepSelected():
            return _selected(model, state)
        case protocol.KeepNothing():
            return replace(choice, selected=NO_MODULES)
        case protocol.LeaveOut(value=name):
            return _without(model, choice, name)
        case protocol.ChoosePolicy(value=policy):
            return replace(choice, policy=policy)
        case protocol.FillHoles(value=answer):
            return replace(choice, fill=answer == "yes")
        case protocol.ChoosePart(value=query):
            return choice_in(query, model.has_module, graph.positions.__contains__)
    return choice


def _named(model: OpenModel, choice: ExtractChoice, name: str) -> ExtractChoice:
    """With modules that a person named, by FQN, tag or pattern; after a minus, without them."""
    graph = model.graph
    chosen = set(choice.selected.positions(graph))
    if not name.startswith("-"):
        return with_ops(graph, choice, chosen.union(selection(graph, [name]).positions(graph)))
    named = set(selection(graph, [name[1:].strip()]).positions(graph))
    if not named & chosen:
        raise SelectionError(f"Nothing of {name[1:].strip()!r} is selected.")
    return with_ops(graph, choice, chosen - named)


def _selected(model: OpenModel, state: PageState) -> ExtractChoice:
    graph, choice = model.graph, state.choice
    match state.selection:
        case "module", fqn if model.has_module(fqn):
            found = of_modules(graph, [fqn])
        case "op", op if op in graph.positions:
            found = {graph.positions[op]}
        case "call", key if key in (calls := model.index(state.view.placement).calls):
            found = set(calls[key].positions())
        case "ops", ids:
            found = {graph.positions[one] for one in ops_in(model, ids)}
        case _:
            found = set()
    if not found:
        raise SelectionError("Click a module or an op first, or draw a frame with Shift.")
    return with_ops(graph, choice, found.union(choice.selected.positions(graph)))


def _without(model: OpenModel, choice: ExtractChoice, name: str) -> ExtractChoice:
    """Without one of the names that a choice is made of: ``keep:FQN``, ``except:FQN``, ``ops:``."""
    graph, selected = model.graph, choice.selected
    kind, _, fqn = name.partition(":")
    chosen = set(selected.positions(graph))
    match kind:
        case "keep" if fqn in selected.modules:
            return with_ops(graph, choice, chosen - of_modules(graph, [fqn]))
        case "except" if fqn in selected.exclude:
            return with_ops(graph, choice, chosen | of_modules(graph, [fqn]))
        case "ops":
            return with_ops(graph, choice, chosen - {graph.positions[one] for one in selected.ops})
    return choice


def _taken_apart(model: OpenModel, view: ViewState, choice: ExtractChoice) -> ViewState:
    """The view with the members of a stack one by one where they are not selected alike."""
    index = model.index(view.placement)
    wider = view
    for key in uneven_stacks(index, choice.selected.positions(model.graph)):
        if key not in wider.apart:
            wider = views.take_apart(wider, index, key)
    return wider if views.count_visible(index, wider) <= views.MOST_NODES else view
