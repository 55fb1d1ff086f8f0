"""What a conversion takes besides the graph, and what it tells of what it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hexviz.measure.costs.costs import costs as work_out
from hexviz.measure.costs.costs import default_sizes
from hexviz.measure.documents import ParityDocument, ProfileDocument
from hexviz.measure.fits import check_fits
from hexviz.measure.table import module_table
from hexviz.model.graph import TaggedGraph
from hexviz.view.figures import Measured, numbers_of_ops
from hexviz.view.modes import COLOURED, Coloured

__all__ = ["MOST_DRAWN", "Conversion", "Dialect", "Options", "figures_of_ops", "measured_of"]

Dialect = Literal["plain", "yed"]
"""Kinds of GraphML: what every reader of the format understands, and what yEd draws as boxes."""

MOST_DRAWN = 500
"""Ops up to which Graphviz draws a graph in some seconds; see docs/neighbours.md."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a file is to hold.

    ``measured`` are figures, which become columns, attributes and colours. ``dialect`` is that of
    GraphML. ``node_data`` asks for Model Explorer's files to colour by, beside the graph.
    ``max_ops`` is the most that is written as DOT.
    """

    measured: Measured | None = None
    dialect: Dialect = "plain"
    node_data: bool = False
    max_ops: int = MOST_DRAWN


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written: the ``files``, the first of them the one that was asked for.

    ``format`` is its name, ``bytes`` the size of all of them together.
    """

    format: str
    files: tuple[str, ...]
    ops: int
    edges: int
    modules: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self) | {"files": list(self.files)}


_NO_DIGEST = "-"  # of a graph that came from no file: documents are held against its modules


def measured_of(
    graph: TaggedGraph,
    *,
    costs: bool = False,
    symbols: Mapping[str, int] | None = None,
    profile: ProfileDocument | None = None,
    parity: ParityDocument | None = None,
) -> Measured | None:
    """What was measured of a graph, ``None`` if nothing was.

    ``costs`` are worked out, for the sizes in ``symbols`` and else for one case of 128.

    Raises:
        MeasureError: if a size is none, or a document is of another model.
    """
    for document in (profile, parity):
        if document is not None:
            check_fits(document, graph, _NO_DIGEST)
    if not costs and profile is None and parity is None:
        return None
    found = work_out(graph, symbols=default_sizes(graph) | dict(symbols or {})) if costs else None
    table = module_table(graph, costs=found, profile=profile, parity=parity)
    return Measured(table, found.ops if found else (), profile, parity)


def figures_of_ops(
    graph: TaggedGraph, measured: Measured | None
) -> dict[Coloured, Mapping[int, float]]:
    """Each figure that was measured, in a fixed order → its numbers by position of op."""
    if measured is None:
        return {}
    return {
        figure: numbers_of_ops(graph, measured, figure)
        for figure in COLOURED
        if measured.has(figure)
    }
