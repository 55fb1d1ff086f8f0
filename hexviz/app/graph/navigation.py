"""What a person does on the page, as pure steps from one view to the next."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import MOST_OPS, NOTHING, PageState, Selection
from hexviz.errors import ViewLimitError
from hexviz.model.fqn import is_within
from hexviz.view import state as views
from hexviz.view.containers import Container
from hexviz.view.elements import count_elements
from hexviz.view.index import Placement
from hexviz.view.scene import build_scene
from hexviz.view.state import ViewState

__all__ = [
    "MOST_ELEMENTS",
    "closed_for_room",
    "enclosed",
    "left_closed",
    "meaning",
    "open_level",
    "ops_in",
    "place_auxiliary",
    "select_call",
    "select_module",
    "select_op",
    "selected_ops",
    "selection_of",
    "still_there",
    "toggle",
    "turn_stack",
]

_MOST = f"{views.MOST_NODES} is the most that this page draws"

MOST_ELEMENTS = 1000
"""Boxes, ops and lines that a step may lead to: more is neither read nor moved smoothly."""


def toggle(model: OpenModel, view: ViewState, key: str) -> ViewState:
    """Open a closed box, close an open one; an unknown box changes nothing.

    Raises:
        ViewLimitError: if more would be visible than can be read.
    """
    index = model.index(view.placement)
    return views.toggle(view, index, key) if key in index.containers and key else view


def select_op(model: OpenModel, view: ViewState, op_id: str) -> tuple[ViewState, Selection]:
    """Select an op, with the boxes open that it needs to be seen.

    Raises:
        UnknownOpError: if there is no such op.
        ViewLimitError: if it cannot be shown even with all else closed.
    """
    return views.reveal(view, model.index(view.placement), op_id), ("op", op_id)


def select_module(model: OpenModel, view: ViewState, fqn: str) -> tuple[ViewState, Selection]:
    """Select a module and open the boxes around it; a module without ops has no box.

    Raises:
        ViewLimitError: if more would be visible than can be read.
    """
    if fqn not in model.graph.modules:
        return view, NOTHING
    index = model.index(view.placement)
    key = index.box_of(fqn)
    if key:
        view = views.show_box(view, index, key)
        hidden = frozenset(one for one in view.hidden if not is_within(fqn, one))
        view = replace(view, hidden=hidden)
    return view, ("module", fqn)


def select_call(model: OpenModel, view: ViewState, key: str) -> tuple[ViewState, Selection]:
    """Select a call and open the boxes around it.

    Raises:
        ViewLimitError: if more would be visible than can be read.
    """
    index = model.index(view.placement)
    if key not in index.calls:
        return view, NOTHING
    module = index.calls[key].module
    hidden = frozenset(one for one in view.hidden if not is_within(module, one))
    return replace(views.show_box(view, index, key), hidden=hidden), ("call", key)


def open_level(
    model: OpenModel, view: ViewState, look: tuple[float, float] | None = None
) -> ViewState:
    """Open the boxes in sight, the nearest to a point first, until the page is full.

    ``look`` is in the units of the picture; without it they open from the top.
    """
    index = model.index(view.placement)
    wider, opened = view, []
    for key in _by_distance(model, view, look):
        one_more = replace(wider, open=wider.open | {key})
        if views.count_visible(index, one_more) <= views.MOST_NODES:
            wider = one_more
            opened.append(key)
    # Lines count as well, which takes longer to tell: the longest stretch from the nearest on.
    few, many = 0, len(opened)
    while few < many:
        middle = (few + many + 1) // 2
        tried = replace(view, open=view.open.union(opened[:middle]))
        if count_elements(build_scene(index, tried)) <= MOST_ELEMENTS:
            few = middle
        else:
            many = middle - 1
    return replace(view, open=view.open.union(opened[:few]))


def _by_distance(model: OpenModel, view: ViewState, look: tuple[float, float] | None) -> list[str]:
    """The keys of the closed boxes on the page, the nearest to a point first."""
    closed = [
        one
        for one in model.render(view, "light").elements
        if "position" in one and one["data"].get("key") and not one["data"]["open"]
    ]
    if look is None:
        return [one["data"]["key"] for one in closed]

    def distance(one: dict[str, Any]) -> float:
        data, place = one["data"], one["position"]
        across = abs(place["x"] - look[0]) - data["width"] / 2
        down = abs(place["y"] - look[1]) - data["height"] / 2
        return math.hypot(max(0.0, across), max(0.0, down))

    return [one["data"]["key"] for one in sorted(closed, key=distance)]


def left_closed(model: OpenModel, before: ViewState, after: ViewState) -> str:
    """What opening all boxes left closed, in a line; ``""`` for nothing."""
    total, opened = len(_by_distance(model, before, None)), len(after.open - before.open)
    left = total - opened
    if not left:
        return ""
    stay = "1 stays" if left == 1 else f"{left} stay"
    return f"Opened {opened} of {total} boxes: {_MOST}; {stay} closed."


def closed_for_room(before: ViewState, after: ViewState) -> str:
    """What opening a box closed, in a line; ``""`` for nothing."""
    opened, closed = after.open - before.open, before.open - after.open
    if not opened or not closed:
        return ""
    boxes = "another box" if len(closed) == 1 else f"{len(closed)} other boxes"
    return f"Closed {boxes}, the furthest away: {_MOST}."


def turn_stack(model: OpenModel, view: ViewState, key: str) -> ViewState:
    """Show the members of a stack one by one, or one for all again.

    Raises:
        ViewLimitError: if more would be visible than can be read.
    """
    index = model.index(view.placement)
    if key not in index.stacks:
        return view
    if key in view.apart:
        return views.put_together(view, key)
    return views.open_path(views.take_apart(view, index, key), index, key)


def meaning(model: OpenModel, placement: Placement, element: str) -> Selection:
    """What an element of the canvas stands for, by its id."""
    kind, _, name = element.partition(":")
    match kind:
        case "o" if name in model.graph.positions:
            return "op", name
        case "m" if name in (boxes := model.index(placement).containers):
            return selection_of(boxes[name])
        case "i" | "u" if name in model.graph.flat.values:
            return "value", name
    return NOTHING


def selection_of(box: Container) -> Selection:
    """What is selected with a box: its call or module; with a stack or section, its module."""
    return ("call", box.key) if box.is_call else ("module", box.face)


def still_there(model: OpenModel, placement: Placement, selection: Selection) -> Selection:
    """A selection made in another picture of the same ops, which need not have the same calls."""
    kind, what = selection
    return NOTHING if kind == "call" and what not in model.index(placement).calls else selection


def place_auxiliary(model: OpenModel, view: ViewState, placement: Placement) -> ViewState:
    """Place auxiliary ops by where they ran or by what they serve.

    What is open stays open where the other placement has that box.
    """
    known = model.index(placement).containers
    return replace(
        view,
        placement=placement,
        open=frozenset(key for key in view.open if key in known),
        apart=frozenset(key for key in view.apart if key in known),
    )


def enclosed(
    model: OpenModel, state: PageState, elements: Iterable[str], most: int = MOST_OPS
) -> Selection:
    """All ops that some elements of the canvas show; a closed box shows all that is in it.

    Raises:
        ViewLimitError: if they are more than one selection may hold.
    """
    drawn = model.render(state.view, "light", state.answers)
    index = model.index(state.view.placement)
    framed = set(elements)
    within = [at for at, name in enumerate(drawn.shown) if name in framed]
    found = np.isin(drawn.owner[index.slot_of], within)
    ids = [op.id for op, one in zip(model.graph.ops, found.tolist(), strict=True) if one]
    if len(ids) > most:
        raise ViewLimitError(
            f"{len(ids):,} ops are in that frame, more than the {most} that one selection holds: "
            "draw it around fewer, or select a module or a search instead."
        )
    if len(ids) == 1:
        return "op", ids[0]
    return ("ops", json.dumps(ids)) if ids else NOTHING


def ops_in(model: OpenModel, what: str) -> list[str]:
    """The ids in such a selection that the model has; a browser or a link may say anything."""
    try:
        ids = json.loads(what)
    except (ValueError, RecursionError):
        return []
    listed = ids if isinstance(ids, list) else []
    known = model.graph.positions
    return [one for one in listed[:MOST_OPS] if isinstance(one, str) and one in known]


def selected_ops(model: OpenModel, selection: Selection) -> list[str]:
    """The ids of the ops that are selected, of one or of several."""
    match selection:
        case "op", op:
            return [op] if op in model.graph.positions else []
        case "ops", ids:
            return ops_in(model, ids)
    return []
