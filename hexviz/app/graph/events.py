"""What a person does on the page, as pure steps from one state of the page to the next."""

from __future__ import annotations

from dataclasses import replace

from hexviz.app import protocol
from hexviz.app.graph import evidence, navigation
from hexviz.app.graph.measure_steps import measure_step
from hexviz.app.graph.navigation import enclosed
from hexviz.app.graph.tour import go_to_stop
from hexviz.app.graph.tree import all_but, check, names_of
from hexviz.app.models.comparison import other_in
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.extract.steps import extract_step
from hexviz.app.protocol import (
    NOTHING,
    AnyEvent,
    OtherSide,
    PageState,
    Selection,
    Tab,
    Trace,
)
from hexviz.view.index import Placement
from hexviz.view.state import open_path

__all__ = ["next_state"]


def next_state(model: OpenModel, state: PageState, event: AnyEvent) -> PageState:
    """The state of the page after an event; one that makes no sense there changes nothing.

    Corrections lead to another model, see :mod:`hexviz.app.graph.corrections`; for two graphs side
    by side, see :mod:`hexviz.app.graph.compare_steps`.

    Raises:
        HexvizError: with the reason, if the next state cannot be shown.
    """
    after = _after(model, state, event)
    if after.selection == state.selection and not isinstance(event, protocol.Clear):
        return after
    # A path is of the op it explains, and ends with its selection; so does what was selected in
    # the other graph of the compare tab.
    other = replace(after.other, selection=NOTHING)
    return replace(after, path="", step=0, other=other)


def _after(model: OpenModel, state: PageState, event: AnyEvent) -> PageState:
    graph, view = model.graph, state.view
    if isinstance(event, protocol.MeasureEvent):
        return measure_step(model, state, event)
    match event:
        case protocol.ChooseTab(value=tab):
            return _in_tab(state, tab)
        # Selecting.
        case protocol.SelectOp(value=op):
            return replace(state, selection=("op", graph.op(op).id))
        case protocol.SelectModule(value=fqn) if fqn in graph.modules:
            return replace(state, selection=("module", fqn))
        case protocol.SelectCall(value=key):
            return _revealed(model, state, ("call", key))
        case protocol.SelectValue(value=value) if value in graph.flat.values:
            return replace(state, selection=("value", value))
        case protocol.SelectEdge(value=edge):
            return replace(state, selection=("edge", edge))
        case protocol.SelectFrame(value=elements):
            return replace(state, selection=enclosed(model, state, elements))
        case protocol.FollowElement(value=element):
            return _revealed(model, state, navigation.meaning(model, view.placement, element))
        case protocol.RevealOp(value=op):
            return _revealed(model, state, ("op", op))
        case protocol.RevealModule(value=fqn):
            return _revealed(model, state, ("module", fqn))
        case protocol.GoToOp(value=op):
            return _in_tab(_revealed(model, state, ("op", op)), "graph")
        case protocol.GoToModule(value=fqn):
            return _in_tab(_revealed(model, state, ("module", fqn)), "graph")
        case protocol.FirstHit(value=query) if query.strip():
            hits = model.found(query).hits
            return _revealed(model, state, (hits[0].kind, hits[0].id)) if hits else state
        case protocol.Match(value=match) if match.query.strip():
            return _next_match(model, state, match)
        case protocol.Clear():
            return replace(state, selection=NOTHING)
        case protocol.Escape():
            return _escape(model, state)
        # Boxes.
        case protocol.Toggle(value=key):
            return _toggle(model, state, key)
        case protocol.ToggleStack(value=key):
            return replace(state, view=navigation.turn_stack(model, view, key))
        case protocol.OpenLevel(value=look):
            return replace(state, view=navigation.open_level(model, view, look))
        case protocol.CloseAll():
            return replace(state, view=replace(view, open=frozenset()))
        case protocol.Hide(value=key) if key in model.index(view.placement).containers:
            return replace(state, view=replace(view, hidden=check(model, view, key)))
        case protocol.ShowOnly(value=key):
            return _alone(model, state, key)
        case protocol.ShowAll():
            return replace(state, view=replace(view, hidden=frozenset()))
        # What the graph shows.
        case protocol.Place(value=placement):
            return _placed(model, state, placement)
        case protocol.Colour(value=mode):
            return replace(state, view=replace(view, colour=mode), lit=frozenset())
        case protocol.GatherNumbers(value=gather):
            return replace(state, view=replace(view, gather=gather))
        case protocol.ColourCompared():
            coloured = replace(state, view=replace(view, colour="compared"), lit=frozenset())
            return _in_tab(coloured, "graph")
        case protocol.ColourByNumbers(value=key) if model.numbers.get(key) is not None:
            return replace(
                state, view=replace(view, colour="numbers"), lit=frozenset(), numbers=key
            )
        case protocol.Light(value=bucket):
            return replace(state, lit=state.lit ^ {bucket})
        case protocol.Unlight():
            return replace(state, lit=frozenset())
        case protocol.StartTrace(value=trace):
            return _traced(model, state, trace)
        case protocol.EndTrace():
            return replace(state, trace=None)
        case protocol.ShowPath(value=path):
            return _path(model, state, path)
        case protocol.TakeStep(value=by):
            return evidence.go_to(model, state, by)
        case protocol.Tour(value=way):
            return go_to_stop(model, state, way)
        # Compare.
        case protocol.Compare(value=other):
            return _compared(state, other)
    return extract_step(model, state, event)


def _in_tab(state: PageState, tab: Tab) -> PageState:
    turned = replace(state, tab=tab)
    # What the legend lights up means something else while extracting, comparing, measuring.
    same = turned.extracting == state.extracting and all(
        (tab == other) == (state.tab == other) for other in ("compare", "measure")
    )
    return turned if same else replace(turned, lit=frozenset())


def _revealed(model: OpenModel, state: PageState, selection: Selection) -> PageState:
    """The state with something selected, and the boxes open that it needs to be seen."""
    match selection:
        case "op", op:
            view, selection = navigation.select_op(model, state.view, op)
            return replace(state, view=view, selection=selection)
        case "module", fqn if fqn in model.graph.modules:
            view, selection = navigation.select_module(model, state.view, fqn)
            return replace(state, view=view, selection=selection)
        case "call", key if key in model.index(state.view.placement).calls:
            view, selection = navigation.select_call(model, state.view, key)
            return replace(state, view=view, selection=selection)
        case "value", value if value in model.graph.flat.values:
            return replace(state, selection=selection)
    return state


def _toggle(model: OpenModel, state: PageState, key: str) -> PageState:
    view = navigation.toggle(model, state.view, key)
    box = model.index(view.placement).containers.get(key)
    if box is None or box.is_section or key not in view.open:
        return replace(state, view=view)
    return replace(state, view=view, selection=navigation.selection_of(box))


def _placed(model: OpenModel, state: PageState, placement: Placement) -> PageState:
    """The auxiliary ops by another placement, under which there may be other calls."""
    view = navigation.place_auxiliary(model, state.view, placement)
    selection = navigation.still_there(model, placement, state.selection)
    return replace(state, view=view, selection=selection)


def _alone(model: OpenModel, state: PageState, key: str) -> PageState:
    """All modules hidden but one, or the one that a box belongs to, which is selected and open."""
    index = model.index(state.view.placement)
    box = index.containers.get(key)
    fqn = box.face if box is not None else key
    if fqn not in model.graph.modules:
        return state
    view = replace(state.view, hidden=all_but(model, names_of(index, key) or (fqn,)))
    view, selection = navigation.select_module(model, view, fqn)
    own = index.box_of(fqn)
    if own:
        view = open_path(view, index, own)
    return replace(state, view=view, selection=selection)


def _traced(model: OpenModel, state: PageState, trace: Trace) -> PageState:
    if trace.way == "given":
        known = trace.op in model.graph.modules
        return replace(state, trace=Trace("given", trace.op)) if known else state
    op = model.graph.op(trace.op).id
    to = model.graph.op(trace.to).id if trace.way == "between" else ""
    return replace(state, trace=Trace(trace.way, op, to))


def _path(model: OpenModel, state: PageState, value: str) -> PageState:
    """A path of the selected op, by name; with ``:n``, at the step ``n`` of it.

    The name of the path that was chosen already takes it back.
    """
    name, _, at = value.partition(":")
    path: protocol.Path = "context" if name == "context" else "module"
    if not at and state.path == path:
        return replace(state, path="", step=0)
    return evidence.show(model, state, path, int(at or 0))


def _next_match(model: OpenModel, state: PageState, match: protocol.NextMatch) -> PageState:
    """The found op after (or before) the selected one, in order of execution, round and round."""
    found = model.found(match.query).ops
    if not found:
        return state
    kind, what = state.selection
    here = model.graph.positions.get(what, -1) if kind == "op" else -1
    if match.step > 0:
        at = next((position for position in found if position > here), found[0])
    else:
        at = next((position for position in reversed(found) if position < here), found[-1])
    return _revealed(model, state, ("op", model.graph.ops[at].id))


def _escape(model: OpenModel, state: PageState) -> PageState:
    """Leave what was entered last: a tour, a trace, the legend, the box around the selection."""
    if state.tour >= 0:
        return replace(state, tour=-1)
    if state.trace:
        return replace(state, trace=None)
    if state.step:
        return replace(state, step=0)
    if state.lit:
        return replace(state, lit=frozenset())
    view = state.view
    index = model.index(view.placement)
    kind, what = state.selection
    key = ""
    if kind == "op":
        key = index.home[model.graph.positions[what]]
    elif kind in ("module", "call"):
        key = index.box_of(what) or ""
    around = [step for step in index.path(key)[1:] if step in view.open]
    if not around:
        return replace(state, selection=NOTHING)
    box = index.containers[around[-1]]
    closed = replace(view, open=view.open - {box.key})
    return replace(state, view=closed, selection=navigation.selection_of(box))


def _compared(state: PageState, other: str) -> PageState:
    if other_in(other) is None or other == state.compared:
        return state
    colour = "module" if state.view.colour == "compared" else state.view.colour
    view = replace(state.view, colour=colour)
    return replace(
        state, compared=other, view=view, lit=frozenset(), difference=-1, other=OtherSide()
    )
