"""A place in the page's address: what a person shares when they copy the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from hexviz.app.graph.box_selection import ops_in
from hexviz.app.graph.evidence import evidence
from hexviz.app.models.store import OpenModel
from hexviz.app.page_state import NOTHING, Path, Place, Selection, Trace
from hexviz.app.panels.compare.kept import other_in
from hexviz.app.panels.filter.wish import pairs as wished
from hexviz.app.panels.filter.wish import stored as wish_to_store
from hexviz.app.panels.filter.wish import wish_in, wish_stored
from hexviz.view.colouring import COLOURINGS, Mode
from hexviz.view.index import Placement
from hexviz.view.state import MOST_NODES, ViewState, count_visible, reveal

__all__ = [
    "TABS",
    "from_query",
    "from_store",
    "key_of",
    "model_in",
    "tab_in",
    "to_query",
    "to_store",
]


TABS = ("graph", "ops", "audit", "filter", "compare", "performance")
"""The page's tabs, by the names they have in an address."""

_LONGEST = 2000  # characters of a selection in an address: more is no link any more
_DIGITS = 6  # of a step in an address: a longer one is none


def to_store(key: str, place: Place) -> dict[str, Any]:
    """A place as the plain JSON the browser holds."""
    view, trace = place.view, place.trace
    return {
        "model": key,
        "open": sorted(view.open),
        "placement": view.placement,
        "hidden": sorted(view.hidden),
        "apart": sorted(view.apart),
        "colour": view.colour,
        "selection": list(place.selection),
        "trace": [trace.way, trace.op, trace.to] if trace else None,
        "lit": sorted(place.lit),
        "numbers": place.numbers,
        "redo": list(place.redo),
        "tour": place.tour,
        "path": place.path,
        "step": place.step,
        "wish": wish_to_store(place.wish),
        "filtering": place.filtering,
        "compared": place.compared,
    }


def key_of(stored: Any) -> object:
    """The digest a place is in, as far as the browser sent one."""
    return stored.get("model") if isinstance(stored, dict) else None


def from_store(stored: Mapping[str, Any]) -> Place:
    """A place from what the browser sent; anything unexpected counts as absent."""
    numbers, tour = stored.get("numbers"), stored.get("tour")
    return Place(
        view=ViewState(
            open=frozenset(_strings(stored.get("open"))),
            placement=_placement(stored.get("placement")),
            hidden=frozenset(_strings(stored.get("hidden"))),
            apart=frozenset(_strings(stored.get("apart"))),
            colour=_colour(stored.get("colour")),
        ),
        selection=_selection(stored.get("selection")),
        trace=_trace(_strings(stored.get("trace"))),
        lit=frozenset(_strings(stored.get("lit"))),
        numbers=numbers if isinstance(numbers, str) else "",
        redo=tuple(_strings(stored.get("redo"))),
        tour=tour if isinstance(tour, int) else -1,
        path=_path(stored.get("path")),
        step=_step(stored.get("step")),
        wish=wish_stored(stored.get("wish")),
        filtering=stored.get("filtering") is True,
        compared=_compared(stored.get("compared")),
    )


def to_query(key: str, place: Place, tab: str = "graph") -> str:
    """The address's query for a place and the tab it is seen in."""
    view, (kind, what), trace = place.view, place.selection, place.trace
    pairs = [("model", key)]
    if tab != "graph":
        pairs.append(("tab", tab))
    if view.placement != "module":
        pairs.append(("place", view.placement))
    # An empty "open" says that everything is closed; none at all asks for the first view.
    pairs += [("open", one) for one in sorted(view.open) or [""]]
    pairs += [("apart", one) for one in sorted(view.apart)]
    pairs += [("hide", fqn) for fqn in sorted(view.hidden)]
    if view.colour != "module":
        pairs.append(("colour", view.colour))
        pairs += [("numbers", place.numbers)] * (view.colour == "numbers")
    pairs += [("lit", bucket) for bucket in sorted(place.lit)]
    if kind and len(what) < _LONGEST:
        pairs.append((kind, what))
    if trace:
        pairs.append((trace.way, trace.op))
        pairs += [("to", trace.to)] * (trace.way == "between")
    if place.path:
        pairs.append(("path", place.path))
    if place.step:
        pairs.append(("step", str(place.step)))
    if place.tour >= 0:
        pairs.append(("tour", str(place.tour)))
    if place.compared:
        pairs.append(("compared", place.compared))
    pairs += wished(place.wish)
    return "?" + urlencode(pairs)


def from_query(query: str, model: OpenModel) -> Place:
    """The place in an address; boxes, modules and ops it names wrongly are left out."""
    fields = _fields(query)
    placement = _placement(next(iter(fields.get("place", ())), None))
    index = model.index(placement)
    hidden = frozenset(fqn for fqn in fields.get("hide", ()) if model.has_module(fqn))
    numbers = next(iter(fields.get("numbers", ())), "")
    colour = _colour(next(iter(fields.get("colour", ())), None))
    if model.numbers.get(numbers) is None:
        colour, numbers = "module" if colour == "numbers" else colour, ""
    compared = _compared(next(iter(fields.get("compared", ())), ""))
    if colour == "compared" and model.comparison(compared) is None:
        colour = "module"
    selection = _selected(fields, model)
    if "open" in fields:
        boxes = (index.box_of(key) for key in fields["open"] if key)
        apart = frozenset(key for key in fields.get("apart", ()) if key in index.stacks)
        view = ViewState(frozenset(filter(None, boxes)), placement, hidden, apart)
    else:
        view = model.first_view(placement, hidden=hidden)
        if selection[0] == "op":
            # A link that names an op and no boxes wants to show the op.
            view = reveal(view, index, selection[1])
    if count_visible(index, view) > MOST_NODES:
        view = model.first_view(placement, hidden=hidden)
    view = ViewState(view.open, placement, view.hidden, view.apart, colour)
    traced = [
        [way, *fields[way][:1], *fields.get("to", [])[:1]]
        for way in ("up", "down", "between", "given")
        if way in fields
    ]
    trace = _trace(traced[0]) if traced else None
    if trace and not _is_traceable(trace, model):
        trace = None
    tour = next(iter(fields.get("tour", ())), "")
    place = Place(
        view,
        selection,
        trace,
        frozenset(fields.get("lit", ())),
        numbers,
        tour=int(tour) if tour.isdecimal() and len(tour) < _DIGITS else -1,
        wish=wish_in(fields, model.has_module, model.graph.positions.__contains__),
        filtering=tab_in(query) == "filter",
        compared=compared,
    )
    return _on_path(place, fields, model)


def tab_in(query: str | None) -> str:
    """The tab an address asks for, one of :data:`TABS`."""
    return next((tab for tab in TABS if _fields(query).get("tab") == [tab]), TABS[0])


def model_in(query: str | None) -> str | None:
    """The digest of the model an address names."""
    return next(iter(_fields(query).get("model", [])), None)


def _fields(query: str | None) -> dict[str, list[str]]:
    return parse_qs((query or "").removeprefix("?"), keep_blank_values=True)


def _selected(fields: Mapping[str, list[str]], model: OpenModel) -> Selection:
    graph = model.graph
    for wanted in fields.get("op", ()):
        if wanted in graph.positions:
            return "op", wanted
    for wanted in fields.get("ops", ()):
        if ops_in(model, wanted):
            return "ops", wanted
    for wanted in fields.get("module", ()):
        if wanted in graph.modules:
            return "module", wanted
    for wanted in fields.get("value", ()):
        if wanted in graph.flat.values:
            return "value", wanted
    for wanted in fields.get("edge", ()):
        return "edge", wanted
    return NOTHING


def _selection(sent: object) -> Selection:
    match sent:
        case ["op" | "ops" | "module" | "value" | "edge" as kind, str(what)]:
            return kind, what
    return NOTHING


def _trace(sent: list[str]) -> Trace | None:
    match sent:
        case ["up" | "down" as way, str(op), *_]:
            return Trace(way, op)
        case ["between", str(op), str(to)]:
            return Trace("between", op, to)
        case ["given", str(fqn), *_]:
            return Trace("given", fqn)
    return None


def _is_traceable(trace: Trace, model: OpenModel) -> bool:
    if trace.way == "given":
        return trace.op in model.graph.modules
    return {trace.op, trace.to or trace.op} <= model.graph.positions.keys()


def _on_path(place: Place, fields: Mapping[str, list[str]], model: OpenModel) -> Place:
    """The place at the path and step that an address asks for, as far as there are such."""
    path = _path(next(iter(fields.get("path", ())), ""))
    asked = next(iter(fields.get("step", ())), "")
    step = int(asked) if asked.isdecimal() and len(asked) < _DIGITS else 0
    found = evidence(model.graph, replace(place, path=path, step=step))
    if found is None:
        return place
    return replace(place, path=path if path == found.path else "", step=found.at)


def _path(sent: object) -> Path:
    return "module" if sent == "module" else "context" if sent == "context" else ""


def _step(sent: object) -> int:
    return max(0, sent) if isinstance(sent, int) else 0


def _placement(sent: object) -> Placement:
    return "context" if sent == "context" else "module"


def _colour(sent: object) -> Mode:
    return next((mode for mode in COLOURINGS if mode == sent), "module")


def _compared(sent: object) -> str:
    return sent if isinstance(sent, str) and other_in(sent) is not None else ""


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
