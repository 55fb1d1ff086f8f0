"""Where a person is on the page: all that a link has to carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hexviz.app.panels.filter.wish import Wish
from hexviz.view.state import ViewState

__all__ = ["NOTHING", "Path", "Place", "Selection", "Trace", "Way"]

Selection = tuple[Literal["op", "ops", "module", "value", "edge", ""], str]
"""What is selected: its kind, and its op id, FQN, value id or element id; of several ops, their
ids as JSON."""

NOTHING: Selection = ("", "")

Way = Literal["up", "down", "between", "given"]

Path = Literal["", "module", "context"]
"""Which evidence of the selected op is on the canvas: why it is in its module, or what it
serves; "" for what is shown unless a person asks."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is traced: all an op depends on (``up``), all that depends on it (``down``), or
    all on the ways ``between`` it and the op ``to``; or, ``op`` being an FQN, all that a
    module gave its tag to (``given``)."""

    way: Way
    op: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A view, what is selected and traced in it, and the legend's entries that are lit.

    ``numbers`` names a person's numbers that the graph is coloured by; the
    server keeps them. ``redo`` are the keys of undone edits, the next one
    first, and ``tour`` is the stop of the guided tour, -1 without one.
    ``path`` is the evidence on the canvas, and ``step`` which step of it is
    looked at, 0 for the op itself. ``wish`` is what the filter's tab is to
    keep, shown in the graph while ``filtering``. ``compared`` names the other graph
    of the compare tab (see :func:`hexviz.app.panels.compare.kept.other_in`).
    """

    view: ViewState = field(default_factory=ViewState)
    selection: Selection = NOTHING
    trace: Trace | None = None
    lit: frozenset[str] = frozenset()
    numbers: str = ""
    redo: tuple[str, ...] = ()
    tour: int = -1
    path: Path = ""
    step: int = 0
    wish: Wish = field(default_factory=Wish)
    filtering: bool = False
    compared: str = ""

    @property
    def answers(self) -> str:
        """What the colours of the graph are asked of: the comparison, or a person's numbers."""
        return self.compared if self.view.colour == "compared" else self.numbers
