"""What a person has chosen to see: open modules, placement, filter.

A state is plain and hashable, so that it can go into a link. Containers are
named by their keys (see :class:`hexviz.view.index.Container`); the root is
always open and never listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hexviz.errors import ViewLimitError
from hexviz.extraction.selection import EVERYTHING, ModuleSelection
from hexviz.model.fqn import is_within
from hexviz.view.index import Index, Placement
from hexviz.view.modes import Mode
from hexviz.view.ramp import Gather
from hexviz.view.sight import apart_stacks, content, drawn_path

__all__ = [
    "FIRST_VIEW",
    "MOST_COLUMNS",
    "MOST_NODES",
    "ViewLimitError",
    "ViewState",
    "close",
    "count_visible",
    "hide",
    "is_hidden",
    "open_path",
    "put_together",
    "reveal",
    "show_box",
    "take_apart",
    "toggle",
]

FIRST_VIEW = 110
"""Nodes a first view may have: with their edges, about 220 elements."""
MOST_COLUMNS = 3
"""Columns that a drawing may have: of more, nobody follows the numbers from one to the next."""
MOST_NODES = 500
"""Nodes a view may ever have: with their edges, about 1,000 elements."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """Open containers, where auxiliary ops are placed, and the FQNs hidden by the filter.

    A hidden FQN hides the ops placed in that module and everything below it.
    ``apart`` are the stacks of equal siblings whose members are shown one by
    one; in the others, the first one is shown for all. ``colour`` is what the
    colours of the graph say; ``gather`` is what a closed box is coloured by where that is
    numbers of ops. ``columns`` are those that a long drawing may fold into.
    """

    open: frozenset[str] = field(default_factory=frozenset)
    placement: Placement = "module"
    hidden: frozenset[str] = field(default_factory=frozenset)
    apart: frozenset[str] = field(default_factory=frozenset)
    colour: Mode = "module"
    gather: Gather = "mean"
    columns: int = 1


def is_hidden(fqn: str, hidden: frozenset[str]) -> bool:
    """Whether a module is hidden, by itself or by one above it; by segment.

    >>> is_hidden("layer1.0", frozenset({"layer1"})), is_hidden("layer10", frozenset({"layer1"}))
    (True, False)
    """
    return bool(hidden) and not ModuleSelection(EVERYTHING.modules, exclude=hidden).holds(fqn)


def count_visible(index: Index, state: ViewState) -> int:
    """Number of nodes a state puts on the page, boxes included; an upper bound under a filter."""
    apart = apart_stacks(index, state.apart, state.hidden)
    count = len(index.graph.inputs) + len(index.graph.outputs)
    pending = [""]
    while pending:
        box = index.containers[pending.pop()]
        for item in content(index, box, apart):
            if isinstance(item, int):
                count += not is_hidden(box.module, state.hidden)
            elif not is_hidden(index.containers[item].face, state.hidden):
                count += 1
                if item in state.open:
                    pending.append(item)
    return count


def open_path(state: ViewState, index: Index, key: str) -> ViewState:
    """The state with a container and all around it open.

    A stack in which another than the first member is to be opened is taken apart. Where the
    page would be too full, other boxes close, the furthest first.

    Raises:
        ViewLimitError: if more than the page can show would be visible.
    """
    return _opened(state, index, key, whole=True)


def show_box(state: ViewState, index: Index, key: str) -> ViewState:
    """The state with all open that a container's own box needs to be seen.

    Raises:
        ViewLimitError: if more than the page can show would be visible.
    """
    return _opened(state, index, key, whole=False)


def _opened(state: ViewState, index: Index, key: str, *, whole: bool) -> ViewState:
    wider = state
    while True:
        path = drawn_path(index, key, apart_stacks(index, wider.apart, wider.hidden))
        # The way ends early at a stack whose first member stands for the one wanted.
        last = index.containers[path[-1]] if path else None
        if last is None or last.key == key or key in last.members[:1]:
            break
        wider = take_apart(wider, index, last.key)
    needed = frozenset(path if whole else set(path) - {key})
    wider = _with_room(replace(wider, open=wider.open | needed), index, key, needed)
    count = count_visible(index, wider)
    if count > MOST_NODES:
        label = index.containers[key].label
        raise ViewLimitError(
            f"Opening {label} would show {count:,} boxes and ops, more than the {MOST_NODES} "
            "that stay readable: close another module first."
        )
    return wider


def _with_room(state: ViewState, index: Index, key: str, needed: frozenset[str]) -> ViewState:
    """The state with other boxes closed, those furthest from one in the order of execution first.

    As few as bring the page back to what it can show; what is ``needed`` stays open.
    """
    here = index.containers[key]

    def distance(other: str) -> int:
        box = index.containers[other]
        return max(here.low - box.high, box.low - here.high)

    count = count_visible(index, state)
    for other in sorted(state.open - needed, key=distance, reverse=True):
        if count <= MOST_NODES:
            break
        closed = replace(state, open=state.open - {other})
        if (fewer := count_visible(index, closed)) < count:
            state, count = closed, fewer
    return state


def take_apart(state: ViewState, index: Index, key: str) -> ViewState:
    """The state in which a stack shows all of its members; what was open in the first stays so."""
    first = {index.containers[key].members[0]} if key in state.open else set()
    return replace(state, open=state.open | first, apart=state.apart | {key})


def put_together(state: ViewState, key: str) -> ViewState:
    """The state in which a stack shows its first member for all."""
    return replace(state, open=state.open | {key}, apart=state.apart - {key})


def close(state: ViewState, index: Index, key: str) -> ViewState:
    """The state with a container closed; what is open in it opens again with it."""
    _ = index.containers[key]
    return replace(state, open=state.open - {key})


def toggle(state: ViewState, index: Index, key: str) -> ViewState:
    """Open a closed container, close an open one.

    Raises:
        ViewLimitError: if more than the page can show would be visible.
    """
    if key in state.open:
        return close(state, index, key)
    return open_path(state, index, key)


def reveal(state: ViewState, index: Index, op_id: str) -> ViewState:
    """The state with exactly those containers opened that an op needs to be seen.

    An op in a hidden module has the filter lifted from the modules around it.

    Raises:
        UnknownOpError: if there is no such op.
        ViewLimitError: if the path cannot be opened even with all else closed.
    """
    position = index.graph.positions[index.graph.op(op_id).id]
    key = index.home[position]
    module = index.containers[key].module
    hidden = frozenset(name for name in state.hidden if not is_within(module, name))
    state = replace(state, hidden=hidden)
    return open_path(state, index, key)


def hide(state: ViewState, fqns: Iterable[str]) -> ViewState:
    """The state with exactly these modules hidden."""
    return replace(state, hidden=frozenset(fqns))
