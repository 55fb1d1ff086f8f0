"""What was measured of a model, as numbers of its ops and totals of its modules, to colour by.

::

    a document or costs            numbers of ops                   totals of closed boxes
    node MatMul+Add, 12 µs   ─▶    MatMul 6 µs, Add 6 µs            its module's own total
    a module's error 3·10⁻²  ─▶    that, for its own ops            the worst within

The time of a node that stands for several ops is shared evenly among them. An error belongs to what
a module does itself, so its own ops have it: of two modules inside each other, the inner one's ops
are not accused of what the outer one adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from hexviz.errors import MeasureError
from hexviz.measure.costs.costs import Cost
from hexviz.measure.documents import ParityDocument, ProfileDocument
from hexviz.measure.table import FIGURES, Column, FigureTable
from hexviz.model.graph import TaggedGraph
from hexviz.view.colouring import Colouring, by_scale
from hexviz.view.index import Index
from hexviz.view.modes import Coloured
from hexviz.view.ramp import Numbers

__all__ = ["Measured", "colour_by_figure", "measured_numbers", "numbers_of_ops"]


@dataclass(frozen=True, eq=False)
class Measured:
    """All that is known of a graph in figures: ``table`` by module, ``costs`` by position of op."""

    table: FigureTable
    costs: Sequence[Cost] = ()
    profile: ProfileDocument | None = None
    parity: ParityDocument | None = None

    def has(self, figure: Coloured) -> bool:
        """Whether a figure was measured."""
        return any(column.name == figure for column in self.table.columns)


def colour_by_figure(index: Index, measured: Measured, figure: Coloured) -> Colouring:
    """The colouring by a figure that was measured.

    Raises:
        MeasureError: if it was not.
    """
    if not measured.has(figure):
        raise MeasureError(_UNMEASURED[figure])
    return by_scale(measured_numbers(index, measured, figure))


_NO_TIME = "There are no times to colour by: measure them in the tab Measure, or drop a profile."
_NO_ERROR = (
    "There are no errors to colour by: compare numbers in the tab Measure, or drop a document of "
    "hexviz parity --json."
)
_NO_EFFECT = "No effects were measured: compare the numbers of a quantised model with its original."
_NO_COST = "The costs of this model are not known yet: the tab Measure works them out."
_UNMEASURED: Mapping[Coloured, str] = MappingProxyType(
    {
        "time_us": _NO_TIME,
        "own_error": _NO_ERROR,
        "natural_error": _NO_ERROR,
        "effect": _NO_EFFECT,
        "macs": _NO_COST,
        "parameters": _NO_COST,
        "weight_bytes": _NO_COST,
        "activation_bytes": _NO_COST,
    }
)


def measured_numbers(index: Index, measured: Measured, figure: Coloured) -> Numbers:
    """The numbers of a figure; none of any op where it was not measured."""
    column: Column = FIGURES[figure]
    numbers = numbers_of_ops(index.graph, measured, figure)
    totals = {
        row.module: number
        for row in measured.table.rows
        if (number := row.total.get(column.name)) is not None
    }
    return Numbers.of(index, numbers, "sum" if column.adds else "worst", totals, column.unit)


def numbers_of_ops(graph: TaggedGraph, measured: Measured, figure: Coloured) -> dict[int, float]:
    """Position → the number that the op there has; none of any where that was not measured."""
    match figure:
        case "time_us":
            return _times(graph, measured.profile)
        case "own_error" | "natural_error" | "effect":
            own = {row.module: row.own.get(figure) for row in measured.table.rows}
            errors = ((at, own.get(op.module)) for at, op in enumerate(graph.ops))
            return {at: error for at, error in errors if error is not None}
    costs = ((at, getattr(cost, figure)) for at, cost in enumerate(measured.costs))
    return {at: float(cost) for at, cost in costs if cost is not None}


def _times(graph: TaggedGraph, profile: ProfileDocument | None) -> dict[int, float]:
    """Position → the time of the node that the op is, or its part in a node of several ops."""
    found: dict[int, float] = {}
    for node in profile.nodes if profile else ():
        names = node.ops or (node.id,)
        known = [graph.positions[name] for name in names if name in graph.positions]
        for at in known:
            found[at] = found.get(at, 0.0) + node.us / len(known)
    return found
