"""What the page shows of a place, and what changes from one to the next."""

from __future__ import annotations

from typing import Any

from hexviz.app.graph.highlight import highlight
from hexviz.app.graph.strips import what_if_strip
from hexviz.app.graph.tour import card
from hexviz.app.graph.tree import rows
from hexviz.app.graph.widgets import figures, filter_legend, legend, tree
from hexviz.app.models.store import OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.audit import edits_strip
from hexviz.app.panels.filter.filtered import Filtered, filtered
from hexviz.app.panels.filter.ticks import ticks
from hexviz.app.panels.inspector.move import offered_modules
from hexviz.errors import ViewLimitError
from hexviz.tagging.summary import summarize
from hexviz.view.legend import Legend
from hexviz.view.palette import Theme
from hexviz.view.preview import previewed
from hexviz.view.state import is_hidden

__all__ = ["MOST_ELEMENTS", "Picture", "described", "painted", "picture"]

MOST_ELEMENTS = 1000
"""Boxes, ops and lines that a step may lead to: more is neither read nor moved smoothly."""

Picture = dict[str, Any]
"""Component → what it shows."""


def picture(model: OpenModel, before: Place | None, after: Place, theme: Theme) -> Picture:
    """What changes on the page from one place to the next; all of it without one before.

    Raises:
        ViewLimitError: if the step adds to more than can be read.
        HexvizError: if the place cannot be shown.
    """
    view = after.view
    drawn = model.render(view, theme, after.answers)
    count = len(drawn.elements)
    if (
        before is not None
        and count > MOST_ELEMENTS
        and count > len(model.render(before.view, theme, before.answers).elements)
    ):
        raise ViewLimitError(
            f"That would draw {count:,} boxes, ops and lines, more than the {MOST_ELEMENTS:,} that "
            "stay readable: close another module first."
        )
    changes: Picture = {"highlight": highlight(model, after, drawn)}
    kept = filtered(model, after.wish) if after.filtering else None
    elements, shown = painted(model, after, theme)
    if before is None or _looks(before) != _looks(after):
        chosen = kept.chosen if kept else ()
        ticked = ticks(model.graph, chosen, model.totals) if after.filtering else None
        changes |= {
            "graph": elements,
            "tree": tree(rows(model, view, ticked), filtering=after.filtering),
            "empty": [] if drawn.n_visible else "Everything is hidden by the filter.",
            "controls": {"placement": view.placement, "colour": view.colour},
            "filter-note": _filter_note(model, after, kept),
            "show-all": not view.hidden,
            "what-if": what_if_strip(model, view),
        }
    if "graph" in changes or (before is not None and before.lit != after.lit):
        changes["legend"] = (filter_legend if kept else legend)(shown, after)
    if before is None or before.tour != after.tour:
        changes["tour"] = card(model, after)
    if before is None or before.redo != after.redo:
        changes["edits"] = edits_strip(model, after)
    return changes


def described(model: OpenModel) -> Picture:
    """What the bar says of a model that is new on the page, and what its fields offer."""
    return {
        "model-title": model.graph.name,
        "model-figures": figures(summarize(model.graph)),
        "model": model.key,
        "modules": offered_modules(model.graph),
    }


def _looks(place: Place) -> tuple[object, ...]:
    """All of a place that the graph, the tree and the legend depend on."""
    return place.view, place.answers, place.filtering, place.filtering and place.wish


def painted(model: OpenModel, place: Place, theme: Theme) -> tuple[list[dict[str, Any]], Legend]:
    """The elements of a place and their legend: while filtering, with what is kept."""
    drawn = model.render(place.view, theme, place.answers)
    kept = filtered(model, place.wish) if place.filtering else None
    if kept is None:
        return drawn.elements, drawn.legend
    return previewed(model.index(place.view.placement), drawn, kept.preview, theme)


def _filter_note(model: OpenModel, place: Place, kept: Filtered | None) -> str:
    view = place.view
    if place.filtering:
        return f"{len(kept.chosen):,} ops selected" if kept else "tick what to keep"
    if not view.hidden:
        return ""
    hidden = sum(is_hidden(op.module, view.hidden) for op in model.graph.ops)
    return f"{hidden:,} hidden"
