"""What a person does in the measure tab, as pure steps; and which figure the tab shows."""

from __future__ import annotations

from dataclasses import replace

from hexviz.app import protocol
from hexviz.app.graph import navigation
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import MOST_SYMBOLS, Figures, MeasureEvent, PageState
from hexviz.errors import MeasureError
from hexviz.view.modes import COLOURED, Coloured, Mode, figure_of

__all__ = ["figure_shown", "in_figures", "measure_step"]

_TELLING: tuple[Coloured, ...] = ("own_error", "time_us", "macs", "parameters")
"""The figures that are shown unless a person chooses, what says most first."""
_ERRORS: tuple[Coloured, ...] = ("own_error", "natural_error", "effect")


def figure_shown(model: OpenModel, state: PageState) -> Coloured | None:
    """The figure that the measure tab shows in a state; ``None`` where nothing is known."""
    known = model.measures.of(state.figures)
    wanted = [state.figure] if state.figure else []
    return next((one for one in (*wanted, *_TELLING, *COLOURED) if known.has(one)), None)


def in_figures(model: OpenModel, state: PageState) -> PageState:
    """The state in the colours of the figure that the measure tab shows."""
    figure = figure_shown(model, state)
    colour: Mode = figure if figure is not None else state.view.colour
    return replace(state, view=replace(state.view, colour=colour))


def measure_step(model: OpenModel, state: PageState, event: MeasureEvent) -> PageState:
    """The state of the page after an event of the measure tab.

    Raises:
        MeasureError: if a document is not kept any more.
        ViewLimitError: if a module cannot be shown.
    """
    figures = state.figures
    match event:
        case protocol.ShowFigure(value=figure):
            return replace(state, figure=figure)
        case protocol.TakeDocument(value=named):
            return _taken(model, state, named)
        case protocol.ForgetDocument(value="profile"):
            return _without(replace(state, figures=replace(figures, profile="")), "time_us")
        case protocol.ForgetDocument():
            after = replace(state, figures=replace(figures, parity=""), divergence=-1)
            for figure in _ERRORS:
                after = _without(after, figure)
            return after
        case protocol.SizeDimension(value=(name, size)):
            return replace(state, figures=_sized(model, figures, name, size))
        case protocol.ShowDivergence(value=at):
            return _at_call(model, state, int(at))


def _taken(model: OpenModel, state: PageState, named: str) -> PageState:
    kind, _, name = named.partition(":")
    if kind == "profile":
        figures = replace(state.figures, profile=name)
        after = replace(state, figures=figures, figure="time_us", tab="measure")
    else:
        figures = replace(state.figures, parity=name)
        after = replace(state, figures=figures, figure="own_error", divergence=-1, tab="measure")
    if model.measures.known(figures) != figures:
        raise MeasureError(
            "That document is not kept any more, or is of another model: drop it again."
        )
    parity = model.measures.parity(figures) if kind == "parity" else None
    if parity is not None and parity.divergences:
        return _at_call(model, after, parity.divergences[0])
    return after


def _without(state: PageState, figure: Coloured) -> PageState:
    """The state that shows a figure nowhere."""
    if state.figure == figure:
        state = replace(state, figure="")
    if figure_of(state.view.colour) == figure:
        state = replace(state, view=replace(state.view, colour="module"))
    return state


def _sized(model: OpenModel, figures: Figures, name: str, size: int) -> Figures:
    """The figures with a dimension of another size; a default is none of a person's."""
    sizes = dict(figures.symbols)
    sizes.pop(name, None)
    if model.measures.sizes(replace(figures, symbols=tuple(sizes.items()))).get(name) != size:
        sizes[name] = size
    return replace(figures, symbols=tuple(sorted(sizes.items())[:MOST_SYMBOLS]))


def _at_call(model: OpenModel, state: PageState, at: int) -> PageState:
    """The state with the module selected that a call of the parity document is of."""
    parity = model.measures.parity(state.figures)
    if parity is None or at >= len(parity.modules):
        return state
    module = model.graph.modules.nearest(parity.modules[at].module)
    view, selection = navigation.select_module(model, state.view, module)
    return replace(state, view=view, selection=selection, divergence=at)
