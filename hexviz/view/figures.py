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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hexviz.measure.costs.costs import Cost
from hexviz.measure.documents import ParityDocument, ProfileDocument
from hexviz.measure.table import FIGURES, Column, FigureTable
from hexviz.model.graph import TaggedGraph
from hexviz.view.index import Index
from hexviz.view.ramp import Numbers

__all__ = ["COLOURED", "Coloured", "Measured", "measured_numbers"]

Coloured = Literal[
    "time_us",
    "macs",
    "parameters",
    "weight_bytes",
    "activation_bytes",
    "own_error",
    "natural_error",
    "effect",
]
"""The figures that a graph can be coloured by."""

COLOURED: tuple[Coloured, ...] = get_args(Coloured)


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


def measured_numbers(index: Index, measured: Measured, figure: Coloured) -> Numbers:
    """The numbers of a figure; none of any op where it was not measured."""
    column: Column = FIGURES[figure]
    numbers = _of_ops(index.graph, measured, figure)
    totals = {
        row.module: number
        for row in measured.table.rows
        if (number := row.total.get(column.name)) is not None
    }
    return Numbers.of(index, numbers, "sum" if column.adds else "worst", totals, column.unit)


def _of_ops(graph: TaggedGraph, measured: Measured, figure: Coloured) -> dict[int, float]:
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
