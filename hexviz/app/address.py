"""The page's state in its address: what a person shares when they copy the link.

::

    ?model=…&open=encoder&op=MatMul_3&path=context&step=2   ◀─▶   PageState

The keys of undone edits are not in it, and a selection that is too long for a link is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import parse_qs, urlencode

from hexviz.app.graph.evidence import evidence
from hexviz.app.graph.navigation import ops_in
from hexviz.app.models.comparison import other_in
from hexviz.app.protocol import (
    MOST_OPS,
    MOST_SYMBOLS,
    NOTHING,
    TABS,
    WAYS,
    ExtractChoice,
    Figures,
    OtherSide,
    PageState,
    Path,
    Selection,
    Tab,
    Trace,
)
from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.subgraph import POLICIES, Policy
from hexviz.view.index import Placement
from hexviz.view.modes import COLOURED, COLOURINGS, Mode, figure_of
from hexviz.view.ramp import Gather
from hexviz.view.state import MOST_COLUMNS, MOST_NODES, ViewState, count_visible, reveal
from hexviz.view.svg.first import Sight

if TYPE_CHECKING:
    from hexviz.app.models.open_model import OpenModel

__all__ = [
    "choice_in", "choice_query", "from_query", "is_known", "model_in", "sight_in", "to_query"
]  # fmt: skip

_LONGEST = 2000  # characters of a selection in an address: more is no link any more
_EARLIER_TABS = {"filter": "extract"}  # what links of before say
_DIGITS = 6  # of a number in an address: a longer one is none

Fields = Mapping[str, list[str]]
Name = TypeVar("Name", bound=str)


def to_query(key: str, state: PageState) -> str:
    """The address's query for the state of a model's page."""
    view, (kind, what), trace = state.view, state.selection, state.trace
    pairs = [("model", key)]
    if state.tab != "graph":
        pairs.append(("tab", state.tab))
    if view.placement != "module":
        pairs.append(("place", view.placement))
    # An empty "open" says that everything is closed; none at all asks for the first view.
    pairs += [("open", box) for box in sorted(view.open) or [""]]
    pairs += [("apart", box) for box in sorted(view.apart)]
    pairs += [("columns", str(view.columns))] * (view.columns > 1)
    pairs += [("hide", fqn) for fqn in sorted(view.hidden)]
    if view.colour != "module":
        pairs.append(("colour", view.colour))
        pairs += [("numbers", state.numbers)] * (view.colour == "numbers")
        pairs += [("boxes", view.gather)] * (view.colour == "numbers" and view.gather != "mean")
    pairs += [("lit", bucket) for bucket in sorted(state.lit)]
    if kind and len(what) < _LONGEST:
        pairs.append((kind, what))
    if trace:
        pairs.append((trace.way, trace.op))
        pairs += [("to", trace.to)] * (trace.way == "between")
    if state.path:
        pairs.append(("path", state.path))
    if state.step:
        pairs.append(("step", str(state.step)))
    if state.tour >= 0:
        pairs.append(("tour", str(state.tour)))
    if state.compared:
        pairs.append(("compared", state.compared))
        pairs += [("difference", str(state.difference))] * (state.difference >= 0)
        pairs += [("other-open", box) for box in sorted(state.other.open)]
    pairs += _figure_pairs(state)
    pairs += _choice_pairs(state.choice)
    return "?" + urlencode(pairs)


def from_query(query: str, model: OpenModel, canvas: tuple[int, int] | None = None) -> PageState:
    """The state in an address; boxes, modules and ops it names wrongly are left out.

    Where it says nothing of boxes, what is open is for a ``canvas`` of that width and height.
    """
    fields = _fields(query)
    placement: Placement = "context" if _first(fields, "place") == "context" else "module"
    hidden = frozenset(fqn for fqn in fields.get("hide", ()) if model.has_module(fqn))
    compared = _first(fields, "compared")
    compared = compared if other_in(compared) is not None else ""
    numbers = _first(fields, "numbers")
    colour: Mode = _one_of(COLOURINGS, _first(fields, "colour"))
    gather: Gather = "sum" if _first(fields, "boxes") == "sum" else "mean"
    if model.numbers.get(numbers) is None:
        colour, numbers = "module" if colour == "numbers" else colour, ""
    if colour == "compared" and model.comparison(compared) is None:
        colour = "module"
    figures = model.measures.known(_figures(fields))
    coloured = figure_of(colour)
    if coloured is not None and not model.measures.of(figures).has(coloured):
        colour = "module"
    selection = _selected(fields, model, placement)
    view = replace(
        _view(fields, model, placement, hidden, selection, canvas), colour=colour, gather=gather
    )
    state = PageState(
        view,
        selection,
        _trace(fields, model),
        frozenset(fields.get("lit", ())),
        numbers,
        tour=_number(_first(fields, "tour"), -1),
        choice=choice_in(fields, model.has_module, model.graph.positions.__contains__),
        compared=compared,
        difference=_number(_first(fields, "difference"), -1),
        other=OtherSide(frozenset(fields.get("other-open", ()))),
        figures=figures,
        figure=next((one for one in COLOURED if one == _first(fields, "figure")), ""),
        divergence=_number(_first(fields, "divergence"), -1),
        tab=_tab(fields),
    )
    return _on_path(state, fields, model)


def _figure_pairs(state: PageState) -> list[tuple[str, str]]:
    figures = state.figures
    pairs: list[tuple[str, str]] = [
        (kind, name) for kind in _DOCUMENTS if (name := getattr(figures, kind))
    ]
    pairs += [("size", f"{size}:{name}") for name, size in figures.symbols]
    pairs += [("figure", state.figure)] * bool(state.figure)
    return pairs + [("divergence", str(state.divergence))] * (state.divergence >= 0)


_DOCUMENTS: tuple[Literal["profile", "parity"], ...] = ("profile", "parity")
_DOCUMENT = re.compile("[0-9a-f]{64}")
_SIZE = re.compile("([1-9][0-9]{0,8}):(.{1,200})", re.DOTALL)


def _figures(fields: Fields) -> Figures:
    """The figures that an address names; whether its documents are there, the model knows."""
    named = {kind: name for kind in _DOCUMENTS if _DOCUMENT.fullmatch(name := _first(fields, kind))}
    sizes = filter(None, (_SIZE.fullmatch(one) for one in fields.get("size", ())))
    symbols = {found[2]: int(found[1]) for found in sizes}
    return Figures(**named, symbols=tuple(sorted(symbols.items())[:MOST_SYMBOLS]))


def model_in(query: str) -> str | None:
    """The key of the model an address names."""
    return next(iter(_fields(query).get("model", [])), None)


def sight_in(query: str) -> Sight | None:
    """Where an address looks; ``None`` where it does not say. See ``viewportIn`` in camera.js."""
    parts = _first(_fields(query), "at").split(",")
    try:
        zoom, x, y = map(float, parts)
    except ValueError:
        return None
    return Sight(zoom, x, y) if zoom > 0 and all(map(math.isfinite, (zoom, x, y))) else None


def choice_query(choice: ExtractChoice) -> str:
    """What is to be cut out, as the query of an address."""
    return urlencode(_choice_pairs(choice))


def choice_in(
    fields: Fields | str, is_module: Callable[[str], bool], is_op: Callable[[str], bool]
) -> ExtractChoice:
    """What an address wants cut out; what it names wrongly is left out."""
    if isinstance(fields, str):
        fields = _fields(fields)
    ops = [op for op in fields.get("keep-op", ()) if is_op(op)]
    policy: Policy = ExtractChoice().policy
    return ExtractChoice(
        ModuleSelection(
            frozenset(filter(is_module, fields.get("keep", ()))),
            frozenset(filter(is_module, fields.get("except", ()))),
            frozenset(ops[:MOST_OPS]),
        ),
        next((known for known in POLICIES if [known] == fields.get("policy", [])[:1]), policy),
        fields.get("fill") == ["1"],
    )


def _choice_pairs(choice: ExtractChoice) -> list[tuple[str, str]]:
    selected = choice.selected
    pairs = [("keep", fqn) for fqn in sorted(selected.modules)]
    pairs += [("except", fqn) for fqn in sorted(selected.exclude)]
    pairs += [("keep-op", op) for op in sorted(selected.ops)]
    pairs += [("policy", choice.policy)] * (choice.policy != ExtractChoice().policy)
    return pairs + [("fill", "1")] * choice.fill


def _fields(query: str) -> dict[str, list[str]]:
    return parse_qs(query.removeprefix("?"), keep_blank_values=True)


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _one_of(names: tuple[Name, ...], name: str) -> Name:
    """The name, or the first of all where it is none of them."""
    return next((known for known in names if known == name), names[0])


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else default


def _tab(fields: Fields) -> Tab:
    name = "".join(fields.get("tab", ()))
    return _one_of(TABS, _EARLIER_TABS.get(name, name))


def _view(
    fields: Fields,
    model: OpenModel,
    placement: Placement,
    hidden: frozenset[str],
    selection: Selection,
    canvas: tuple[int, int] | None,
) -> ViewState:
    """The boxes that an address opens; the first view where it names none, or too many."""
    index = model.index(placement)
    if "open" in fields:
        boxes = (index.box_of(key) for key in fields["open"] if key)
        apart = frozenset(key for key in fields.get("apart", ()) if key in index.stacks)
        columns = min(MOST_COLUMNS, max(1, _number(_first(fields, "columns"), 1)))
        open_boxes = frozenset(filter(None, boxes))
        view = ViewState(open_boxes, placement, hidden, apart, columns=columns)
    else:
        view = model.first_view(placement, hidden=hidden, canvas=canvas)
        if selection[0] == "op":
            # A link that names an op and no boxes wants to show the op.
            view = reveal(view, index, selection[1])
    if count_visible(index, view) > MOST_NODES:
        view = model.first_view(placement, hidden=hidden, canvas=canvas)
    return ViewState(view.open, placement, view.hidden, view.apart, columns=view.columns)


def _selected(fields: Fields, model: OpenModel, placement: Placement) -> Selection:
    graph = model.graph
    for op in fields.get("op", ()):
        if op in graph.positions:
            return "op", op
    for ops in fields.get("ops", ()):
        if ops_in(model, ops):
            return "ops", ops
    for fqn in fields.get("module", ()):
        if fqn in graph.modules:
            return "module", fqn
    for call in fields.get("call", ()):
        if call in model.index(placement).calls:
            return "call", call
    for value in fields.get("value", ()):
        if value in graph.flat.values:
            return "value", value
    for edge in fields.get("edge", ()):
        return "edge", edge
    return NOTHING


def _trace(fields: Fields, model: OpenModel) -> Trace | None:
    way = next((way for way in WAYS if way in fields), None)
    if way is None:
        return None
    trace = Trace(way, _first(fields, way), _first(fields, "to") if way == "between" else "")
    return trace if is_known(trace, model) else None


def is_known(trace: Trace, model: OpenModel) -> bool:
    """Whether the model has what is traced."""
    if trace.way == "given":
        return trace.op in model.graph.modules
    ends = [trace.op, trace.to] if trace.way == "between" else [trace.op]
    return all(op in model.graph.positions for op in ends)


def _on_path(state: PageState, fields: Fields, model: OpenModel) -> PageState:
    """The state at the path and step that an address asks for, as far as there are such."""
    paths: tuple[Path, ...] = ("", "module", "context")
    path, step = _one_of(paths, _first(fields, "path")), _number(_first(fields, "step"), 0)
    found = evidence(model, replace(state, path=path, step=step))
    if found is None:
        return state
    return replace(state, path=path if path == found.path else "", step=found.at)
