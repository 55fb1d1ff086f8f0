"""What a person does in the filter's tab, as pure steps from one place to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hexviz.app.graph.box_selection import ops_in
from hexviz.app.graph.search import search
from hexviz.app.graph.tree import names_of
from hexviz.app.models.store import OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.filter.filtered import known_wish
from hexviz.app.panels.filter.ticks import of_modules, turn, uneven_stacks, with_ops
from hexviz.app.panels.filter.wish import Wish, wish_in
from hexviz.errors import SelectionError
from hexviz.extraction.scope import known_policy
from hexviz.extraction.selection import NOTHING, selection
from hexviz.view import state as views
from hexviz.view.state import ViewState

__all__ = ["FILTERING", "filter_step"]

FILTERING = (
    "tab",
    "tick",
    "keep",
    "keep-found",
    "keep-selection",
    "keep-nothing",
    "leave",
    "policy",
    "fill",
    "wish",
)
"""The events of the tab."""


def filter_step(model: OpenModel, place: Place, kind: str, value: Any) -> Place:
    """The place after an event; a value without sense changes nothing.

    Raises:
        HexvizError: with the reason, if what is asked for means nothing here.
    """
    if kind == "tab":
        filtering = value == "filter"
        return (
            place
            if filtering == place.filtering
            else replace(place, filtering=filtering, lit=frozenset())
        )
    place = replace(place, wish=known_wish(model.graph, place.wish))
    wish = _wish(model, place, kind, value)
    if wish == place.wish:
        return place
    return replace(place, wish=wish, view=_taken_apart(model, place.view, wish))


def _wish(model: OpenModel, place: Place, kind: str, value: Any) -> Wish:
    graph, wish = model.graph, place.wish
    match kind, value:
        case "tick", str():
            names = names_of(model.index(place.view.placement), value)
            return turn(graph, wish, names) if names else wish
        case "keep", str() if value.strip():
            return _named(model, wish, value.strip())
        case "keep-found", str():
            if not value.strip():
                raise SelectionError("Search for something first, with the field above the tree.")
            found = search(model.searching, value, most=0).ops
            if not found:
                raise SelectionError("The search finds no op.")
            return with_ops(graph, wish, {*wish.selected.positions(graph), *found})
        case "keep-selection", _:
            return _selected(model, place)
        case "keep-nothing", _:
            return replace(wish, selected=NOTHING)
        case "leave", str():
            return _without(model, wish, value)
        case "policy", str():
            return replace(wish, policy=known_policy(value))
        case "fill", "yes" | "no":
            return replace(wish, fill=value == "yes")
        case "wish", str():
            return wish_in(value, model.has_module, graph.positions.__contains__)
    return wish


def _named(model: OpenModel, wish: Wish, told: str) -> Wish:
    """With modules that a person named, by FQN, tag or pattern; after a minus, without them."""
    graph = model.graph
    chosen = set(wish.selected.positions(graph))
    if not told.startswith("-"):
        return with_ops(graph, wish, chosen.union(selection(graph, [told]).positions(graph)))
    named = set(selection(graph, [told[1:].strip()]).positions(graph))
    if not named & chosen:
        raise SelectionError(f"Nothing of {told[1:].strip()!r} is selected.")
    return with_ops(graph, wish, chosen - named)


def _selected(model: OpenModel, place: Place) -> Wish:
    graph, wish = model.graph, place.wish
    match place.selection:
        case "module", fqn if model.has_module(fqn):
            found = of_modules(graph, [fqn])
        case "op", op if op in graph.positions:
            found = {graph.positions[op]}
        case "ops", told:
            found = {graph.positions[one] for one in ops_in(model, told)}
        case _:
            found = set()
    if not found:
        raise SelectionError("Click a module or an op first, or draw a frame with Shift.")
    return with_ops(graph, wish, found.union(wish.selected.positions(graph)))


def _without(model: OpenModel, wish: Wish, told: str) -> Wish:
    """Without one of the names that a wish is made of: ``keep:FQN``, ``except:FQN``, ``ops:``."""
    graph, selected = model.graph, wish.selected
    kind, _, fqn = told.partition(":")
    chosen = set(selected.positions(graph))
    match kind:
        case "keep" if fqn in selected.modules:
            return with_ops(graph, wish, chosen - of_modules(graph, [fqn]))
        case "except" if fqn in selected.exclude:
            return with_ops(graph, wish, chosen | of_modules(graph, [fqn]))
        case "ops":
            return with_ops(graph, wish, chosen - {graph.positions[one] for one in selected.ops})
    return wish


def _taken_apart(model: OpenModel, view: ViewState, wish: Wish) -> ViewState:
    """The view with the members of a stack one by one where they are not selected alike."""
    index = model.index(view.placement)
    wider = view
    for key in uneven_stacks(index, wish.selected.positions(model.graph)):
        if key not in wider.apart:
            wider = views.take_apart(wider, index, key)
    return wider if views.count_visible(index, wider) <= views.MOST_NODES else view
