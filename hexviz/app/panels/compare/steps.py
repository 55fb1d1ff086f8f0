"""Events of the compare tab: which graph to compare with, and which difference to look at."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hexviz.app.graph.navigation import select_module
from hexviz.app.models.open_model import OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.compare.kept import other_in
from hexviz.errors import SelectionError
from hexviz.view.sight import drawn_path
from hexviz.view.state import ViewState, count_visible

__all__ = ["COMPARING", "compare_step"]

COMPARING = frozenset({"compare", "difference"})
"""The kinds of these events."""

_MOST = 500  # ops that one selection holds
_READABLE = 300  # boxes and ops up to which modules are opened to show a difference


def compare_step(model: OpenModel, place: Place, kind: str, value: Any) -> Place:
    """The next place after such an event; a value without sense changes nothing.

    Raises:
        SelectionError: if nothing of a difference is in the open model.
    """
    if kind == "compare":
        return _compared(place, value)
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        return _looked_at(model, place, int(value))
    return place


def _compared(place: Place, value: Any) -> Place:
    other = other_in(value)
    if other is None or value == place.compared:
        return place
    colour = "module" if place.view.colour == "compared" else place.view.colour
    view = replace(place.view, colour=colour)
    return replace(place, compared=value, view=view, lit=frozenset())


def _looked_at(model: OpenModel, place: Place, at: int) -> Place:
    found = model.comparison(place.compared)
    if found is None or at >= len(found.differences):
        raise SelectionError("That comparison is gone: compare the two graphs again.")
    known = model.graph.positions
    ops = [one for one in found.ops(at) if one in known][:_MOST]
    if not ops:
        module = found.differences[at]["module"]
        if module not in model.graph.modules:
            raise SelectionError("These ops are in the other graph: open it to see them.")
        view, selection = select_module(model, place.view, module)
        return replace(place, view=view, selection=selection)
    view = _opened(model, replace(place.view, hidden=frozenset()), ops)
    if len(ops) == 1:
        return replace(place, view=view, selection=("op", ops[0]))
    return replace(place, view=view, selection=("ops", json.dumps(ops)))


def _opened(model: OpenModel, view: ViewState, ops: list[str]) -> ViewState:
    """The view with the boxes open that the ops are in, as far as it stays readable."""
    index = model.index(view.placement)
    apart = model.apart(view)
    homes = dict.fromkeys(index.home[model.graph.positions[one]] for one in ops)
    for home in homes:
        wider = replace(view, open=view.open.union(drawn_path(index, home, apart)))
        if wider != view and count_visible(index, wider) <= _READABLE:
            view = wider
    return view
