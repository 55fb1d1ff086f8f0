"""Pictures of a model for its report: states of the view, as the page would draw them.

The page draws any set of open boxes; a report has no server, so it holds a choice of states: the
first view with each box opened or closed, each path of boxes by itself, what "open a level" leads
to, and stacks with their members apart, as far as a bound on all elements allows. Whatever a
person opens leads to the recorded state that is nearest to it.

Elements of one content are stored once. A state is numbers: ``[element, 10·x, 10·y]`` for a node,
``[element]`` for a line, all in one list, in the order in which they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hexviz.app.graph.navigation import open_level
from hexviz.app.graph.tree import rows
from hexviz.app.graph.widgets import legend, tree
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState
from hexviz.app.report.packing import as_json
from hexviz.errors import ViewLimitError
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.sight import apart_stacks, content
from hexviz.view.state import MOST_NODES, ViewState, close, count_visible, open_path, take_apart

__all__ = ["MOST_ELEMENTS", "record_pictures"]

MOST_ELEMENTS = 40_000
"""Elements that all states of a report may have together: some 0.5 MB, and 4 s to draw."""

_LEVELS = 4  # times that "open a level" leads further
_COLOURS = ("fill", "border", "ink")


def record_pictures(model: OpenModel, *, most: int = MOST_ELEMENTS) -> dict[str, Any]:
    """States with their elements, rows of the tree and legends; the same for the same graph.

    The first state is the first view, the second has every box closed. ``levels`` are chains
    of states, each with a level more open than the one before.
    """
    recorder = _Recorder(model)
    first, closed = model.first_view(), ViewState()
    levels = [_levels(model, view) for view in (first, closed)]
    for view in (first, closed, *levels[0], *levels[1], *_states(model, first, closed)):
        if view not in recorder.states:
            if recorder.drawn >= most:
                break
            recorder.record(view)
    return recorder.document(levels)


def _levels(model: OpenModel, view: ViewState) -> list[ViewState]:
    """A view, and what opening a level after the other leads to."""
    chain = [view]
    while len(chain) <= _LEVELS and (more := open_level(model, chain[-1])) != chain[-1]:
        chain.append(more)
    return chain


def _states(model: OpenModel, first: ViewState, closed: ViewState) -> Iterator[ViewState]:
    """Further states that are worth recording, the most wanted first; some may come twice."""
    index = model.index("module")
    together = _boxes(index, frozenset())
    for base in (first, closed):
        for key in together:
            yield from _turned(base, index, key)
    for key in index.stacks:
        if key not in together:
            continue
        for base in (first, closed):
            try:
                apart = take_apart(open_path(base, index, key), index, key)
            except ViewLimitError:
                continue
            if count_visible(index, apart) > MOST_NODES:
                continue
            yield apart
            for member in _boxes(index, frozenset((key,))):
                yield from _turned(apart, index, member)


def _turned(view: ViewState, index: Index, key: str) -> Iterator[ViewState]:
    """A view with a box opened, or closed where it is open."""
    if key in view.open:
        yield close(view, index, key)
        return
    try:
        yield open_path(view, index, key)
    except ViewLimitError:
        return


def _boxes(index: Index, apart: frozenset[str]) -> dict[str, None]:
    """All boxes that can be on the page while these stacks are apart, outer ones first."""
    taken = apart_stacks(index, apart, frozenset())
    found: dict[str, None] = {}
    level: list[Container] = [index.containers[""]]
    while level:
        inner = [item for box in level for item in content(index, box, taken)]
        keys = [item for item in inner if isinstance(item, str)]
        found.update(dict.fromkeys(keys))
        level = [index.containers[key] for key in keys]
    return found


class _Table:
    """Things that are stored once, by their JSON."""

    def __init__(self) -> None:
        self._at: dict[bytes, int] = {}

    def add(self, thing: Any) -> int:
        return self._at.setdefault(as_json(thing), len(self._at))

    def entries(self) -> list[msgspec.Raw]:
        return [msgspec.Raw(text) for text in self._at]


class _Recorder:
    def __init__(self, model: OpenModel) -> None:
        self.model = model
        self.index = model.index("module")
        self.box_at = {key: at for at, key in enumerate(self.index.containers)}
        self.states: dict[ViewState, dict[str, Any]] = {}
        self.drawn = 0
        self.elements, self.swatches = _Table(), _Table()
        self.rows, self.legends = _Table(), _Table()

    def record(self, view: ViewState) -> None:
        light, dark = (self.model.render(view, theme) for theme in ("light", "dark"))
        state = PageState(view)
        numbers: list[int] = []
        for one, other in zip(light.elements, dark.elements, strict=True):
            numbers += self._element(one, other)
        self.drawn += len(light.elements)
        self.states[view] = {
            "open": sorted(self.box_at[key] for key in view.open),
            "apart": sorted(self.box_at[key] for key in view.apart),
            "elements": numbers,
            "tree": [self.rows.add(row) for row in tree(rows(self.model, view))],
            "legend": [self.legends.add(legend(one.legend, state)) for one in (light, dark)],
        }

    def _element(self, light: dict[str, Any], dark: dict[str, Any]) -> list[int]:
        data, other = light["data"], dark["data"]
        if "fill" in data:
            colours = [one[name] for one in (data, other) for name in _COLOURS]
            data = {name: value for name, value in data.items() if name not in _COLOURS}
            data["swatch"] = self.swatches.add(colours)
        at = [self.elements.add(data)]
        if "position" in light:
            at += [round(10 * light["position"][axis]) for axis in "xy"]
        return at

    def document(self, levels: list[list[ViewState]]) -> dict[str, Any]:
        at = {view: number for number, view in enumerate(self.states)}
        return {
            "elements": self.elements.entries(),
            "swatches": self.swatches.entries(),
            "rows": self.rows.entries(),
            "legends": self.legends.entries(),
            "states": list(self.states.values()),
            "levels": [[at[view] for view in chain if view in at] for chain in levels],
        }
