"""The part of a model that an address names, for whoever takes it away or verifies it."""

from __future__ import annotations

from hexviz.app.models.store import OpenModel
from hexviz.app.panels.filter.filtered import Filtered, filtered
from hexviz.app.panels.filter.wish import wish_in
from hexviz.errors import SelectionError

__all__ = ["asked_part"]


def asked_part(model: OpenModel, query: str) -> Filtered:
    """What a wish, written as the query of an address, comes to in a model.

    Raises:
        SelectionError: if that is nothing.
    """
    wish = wish_in(query, model.has_module, model.graph.positions.__contains__)
    kept = filtered(model, wish)
    if kept is None:
        raise SelectionError("The selection holds no op: select more, or exclude less.")
    return kept
