"""What ``hexviz analyze --costs`` prints for people: a table by module, indented as the tree is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from hexviz.cli.console import console, listing, many, module_name, text
from hexviz.cli.module_rows import module_row
from hexviz.model.units import in_bytes, in_count

if TYPE_CHECKING:
    from hexviz.measure.costs.costs import Cost, Costs
    from hexviz.model.graph import TaggedGraph

__all__ = ["print_costs"]

_FIGURES = ("parameters", "weights", "MACs", "share", "FLOPs", "activations", "peak")
_FEW = ("parameters", "MACs", "share", "peak")
_WIDE = 110
"""Columns of a terminal from which on there is room for all figures beside the names."""

_PART = "≥"
"""What stands before a part of a sum of which not all is known."""

_GAP = 2  # columns of a terminal around a cell

Row = tuple[str | Text, ...]


def print_costs(
    graph: TaggedGraph, found: Costs, *, assumed: Collection[str] = (), ops: bool = False
) -> None:
    """The model in a line, its modules with all that is below them, and every op if wanted.

    ``assumed`` are open dimensions whose size nobody said.
    """
    out = console()
    model = found.model
    line = (
        f"{graph.name}: {_count(model.parameters)} parameters, {_size(model.weight_bytes)} of "
        f"weights, {_count(model.macs, model.known_macs)} MACs, at most "
        f"{_size(model.peak_bytes)} of values at once"
    )
    names = _FIGURES if out.width >= _WIDE else _FEW
    modules: list[Row] = [
        (
            module_row(module.fqn, graph.modules),
            module.class_name,
            *_row(found.modules[module.fqn].total, model, names),
        )
        for module in graph.modules
    ]
    each: list[Row] = [
        (op.id, op.op_type, module_name(op.module), *_row(cost, model, names))
        for op, cost in zip(graph.ops, found.ops, strict=True)
        if ops
    ]
    out.print(text(line, "bold"), soft_wrap=True)
    has_parts = any(_PART in cell for cell in (line, *_cells(modules), *_cells(each)))
    for note in _notes(found, assumed, has_parts=has_parts):
        out.print(text(note), soft_wrap=True)
    columns = ("module", "class", *names)
    if not any(row[1] for row in modules) or _width(columns, modules) > out.width:
        columns = ("module", *names)
        modules = [(name, *figures) for name, _, *figures in modules]
    out.print(listing(columns, modules, figures=names))
    if each:
        out.print(listing(("op", "type", "module", *names), each, figures=names))


def _notes(found: Costs, assumed: Collection[str], *, has_parts: bool) -> Iterator[str]:
    """What the figures are for, and what they leave out."""
    if found.symbols:
        sizes = ", ".join(f"{name} = {size or '?'}" for name, size in found.symbols.items())
        other = next((name for name in found.symbols if name in assumed), None)
        hint = f"; set others with --symbol {other}=N" if other is not None else ""
        yield f"for {sizes}{hint}"
    unknown = found.model.unknown
    if unknown:
        yield f"{many(unknown, 'op')} of which the MACs are not known"
    if has_parts:
        yield f"{_PART}: what is known of it"
    if found.parameters_from == "weights":
        yield (
            "The file does not keep PyTorch's count of parameters: numbers that ops use as "
            "weights are counted, copies once."
        )


def _cells(rows: Iterable[Row]) -> Iterator[str]:
    return (str(cell) for row in rows for cell in row[2:])


def _width(columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Columns of a terminal that a table takes."""
    cells = [[cell_len(str(cell)) for cell in row] for row in rows]
    heads = map(cell_len, columns)
    return sum(max(head, *lens) + _GAP for head, *lens in zip(heads, *cells, strict=True))


def _row(cost: Cost, model: Cost, names: Iterable[str]) -> tuple[str, ...]:
    share = cost.known_macs / model.known_macs if model.known_macs else 0.0
    figures = {
        "parameters": _count(cost.parameters),
        "weights": _size(cost.weight_bytes),
        "MACs": _count(cost.macs, cost.known_macs),
        "share": f"{share:.1%}" if cost.known_macs else "",
        "FLOPs": _count(cost.flops, cost.known_flops),
        "activations": _size(cost.activation_bytes, cost.known_activation_bytes),
        "peak": _size(cost.peak_bytes),
    }
    return tuple(figures[name] for name in names)


def _count(figure: int | None, known: int = 0) -> str:
    if figure is None:
        return f"{_PART} {in_count(known)}" if known else "?"
    return in_count(figure)


def _size(figure: int | None, known: int = 0) -> str:
    if figure is None:
        return f"{_PART} {in_bytes(known)}" if known else "?"
    return in_bytes(figure)
