"""Everything a person does to the view: one event in, the next place and its picture out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from dash import Dash
from dash.development.base_component import Component
from flask import Response, request

from hexviz.app.address import from_query, from_store, key_of, model_in, tab_in, to_store
from hexviz.app.graph import evidence, navigation
from hexviz.app.graph.box_selection import enclosed
from hexviz.app.graph.corrections import EDITS, apply_edit
from hexviz.app.graph.picture import described, picture
from hexviz.app.graph.search import search
from hexviz.app.graph.tour import go_to_stop
from hexviz.app.graph.tree import check
from hexviz.app.models.first_picture import FirstSight
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.notices import failure
from hexviz.app.page_state import NOTHING, Place, Trace
from hexviz.app.panels.compare.steps import COMPARING, compare_step
from hexviz.app.panels.filter.steps import FILTERING, filter_step
from hexviz.app.server_timing import server_timing
from hexviz.errors import HexvizError
from hexviz.stages import recorded, stage
from hexviz.view.colouring import COLOURINGS
from hexviz.view.palette import Theme

__all__ = ["move", "register"]


def register(app: Dash, store: ModelStore, sight: FirstSight | None = None) -> None:
    """Attach the route of this file to an app's server: an event comes in, its answer goes out.

    ``sight`` knows the first answers that are kept.

    A route and not a callback: Dash's way from an event to its callback and
    back takes 30 ms of a click's 100 in the browser.
    """

    @app.server.post("/event")
    def on_event() -> Response:
        try:
            event = request.get_json(silent=True)
        except RecursionError:  # nested deeper than anything the page sends
            event = None
        with recorded(blocks=False) as record:
            with stage("answer"):
                known = _kept(sight, event)
                changes = answer(store, event) if known is None else known
            with stage("serialise"):
                text = json.dumps(changes, default=_plain)
        match event:
            case {"type": "visit", "value": str(query), "theme": "light" | "dark" as theme}:
                if known is None and "graph" in changes:
                    model = store.opened(changes["view"]["model"])
                    if model is not None:
                        model.drew(record.stages)
                    # Who has the model's name on the page already is not told it again.
                    if sight is not None and "model-title" in changes:
                        sight.keep(query, theme, text)
        headers = {"Server-Timing": server_timing(record.stages)}
        return Response(text, mimetype="application/json", headers=headers)


def _kept(sight: FirstSight | None, event: Any) -> dict[str, Any] | None:
    match event:
        case {
            "type": "visit",
            "value": str(query),
            "n": int(number),
            "theme": "light" | "dark" as theme,
        } if sight is not None:
            known = sight.recall(query, theme)
            return None if known is None else known | {"n": number}
    return None


def _plain(component: Component) -> Any:
    return component.to_plotly_json()


def answer(store: ModelStore, event: Any) -> dict[str, Any]:
    """What changes on the page after an event: component → what it shows, see assets/controls.js.

    The event says what a person did, at which place, and which model the bar
    tells of. All it changes goes in one answer: a second one would be painted
    later.
    """
    match event:
        case {"type": str(kind), "value": value, "n": int(number), "theme": scheme}:
            theme: Theme = "dark" if scheme == "dark" else "light"
        case _:
            return {}
    changes: dict[str, Any] = {"n": number}
    stored = event.get("place")
    before: Place | None = None
    try:
        if kind == "visit":
            query = value if isinstance(value, str) else ""
            model = store.get(model_in(query))
            after = from_query(query, model)
            changes |= {"opener": False, "tab": tab_in(query)}
        elif isinstance(stored, dict):
            model = store.get(key_of(stored))
            here = from_store(stored)
            if kind in EDITS:
                edited, after = apply_edit(store, model, here, kind, value)
                before = here if edited is model else None
                changes["edited"] = True
                model = edited
            else:
                after = move(model, here, kind, value)
                before = None if kind == "redraw" else here
        else:
            return changes
        changes |= picture(model, before, after, theme)
    except HexvizError as error:
        return changes | {"notices": failure(error)} | ({"opener": True} if kind == "visit" else {})
    if after != before:
        changes["view"] = to_store(model.key, after)
    if model.key != event.get("shown"):
        changes |= described(model)
    return changes


def move(model: OpenModel, place: Place, kind: str, value: Any) -> Place:
    """The next place after something a person did; a value without sense changes nothing.

    Raises:
        HexvizError: with the reason, if what is asked cannot be shown.
    """
    after = _moved(model, place, kind, value)
    # A path is of the op it explains, and ends with its selection.
    return after if after.selection == place.selection else replace(after, path="", step=0)


def _moved(model: OpenModel, place: Place, kind: str, value: Any) -> Place:
    view = place.view
    if kind in FILTERING:
        return filter_step(model, place, kind, value)
    if kind in COMPARING:
        return compare_step(model, place, kind, value)
    match kind, value:
        case "op", str():
            return replace(place, selection=("op", model.graph.op(value).id))
        case "frame", [*elements]:
            return replace(place, selection=enclosed(model, place, elements))
        case "module", str() if value in model.graph.modules:
            return replace(place, selection=("module", value))
        case "value", str() if value in model.graph.flat.values:
            return replace(place, selection=("value", value))
        case "edge", str():
            return replace(place, selection=("edge", value))
        case "toggle", str():
            return _toggle(model, place, value)
        case "reveal", str():
            view, selection = navigation.select_op(model, view, value)
            return replace(place, view=view, selection=selection)
        case "reveal-module", str():
            view, selection = navigation.select_module(model, view, value)
            return replace(place, view=view, selection=selection)
        case "search", str() if value.strip():
            return _first_hit(model, place, value)
        case "match", [str(query), 1 | -1 as step] if query.strip():
            return _next_match(model, place, query, step)
        case "check", str() if value in model.index(view.placement).containers:
            return replace(place, view=replace(view, hidden=check(model, view, value)))
        case "show-all", _:
            return replace(place, view=replace(view, hidden=frozenset()))
        case "stack", str():
            return replace(place, view=navigation.turn_stack(model, view, value))
        case "place", "module" | "context":
            return replace(place, view=navigation.place_auxiliary(model, view, value))
        case "open-level", _:
            return replace(place, view=navigation.open_level(model, view))
        case "close-all", _:
            return replace(place, view=navigation.close_all(view))
        case "colour", str():
            return _colour(place, value)
        case "numbers", str() if model.numbers.get(value) is not None:
            return replace(
                place, view=replace(view, colour="numbers"), lit=frozenset(), numbers=value
            )
        case "lit", str():
            return replace(place, lit=place.lit ^ {value})
        case "unlit", _:
            return replace(place, lit=frozenset())
        case "trace", ["up" | "down" as way, str(op)]:
            return replace(place, trace=Trace(way, model.graph.op(op).id))
        case "trace", ["between", str(op), str(to)]:
            return replace(
                place, trace=Trace("between", model.graph.op(op).id, model.graph.op(to).id)
            )
        case "trace", ["given", str(fqn)] if fqn in model.graph.modules:
            return replace(place, trace=Trace("given", fqn))
        case "path", str():
            return _path(model, place, value)
        case "step", 1 | -1 as by:
            return evidence.go_to(model, place, by)
        case "untrace", _:
            return replace(place, trace=None)
        case "escape", _:
            return _escape(model, place)
        case "tour", _:
            return go_to_stop(model, place, value)
        case "clear", _:
            return replace(place, selection=NOTHING)
    return place


def _toggle(model: OpenModel, place: Place, key: str) -> Place:
    view = navigation.toggle(model, place.view, key)
    box = model.index(view.placement).containers.get(key)
    if box is None or box.is_section or key not in view.open:
        return replace(place, view=view)
    return replace(place, view=view, selection=("module", box.face))


def _path(model: OpenModel, place: Place, value: str) -> Place:
    """A path of the selected op, by name; with ``:n``, at the step ``n`` of it."""
    name, _, at = value.partition(":")
    match name:
        case "module" | "context" if not at or (at.isdecimal() and len(at) < 4):
            return evidence.show(model, place, name, int(at or 0))
    return place


def _first_hit(model: OpenModel, place: Place, query: str) -> Place:
    hits = search(model.searching, query, most=1).hits
    if not hits:
        return place
    kind = "reveal-module" if hits[0].kind == "module" else "reveal"
    return move(model, place, kind, hits[0].id)


def _next_match(model: OpenModel, place: Place, query: str, step: int) -> Place:
    """The found op after (or before) the selected one, in order of execution, round and round."""
    found = search(model.searching, query, most=0).ops
    if not found:
        return place
    kind, what = place.selection
    here = model.graph.positions.get(what, -1) if kind == "op" else -1
    if step > 0:
        at = next((one for one in found if one > here), found[0])
    else:
        at = next((one for one in reversed(found) if one < here), found[-1])
    return move(model, place, "reveal", model.graph.ops[at].id)


def _colour(place: Place, value: str) -> Place:
    mode = next((mode for mode in COLOURINGS if mode == value), place.view.colour)
    return replace(place, view=replace(place.view, colour=mode), lit=frozenset())


def _escape(model: OpenModel, place: Place) -> Place:
    """Leave what was entered last: a tour, a trace, the legend, the box around the selection."""
    if place.tour >= 0:
        return replace(place, tour=-1)
    if place.trace:
        return replace(place, trace=None)
    if place.step:
        return replace(place, step=0)
    if place.lit:
        return replace(place, lit=frozenset())
    view = place.view
    index = model.index(view.placement)
    kind, what = place.selection
    key = ""
    if kind == "op":
        key = index.home[model.graph.positions[what]]
    elif kind == "module":
        key = index.box_of(what) or ""
    around = [step for step in index.path(key)[1:] if step in view.open]
    if not around:
        return replace(place, selection=NOTHING)
    box = index.containers[around[-1]]
    closed = replace(view, open=view.open - {box.key})
    return replace(place, view=closed, selection=("module", box.face))
