"""The answers to events and panels, for an open model: pure functions, without store or HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hexviz.app import html, protocol
from hexviz.app.address import choice_query, from_query, is_known, to_query
from hexviz.app.graph.compare_steps import compare_step
from hexviz.app.graph.corrections import Models, apply_edit
from hexviz.app.graph.events import next_state
from hexviz.app.graph.findings import AT_ONCE, LATER, marks
from hexviz.app.graph.matches import matches
from hexviz.app.graph.measure_steps import figure_shown, in_figures
from hexviz.app.graph.navigation import closed_for_room, left_closed
from hexviz.app.graph.picture import describe, draw
from hexviz.app.graph.search import Found
from hexviz.app.graph.side_by_side import Find, side_by_side
from hexviz.app.models.comparison import titles
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.audit import audit_page
from hexviz.app.panels.compare import invitation, tell
from hexviz.app.panels.compare_choice import known_others, selected_in_both
from hexviz.app.panels.extract.border import border, hints
from hexviz.app.panels.extract.panel import field, panel
from hexviz.app.panels.extract.tree import pick_tree
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.panels.measure.grid import columns, rows
from hexviz.app.panels.measure.panel import (
    choice,
    costs_part,
    form,
    reference_part,
    selected_module,
    selected_part,
    time_part,
)
from hexviz.app.panels.measure.walk import parity_part
from hexviz.app.panels.search import hits
from hexviz.app.panels.table import table
from hexviz.app.panels.timings.panel import timings
from hexviz.app.protocol import (
    At,
    CompareEvent,
    Comparison,
    Content,
    Edit,
    EventAnswer,
    EventRequest,
    ExtractPart,
    ModuleFigures,
    OtherGraph,
    PageState,
    PanelAnswer,
    PanelRequest,
)
from hexviz.errors import HexvizError, QueryError, RequestError
from hexviz.model.reader import digest
from hexviz.view.icicle import icicle
from hexviz.view.palette import Theme

__all__ = ["answer_correction", "answer_event", "answer_panel", "check_state", "show"]


def answer_event(model: OpenModel, request: EventRequest, find: Find) -> EventAnswer:
    """What an event changes on the page of an open model; ``find`` opens the one it is beside.

    Corrections lead to another model (:func:`answer_correction`); here they change nothing.

    Raises:
        RequestError: if the request names what the model has not.
        HexvizError: with the reason, if the next state cannot be shown.
    """
    match request.event:
        case protocol.Visit(value=query):
            before, after = None, from_query(query, model, request.canvas)
        case event:
            state = _state(model, request)
            before = None if isinstance(event, protocol.Redraw) else state
            if request.earlier is not None:
                state = next_state(model, state, request.earlier)
            if isinstance(event, CompareEvent):
                pair = side_by_side(model, state, find)
                after = compare_step(pair, state, event) if pair else state
            else:
                after = next_state(model, state, event)
    answer = show(model, request, before, after, find)
    if before is not None:
        match request.event:
            case protocol.OpenLevel():
                note = left_closed(model, before.view, after.view)
            case protocol.Toggle():
                note = closed_for_room(before.view, after.view)
            case _:
                note = ""
        if note:
            answer.note = note
    return answer


def answer_correction(models: Models, request: EventRequest, event: Edit) -> EventAnswer:
    """The answer to a correction, which leads to another model of ``models``.

    Raises:
        RequestError: if the request names what the model has not.
        HexvizError: with the reason, if it cannot be done.
    """
    if request.at is None:
        raise RequestError("That request does not say where the page is.")
    model, before = models.get(request.at.model), request.at.state
    check_state(model, before)
    edited, after = apply_edit(models, model, before, event)
    check_state(edited, after)  # a browser may name any model to be the one to redo
    answer = show(edited, request, before if edited is model else None, after, models.get)
    answer.edited = True
    return answer


def show(
    model: OpenModel,
    request: EventRequest,
    before: PageState | None,
    after: PageState,
    find: Find,
) -> EventAnswer:
    """The answer that leads from one state of the page to the next; all of it without a ``before``.

    ``find`` opens the model that it is shown beside, in the compare tab.

    Raises:
        HexvizError: with the reason, if the state cannot be shown.
    """
    answer = EventAnswer(n=request.n)
    if after.tab == "compare":
        answer.other = None
    try:
        pair = side_by_side(model, after, find)
    except HexvizError as error:  # the model itself can be shown
        pair, answer.other = None, OtherGraph(error=str(error))
    if pair is not None:
        after = pair.level(after)
    draw(answer, model, before, after, request.theme, pair)
    if model.key != request.shown:
        describe(answer, model)
    if after != before:
        answer.at = At(model.key, after)
        answer.address = to_query(model.key, after)
    return answer


def answer_panel(model: OpenModel, request: PanelRequest, find: Find) -> PanelAnswer:
    """What the side panel and the tab in sight show of an open model, and what was searched for.

    ``find`` opens the model that it is compared with.

    Raises:
        RequestError: if the request names what the model has not.
        HexvizError: with the reason, if the state cannot be shown.
    """
    state = request.at.state
    check_state(model, state)
    answer = _Panel(PanelAnswer(n=request.n), request.holds)
    _marks(answer, model, request)
    _search(answer, model, state, request.query)
    match state.tab:
        case "extract":
            _extract(answer, model, state, request.turned)
        case "ops":
            _table(answer, model, state)
        case "audit":
            answer.part(
                "audit-pane", model.key, lambda: audit_page(model.graph, model.findings, model.key)
            )
        case "compare":
            _compare(answer, model, state, find)
        case "measure":
            _measure(answer, model, state, request.theme)
    if state.tab not in ("extract", "compare", "measure"):
        answer.found.parts["inspector"] = inspect(model, state)
    if request.timings is not None:
        parts, figures = timings(model, request.theme, request.timings)
        answer.found.parts |= parts
        answer.found.figures = figures
    return answer.found


def _marks(answer: _Panel, model: OpenModel, request: PanelRequest) -> None:
    """The marks of the audit, once it is made; of a small model that is at once."""
    size, is_read = len(model.graph.ops), request.at.state.tab == "audit"
    most = LATER if request.audit else AT_ONCE
    if model.known_findings is None and size > most and not is_read:
        answer.found.unaudited = size <= LATER
        return
    placement = request.at.state.view.placement
    if answer.lacks("marks", f"{model.key} {placement}"):
        answer.found.marks = marks(model, model.findings, placement)


def check_state(model: OpenModel, state: PageState) -> None:
    """Hold a state against the model that it is said to be of.

    Raises:
        RequestError: if it names an op, a module or a value that the model has not.
    """
    graph = model.graph
    match state.selection:
        case "op", op if op not in graph.positions:
            raise RequestError(f"The model has no op {op!r}, which is said to be selected.")
        case "module", fqn if fqn not in graph.modules:
            raise RequestError(f"The model has no module {fqn!r}, which is said to be selected.")
        case "call", key if key not in model.index(state.view.placement).calls:
            raise RequestError(f"The model has no call {key!r}, which is said to be selected.")
        case "value", value if value not in graph.flat.values:
            raise RequestError(f"The model has no value {value!r}, which is said to be selected.")
    if state.trace is not None and not is_known(state.trace, model):
        raise RequestError("The model has not what is said to be traced.")
    unknown = next((op for op in state.choice.selected.ops if op not in graph.positions), None)
    if unknown is not None:
        raise RequestError(f"The model has no op {unknown!r}, which is said to be cut out.")


class _Panel:
    """An answer in the making, without the parts that the page holds already."""

    def __init__(self, found: PanelAnswer, holds: Mapping[str, str]) -> None:
        self.found = found
        self.holds = holds

    def lacks(self, name: str, key: str) -> bool:
        """Whether the page lacks a part as it depends on ``key``; it is said to hold it then."""
        if self.holds.get(name) == key:
            return False
        self.found.holds[name] = key
        return True

    def part(self, element: str, key: str, make: Callable[[], Content]) -> None:
        """Put a part into the answer, unless the page holds it."""
        if self.lacks(element, key):
            self.found.parts[element] = make()


def _state(model: OpenModel, request: EventRequest) -> PageState:
    if request.at is None:
        raise RequestError("That request does not say where the page is.")
    check_state(model, request.at.state)
    return request.at.state


def _search(answer: _Panel, model: OpenModel, state: PageState, query: str) -> None:
    key = f"{model.key} {query}" if query.strip() else ""
    if not key and "hits" not in answer.holds:
        return
    try:
        found, refusal = model.found(query), ""
    except QueryError as error:
        found, refusal = Found(), str(error)

    def listed() -> Content:
        if refusal:
            return html.Div(refusal, className="quiet", role="status")
        return hits(model, query, found) if key else []

    answer.part("hits", key, listed)
    answer.found.matches = matches(model, state, found)


def _extract(answer: _Panel, model: OpenModel, state: PageState, turned: list[str]) -> None:
    kept, query = model.extracted(state.choice), choice_query(state.choice)
    answer.found.parts["extract-tree"] = pick_tree(model, state, turned)
    answer.part("extract-field", "once", field)  # what is typed into it stays
    answer.found.parts["extract-now"] = panel(model, state)
    key = f"{model.key} {query}"
    answer.part("extract-border", key, lambda: border(kept) if kept else [])
    answer.part("extract-hints", key, lambda: hints(kept) if kept else [])
    answer.found.extract = ExtractPart(model.key, query)


def _table(answer: _Panel, model: OpenModel, state: PageState) -> None:
    rows = digest("\n".join([model.key, *sorted(state.view.hidden)]).encode())
    answer.found.table = table(model, state, filled=not answer.lacks("table", rows))


def _measure(answer: _Panel, model: OpenModel, state: PageState, theme: Theme) -> None:
    figures, shown = state.figures, figure_shown(model, state)
    costs, known = model.measures.costs(figures), model.measures.of(figures)
    parts = answer.found.parts
    parts["measure-choice"] = choice(model, state)
    parts["measure-costs"] = costs_part(model, state, costs, to_query(model.key, state))
    parts["measure-time"] = time_part(known.profile, costs)
    parts["measure-parity"] = parity_part(model, state)
    parts["measure-selected"] = selected_part(model, state)
    answer.part("measure-form", "once", lambda: form(again=False))  # what is typed into it stays
    answer.part("measure-command", model.key, lambda: reference_part(model))
    sizes = sorted(model.measures.sizes(figures).items())
    found = ModuleFigures(
        selected=selected_module(model, state), is_wanted=costs is None, sizes=sizes
    )
    colour = in_figures(model, state)
    ramp = model.render(colour.view, theme, colour.answers).legend.ramp
    about = f"{model.key} {figures} {costs is None} {shown}"
    if answer.lacks("measure-chart", digest(f"{about} {ramp} {theme}".encode())):
        found.chart = (
            icicle(known.table, model.graph.modules, shown, ramp, theme)
            if shown is not None and ramp is not None
            else None
        )
    if answer.lacks("measure-columns", digest(about.encode())):
        found.columns = columns(known.table, shown or "")
    if answer.lacks("measure-rows", digest(f"{model.key} {figures} {costs is None}".encode())):
        found.rows = rows(known.table, model.graph.modules)
    answer.found.measure = found


def _compare(answer: _Panel, model: OpenModel, state: PageState, find: Find) -> None:
    other = state.compared
    found = model.comparison(other) if other else None
    is_wanted = bool(other) and found is None
    # While a job compares, there is nothing to show yet.
    key = f"{model.key} {other} {'' if found is None else 'found'}"
    answer.part(
        "compare-content",
        key,
        lambda: (
            tell(found, model.graph, titles(found, model.edit, other))
            if found
            else []
            if is_wanted
            else invitation()
        ),
    )
    answer.part("compare-known", model.key, lambda: known_others(model))
    is_related = found is not None and found.is_related
    answer.found.comparison = Comparison(other, is_related, is_wanted)
    try:
        pair = side_by_side(model, state, find)
    except HexvizError as error:
        answer.found.parts["compare-selected"] = html.P(str(error), className="unreadable")
    else:
        answer.found.parts["compare-selected"] = selected_in_both(pair, state) if pair else []
