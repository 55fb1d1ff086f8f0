"""The view in the page's address: what a person shares when they copy the link."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

from hexviz.app.store import OpenModel
from hexviz.view.index import Placement
from hexviz.view.state import MOST_NODES, ViewState, count_visible, reveal

__all__ = [
    "Selection",
    "from_query",
    "from_store",
    "key_of",
    "model_in",
    "tab_in",
    "to_query",
    "to_store",
]

Selection = dict[str, str]
"""What is selected: ``{"kind": "op" | "module" | "value", "id": …}``, or empty."""


def to_store(key: str, state: ViewState) -> dict[str, Any]:
    """A view as the plain JSON the browser holds."""
    return {
        "model": key,
        "open": sorted(state.open),
        "placement": state.placement,
        "hidden": sorted(state.hidden),
        "apart": sorted(state.apart),
    }


def key_of(view: Any) -> object:
    """The digest a view is of, as far as the browser sent one."""
    return view.get("model") if isinstance(view, dict) else None


def from_store(view: dict[str, Any]) -> ViewState:
    """A view from what the browser sent; anything unexpected counts as absent."""
    return ViewState(
        open=frozenset(_strings(view.get("open"))),
        placement="context" if view.get("placement") == "context" else "module",
        hidden=frozenset(_strings(view.get("hidden"))),
        apart=frozenset(_strings(view.get("apart"))),
    )


def to_query(view: dict[str, Any], selection: Selection, tab: str = "graph") -> str:
    """The address's query for a view, a selection and the tab they are seen in."""
    pairs = [("model", view["model"])]
    if tab != "graph":
        pairs.append(("tab", tab))
    if view["placement"] != "module":
        pairs.append(("place", view["placement"]))
    # An empty "open" says that everything is closed; none at all asks for the first view.
    pairs += [("open", key) for key in view["open"] or [""]]
    pairs += [("apart", key) for key in view["apart"]]
    pairs += [("hide", fqn) for fqn in view["hidden"]]
    if selection:
        pairs.append((selection["kind"], selection["id"]))
    return "?" + urlencode(pairs)


def from_query(query: str, model: OpenModel) -> tuple[ViewState, Selection]:
    """View and selection from an address; boxes and ops it names wrongly are left out."""
    fields = _fields(query)
    placement: Placement = "context" if fields.get("place") == ["context"] else "module"
    index = model.index(placement)
    hidden = frozenset(fqn for fqn in fields.get("hide", ()) if fqn in model.graph.modules)
    selection = _selection(fields, model)
    if "open" in fields:
        boxes = (index.box_of(key) for key in fields["open"] if key)
        apart = frozenset(key for key in fields.get("apart", ()) if key in index.stacks)
        state = ViewState(frozenset(filter(None, boxes)), placement, hidden, apart)
    else:
        state = model.first_view(placement, hidden=hidden)
        if selection.get("kind") == "op":
            # A link that names an op and no boxes wants to show the op.
            state = reveal(state, index, selection["id"])
    if count_visible(index, state) > MOST_NODES:
        state = model.first_view(placement, hidden=hidden)
    return state, selection


def tab_in(query: str | None) -> str:
    """The tab an address asks for: ``graph`` or ``ops``."""
    return "ops" if _fields(query).get("tab") == ["ops"] else "graph"


def model_in(query: str | None) -> str | None:
    """The digest of the model an address names."""
    return next(iter(_fields(query).get("model", [])), None)


def _fields(query: str | None) -> dict[str, list[str]]:
    return parse_qs((query or "").removeprefix("?"), keep_blank_values=True)


def _selection(fields: dict[str, list[str]], model: OpenModel) -> Selection:
    graph = model.graph
    kinds = (("op", graph.positions), ("module", graph.modules), ("value", graph.flat.values))
    for kind, known in kinds:
        for wanted in fields.get(kind, ()):
            if wanted in known:
                return {"kind": kind, "id": wanted}
    return {}


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
