"""What a person does with two graphs side by side: pure steps from one state to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hexviz.app import protocol
from hexviz.app.graph import navigation
from hexviz.app.graph.side_by_side import SideBySide, as_selection
from hexviz.app.models.alignment import place_of
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import MOST_OPS, NOTHING, CompareEvent, PageState, Selection
from hexviz.errors import SelectionError
from hexviz.view.sight import drawn_path
from hexviz.view.state import ViewState, count_visible

__all__ = ["compare_step"]

_READABLE = 300  # boxes and ops up to which modules are opened to show a difference


def compare_step(pair: SideBySide, state: PageState, event: CompareEvent) -> PageState:
    """The state after an event; one that makes no sense there changes nothing.

    Raises:
        HexvizError: with the reason, if the next state cannot be shown.
    """
    state = pair.level(state)
    match event:
        case protocol.ToggleOther(value=key):
            return _toggled(pair, state, key)
        case protocol.SelectOther(value=("op", op)) if op in pair.other.graph.positions:
            return _selected(state, pair.alignment.ops_back.get(op, ()), ("op", op))
        case protocol.SelectOther(value=("module", fqn)) if fqn in pair.other.graph.modules:
            own = pair.alignment.modules_back.get(fqn)
            here: Selection = ("module", own) if own is not None else NOTHING
            other = replace(state.other, selection=("module", fqn))
            return replace(state, selection=here, other=other)
        case protocol.SelectOther(value=("value", value)):
            known = value in pair.own.graph.flat.values
            other = replace(state.other, selection=("value", value))
            return replace(state, selection=("value", value) if known else NOTHING, other=other)
        case protocol.ShowDifference(value=at):
            return _difference(pair, state, int(at))
    return state


def _selected(state: PageState, own: Sequence[str], chosen: Selection) -> PageState:
    other = replace(state.other, selection=chosen)
    return replace(state, selection=as_selection(list(own)[:MOST_OPS]), other=other)


def _toggled(pair: SideBySide, state: PageState, key: str) -> PageState:
    """A box of the other graph, opened or closed; with its counterpart, if it has one."""
    placement = state.view.placement
    if key not in pair.other.index(placement).containers:
        return state
    own = pair.own_box(key, placement)
    if own is not None:
        return replace(state, view=navigation.toggle(pair.own, state.view, own))
    other = replace(state.other, open=state.other.open ^ {key})
    return replace(state, other=other)


def _difference(pair: SideBySide, state: PageState, at: int) -> PageState:
    """The ops of a difference, selected in both graphs, in boxes that are open."""
    if at >= len(pair.found.differences):
        raise SelectionError("There is no such difference: choose one in the list.")
    state = replace(state, difference=at, view=replace(state.view, hidden=frozenset()))
    own = [op for op in pair.found.ops(at) if op in pair.own.graph.positions][:MOST_OPS]
    known = pair.other.graph.positions
    others = [op for op in pair.found.others_ops(at) if op in known][:MOST_OPS]
    if not own and not others:
        return _of_module(pair, state, pair.found.differences[at]["module"])
    around = own or place_of(
        pair.other.graph, [known[op] for op in others], pair.alignment.ops_back
    )
    view = _opened(pair.own, state.view, around)
    state = _selected(replace(state, view=view), own, as_selection(others))
    return _opened_there(pair, state, others)


def _of_module(pair: SideBySide, state: PageState, fqn: str) -> PageState:
    """A difference without ops: its module, where this graph has it; else nothing is selected."""
    own = fqn if fqn in pair.own.graph.modules else pair.alignment.modules_back.get(fqn)
    if not own:  # of the model as a whole, such as the name of an output
        return replace(
            state, selection=NOTHING, trace=None, other=replace(state.other, selection=NOTHING)
        )
    view, selection = navigation.select_module(pair.own, state.view, own)
    return replace(
        state, view=view, selection=selection, other=replace(state.other, selection=NOTHING)
    )


def _opened(model: OpenModel, view: ViewState, ops: Sequence[str]) -> ViewState:
    """The view with the boxes open that the ops are in."""
    index = model.index(view.placement)
    for home in dict.fromkeys(index.home[model.graph.positions[op]] for op in ops):
        view = _with_box(model, view, home)
    return view


def _with_box(model: OpenModel, view: ViewState, key: str) -> ViewState:
    """The view with a box open, and all around it, as far as it stays readable."""
    index = model.index(view.placement)
    wider = replace(view, open=view.open.union(drawn_path(index, key, model.apart(view))))
    return wider if count_visible(index, wider) <= _READABLE else view


def _opened_there(pair: SideBySide, state: PageState, ops: Sequence[str]) -> PageState:
    """The state with the boxes of the other graph open that its ops are in.

    By their counterparts in this graph, where they have such.
    """
    index, view = pair.other.index(state.view.placement), state.view
    only_there: set[str] = set()
    for home in dict.fromkeys(index.home[pair.other.graph.positions[op]] for op in ops):
        for key in index.path(home)[1:]:
            own = pair.own_box(key, view.placement)
            if own is None:
                only_there.add(key)
            else:
                view = _with_box(pair.own, view, own)
    other = replace(state.other, open=state.other.open | only_there)
    return replace(state, view=view, other=other)
