"""The view in the page's address: what a person shares when they copy the link."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode

from hexviz.app.store import OpenModel
from hexviz.view.index import Placement
from hexviz.view.state import MOST_NODES, ViewState, count_visible

__all__ = ["Selection", "from_query", "from_store", "to_query", "to_store"]

Selection = dict[str, str]
"""What is selected: ``{"kind": "op" | "module", "id": …}``, or empty."""


def to_store(key: str, state: ViewState) -> dict[str, Any]:
    """A view as the plain JSON the browser holds."""
    return {
        "model": key,
        "open": sorted(state.open),
        "placement": state.placement,
        "hidden": sorted(state.hidden),
    }


def from_store(view: dict[str, Any]) -> ViewState:
    """A view from what the browser sent; anything unexpected counts as absent."""
    return ViewState(
        open=frozenset(_strings(view.get("open"))),
        placement="context" if view.get("placement") == "context" else "module",
        hidden=frozenset(_strings(view.get("hidden"))),
    )


def to_query(view: dict[str, Any], selection: Selection) -> str:
    """The address's query for a view and a selection."""
    pairs = [("model", view["model"])]
    if view["placement"] != "module":
        pairs.append(("place", view["placement"]))
    # An empty "open" says that everything is closed; none at all asks for the first view.
    pairs += [("open", key) for key in view["open"] or [""]]
    pairs += [("hide", fqn) for fqn in view["hidden"]]
    if selection:
        pairs.append((selection["kind"], selection["id"]))
    return "?" + urlencode(pairs)


def from_query(query: str, model: OpenModel) -> tuple[ViewState, Selection]:
    """View and selection from an address; boxes and ops it names wrongly are left out."""
    fields = parse_qs(query.removeprefix("?"), keep_blank_values=True)
    placement: Placement = "context" if fields.get("place") == ["context"] else "module"
    index = model.index(placement)
    hidden = frozenset(fqn for fqn in fields.get("hide", ()) if fqn in model.graph.modules)
    if "open" in fields:
        opened = frozenset(key for key in fields["open"] if key and key in index.containers)
        state = ViewState(opened, placement, hidden)
    else:
        state = model.first_view(placement, hidden=hidden)
    if count_visible(index, state.open, hidden) > MOST_NODES:
        state = model.first_view(placement, hidden=hidden)
    for kind, known in (("op", model.graph.positions), ("module", model.graph.modules)):
        for wanted in fields.get(kind, ()):
            if wanted in known:
                return state, {"kind": kind, "id": wanted}
    return state, {}


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
