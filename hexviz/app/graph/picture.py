"""What the page shows of a state: the whole picture, or what changes from the state before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msgspec import UnsetType

from hexviz.app.graph.highlight import highlight
from hexviz.app.graph.measure_steps import in_figures
from hexviz.app.graph.navigation import MOST_ELEMENTS
from hexviz.app.graph.recovered import found_line
from hexviz.app.graph.side_by_side import SideBySide, is_comparing
from hexviz.app.graph.tour import card
from hexviz.app.graph.tree import rows
from hexviz.app.graph.widgets import (
    extract_legend,
    figures,
    filter_note,
    heads,
    legend,
    tree,
    what_if_strip,
)
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.audit import edits_strip
from hexviz.app.panels.parts import offered_modules
from hexviz.app.protocol import Content, EventAnswer, ModelFacts, OtherGraph, PageState
from hexviz.errors import ViewLimitError
from hexviz.tagging.summary import headline
from hexviz.view.legend import Legend, both
from hexviz.view.palette import Theme
from hexviz.view.preview import previewed
from hexviz.view.render import Rendered

__all__ = ["describe", "draw", "painted"]


def draw(
    answer: EventAnswer,
    model: OpenModel,
    before: PageState | None,
    after: PageState,
    theme: Theme,
    pair: SideBySide | None = None,
) -> None:
    """Put into an answer what changes on the page from one state to the next.

    All of it, where there was none ``before``. ``pair`` has the other graph, where the page shows
    two side by side.

    Raises:
        ViewLimitError: if the step adds to more than can be read.
        HexvizError: if the state cannot be shown.
    """
    before = before and _coloured(model, before)
    after = _coloured(model, after)
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
    parts: dict[str, Content] = {}
    answer.highlight = highlight(model, after, drawn)
    kept = model.extracted(after.choice) if after.extracting else None
    elements, shown = painted(model, after, theme)
    looks_different = before is None or _looks(before) != _looks(after)
    if looks_different:
        answer.graph = elements
        parts |= {
            "tree": tree(rows(model, view)),
            "empty": [] if drawn.n_visible else "Everything is hidden by the filter.",
            "filter-note": filter_note(model.graph, view),
            "what-if": what_if_strip(model, view),
        }
    if pair is not None:
        is_other = before is None or before.tab != after.tab or before.compared != after.compared
        _draw_other(answer, pair, None if is_other else before, after, theme, drawn)
        shown = both(shown, pair.other_drawn(after, theme).legend)
        parts |= heads(pair.found, pair.titles) if is_other else {}
    if before is None or looks_different or before.lit != after.lit:
        parts["legend"] = (extract_legend if kept else legend)(shown, after)
    if before is None or before.tour != after.tour:
        parts["tour"] = card(model, after)
    if before is None or before.redo != after.redo:
        parts["edits"] = edits_strip(model, after)
    answer.parts = parts


def _draw_other(
    answer: EventAnswer,
    pair: SideBySide,
    before: PageState | None,
    after: PageState,
    theme: Theme,
    own: Rendered,
) -> None:
    """Put the other graph into an answer: its picture, if that differs, and its marks."""
    assert not isinstance(answer.highlight, UnsetType)  # noqa: S101 - the caller made it
    drawn = pair.other_drawn(after, theme)
    other = OtherGraph(
        is_before=pair.found.side == "after",
        highlight=pair.mark(after, answer.highlight, own, drawn),
    )
    was = None if before is None else (pair.other_view(before), before.view)
    if was != (pair.other_view(after), after.view):
        other.graph = drawn.elements
        other.links = pair.links(own, drawn, after.view.placement)
    answer.other = other


def _coloured(model: OpenModel, state: PageState) -> PageState:
    """The state in the colours that it is shown in: the comparison's, those of a figure."""
    if state.tab == "measure":
        return in_figures(model, state)
    if not is_comparing(model, state):
        return state
    return replace(state, view=replace(state.view, colour="compared"))


def describe(answer: EventAnswer, model: OpenModel) -> None:
    """Put into an answer what the bar says of a model that is new on the page, and its modules."""
    graph = model.graph
    bar = {"model-title": graph.name, "model-figures": figures(headline(graph), found_line(graph))}
    answer.parts = bar | (answer.parts or {})
    answer.model = ModelFacts(model.key, offered_modules(graph), model.moved)


def _looks(state: PageState) -> tuple[object, ...]:
    """All of a state that the graph, the tree and the legend depend on."""
    return state.view, state.answers, state.extracting, state.extracting and state.choice


def painted(
    model: OpenModel, state: PageState, theme: Theme
) -> tuple[list[dict[str, Any]], Legend]:
    """The elements of the graph and their legend: while extracting, with what is kept."""
    state = _coloured(model, state)
    drawn = model.render(state.view, theme, state.answers)
    kept = model.extracted(state.choice) if state.extracting else None
    if kept is None:
        return drawn.elements, drawn.legend
    return previewed(model.index(state.view.placement), drawn, kept.preview, theme)
