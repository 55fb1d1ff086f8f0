"""The other graph of the compare tab: what is seen of it follows from what is seen of this one.

::

    this graph, by the page's state        the other one
    open      encoder, layer.2     ──▶     the boxes of their counterparts, and ``other.open``
    selected  MatMul, Add          ──▶     Gemm
    selected  nothing              ◀──     Erf, which is only there: its place is marked here

So the state of the page has one view, and opening and selecting go in step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from hexviz.app.graph.navigation import selected_ops
from hexviz.app.models.alignment import Alignment, box_in, place_of, uneven_stacks
from hexviz.app.models.comparison import Kept, other_in, titles
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import NOTHING, Highlight, PageState, Selection
from hexviz.errors import SourceError, ViewLimitError
from hexviz.view.index import Index, Placement
from hexviz.view.palette import Theme
from hexviz.view.render import Rendered
from hexviz.view.sight import apart_stacks, drawn_path
from hexviz.view.state import MOST_NODES, ViewState, count_visible, open_path, take_apart

__all__ = ["Find", "SideBySide", "as_selection", "is_comparing", "side_by_side"]

Find = Callable[[object], OpenModel]
"""From the key of a model to the model, as :meth:`~hexviz.app.models.store.ModelStore.get`."""

_MOST_MARKED = 40  # ops around the places of what one of the graphs has not


def is_comparing(model: OpenModel, state: PageState) -> bool:
    """Whether the page shows the model beside another graph, in the colours of the comparison."""
    if state.tab != "compare" or not state.compared:
        return False
    found = model.comparison(state.compared)
    return found is not None and found.is_related


def side_by_side(model: OpenModel, state: PageState, find: Find) -> SideBySide | None:
    """The model and the one that it is compared with; ``None`` where the page shows no such.

    Raises:
        SourceError: if the other one is not open on the server any more.
        MatchingError: if the comparison is gone.
    """
    if not is_comparing(model, state):
        return None
    named, found = other_in(state.compared), model.comparison(state.compared)
    assert named is not None and found is not None  # noqa: S101, PT018 - is_comparing looked
    try:
        other = find(found.drawn or named.key)
    except SourceError:
        other = find(named.key)
    return SideBySide(
        model, other, found, state.compared, model.alignment(state.compared, other.graph)
    )


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The open model (``own``), the ``other`` one, and what a comparison ``found``.

    ``compared`` names the other one as the page's state does.
    """

    own: OpenModel
    other: OpenModel
    found: Kept
    compared: str
    alignment: Alignment

    @property
    def titles(self) -> dict[str, str]:
        """What both graphs are called, by side."""
        return titles(self.found, self.own.edit, self.compared)

    def own_box(self, key: str, placement: Placement) -> str | None:
        """The box of the open model that a box of the other one is there."""
        index = self.other.index(placement)
        if key not in index.containers:
            return None
        return box_in(index, key, self.own.index(placement), self.alignment.modules_back)

    def level(self, state: PageState) -> PageState:
        """The state with all stacks apart that are not the same in both graphs.

        One member stands for all of a stack, which would hide what differs.
        """
        view = state.view
        index, other = self.own.index(view.placement), self.other.index(view.placement)
        for key in uneven_stacks(index, other, self.alignment.modules):
            if key not in view.apart:
                wider = take_apart(view, index, key)
                view = wider if count_visible(index, wider) <= MOST_NODES else view
        return replace(state, view=view)

    def other_view(self, state: PageState) -> ViewState:
        """What is open of the other graph: the counterparts of what is, and what is only there."""
        view, modules = state.view, self.alignment.modules
        index, other = self.own.index(view.placement), self.other.index(view.placement)
        uneven = uneven_stacks(other, index, self.alignment.modules_back)
        hidden = (modules.get(fqn) for fqn in view.hidden)
        known = view.apart.intersection(index.stacks)
        apart = {box_in(index, key, other, modules) for key in known}.intersection(other.stacks)
        found = ViewState(
            frozenset(),
            view.placement,
            frozenset(fqn for fqn in hidden if fqn),
            frozenset(key for key in apart if key).union(uneven),
            "compared",
        )
        standing = self.own.apart(view)
        for key in _by_depth(index, view.open):
            path = drawn_path(index, key, standing)
            if path and path[-1] == key and view.open.issuperset(path):
                found = _opened(found, other, box_in(index, key, other, modules))
        for key in uneven:
            if self.own_box(key, view.placement) not in index.stacks:
                found = _opened(found, other, key, only_inside=True)
        for key in _by_depth(other, state.other.open):
            found = _opened(found, other, key, only_inside=True)
        return found

    def other_drawn(self, state: PageState, theme: Theme) -> Rendered:
        """The picture of the other graph."""
        role = "after" if self.found.side == "after" else "before"
        return self.other.render(self.other_view(state), theme, f"{role}:{self.own.key}")

    def links(self, own: Rendered, other: Rendered, placement: Placement) -> list[tuple[str, str]]:
        """Which elements of both pictures stand for each other, each of ours once."""
        found: list[tuple[str, str]] = []
        at = self.alignment
        if at.own_at.size:
            here = own.owner[self.own.index(placement).slot_of[at.own_at]]
            there = other.owner[self.other.index(placement).slot_of[at.other_at]]
            seen = (here >= 0) & (there >= 0)
            pairs, counts = np.unique(
                np.stack([here[seen], there[seen]]), axis=1, return_counts=True
            )
            best: dict[int, int] = {}
            for pair in np.argsort(-counts, kind="stable").tolist():
                best.setdefault(int(pairs[0, pair]), int(pairs[1, pair]))
            found = [(own.shown[one], other.shown[two]) for one, two in sorted(best.items())]
        shown = set(other.shown)
        ends = (name for name in own.shown if name[:2] in ("i:", "u:") and name in shown)
        return found + [(name, name) for name in ends]

    def mark(
        self, state: PageState, marked: Highlight, own: Rendered, other: Rendered
    ) -> Highlight:
        """What is marked of the other graph; adds to ``marked`` what that says of this one.

        What has no counterpart is marked by what stands around its place.
        """
        placement = state.view.placement
        marks = Highlight(lit=marked.lit)
        chosen = state.other.selection
        theirs = selected_ops(self.other, chosen)
        mine = selected_ops(self.own, state.selection)
        if chosen[0] in ("", "op", "ops"):
            if not theirs:
                known = self.alignment.ops
                theirs = list(dict.fromkeys(two for one in mine for two in known.get(one, ())))
            _mark_ops(marks, self.other, other, placement, theirs)
            if mine and not theirs:
                around = place_of(self.own.graph, _at(self.own, mine), self.alignment.ops)
                marks.place = _shown(self.other, other, placement, around)
            if theirs and not mine:
                back = self.alignment.ops_back
                around = place_of(self.other.graph, _at(self.other, theirs), back)
                marked.place = _shown(self.own, own, placement, around)
        if not theirs and not mine:
            marks.selected = self._selected(state, chosen if chosen[0] else None)
        for side in (marked, marks):
            shown = [side.selected] if side.selected else side.evidence or side.place
            side.look = shown[0] if shown else None
        return marks

    def _selected(self, state: PageState, chosen: Selection | None) -> str | None:
        """The element of the other graph that shows a selected module or value."""
        kind, what = chosen or state.selection
        if chosen is None and kind == "module":
            what = self.alignment.modules.get(what, "\0")
        if kind == "module" and what in self.other.graph.modules:
            return self.other.box(self.other_view(state), what)
        if kind == "value" and what in self.other.graph.flat.values:
            return f"{'i' if what in self.other.graph.flat.inputs else 'u'}:{what}"
        return None


def _mark_ops(
    marks: Highlight, model: OpenModel, drawn: Rendered, placement: Placement, ops: list[str]
) -> None:
    """Mark one op as selected, several by their evidence."""
    shown = _shown(model, drawn, placement, ops)
    if len(ops) == 1 and shown:
        marks.selected = shown[0]
    else:
        marks.evidence = shown


def _at(model: OpenModel, ops: Iterable[str]) -> list[int]:
    return [model.graph.positions[op] for op in ops][:_MOST_MARKED]


def _shown(
    model: OpenModel, drawn: Rendered, placement: Placement, ops: Iterable[str]
) -> list[str]:
    """The elements that show some ops."""
    index, positions = model.index(placement), model.graph.positions
    found = (drawn.element(index, positions[op]) for op in ops if op in positions)
    return list(dict.fromkeys(one for one in found if one))


def _by_depth(index: Index, keys: Iterable[str]) -> list[str]:
    known = [key for key in keys if key in index.containers]
    return sorted(known, key=lambda key: (index.containers[key].depth, key))


def _opened(
    view: ViewState, index: Index, key: str | None, *, only_inside: bool = False
) -> ViewState:
    """The view with a box open, and all around it, unless that is too much.

    With ``only_inside``, where the boxes around it are open already.
    """
    if not key or key not in index.containers:
        return view
    if only_inside:
        path = drawn_path(index, key, apart_stacks(index, view.apart, view.hidden))
        if not view.open.issuperset(step for step in path if step != key):
            return view
    try:
        return open_path(view, index, key)
    except ViewLimitError:
        return view


def as_selection(ops: list[str]) -> Selection:
    """Some ops as a selection."""
    if len(ops) == 1:
        return "op", ops[0]
    return ("ops", json.dumps(ops)) if ops else NOTHING
