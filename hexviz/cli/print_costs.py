"""What ``hexviz analyze --costs`` prints for people: a table by module, indented as the tree is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hexviz.cli.console import console, listing, many, text
from hexviz.model.units import in_bytes, in_count

if TYPE_CHECKING:
    from hexviz.measure.costs.costs import Cost, Costs
    from hexviz.model.graph import TaggedGraph
    from hexviz.model.modules import Module

__all__ = ["print_costs"]

_FIGURES = ("parameters", "weights", "MACs", "share", "FLOPs", "activations", "peak")
_FEW = ("parameters", "MACs", "share", "peak")
_WIDE = 110
"""Columns of a terminal from which on there is room for all figures beside the names."""


def print_costs(graph: TaggedGraph, found: Costs, *, ops: bool = False) -> None:
    """The model in a line, its modules with all that is below them, and every op if wanted."""
    out = console()
    model = found.model
    line = (
        f"{graph.name}: {_count(model.parameters)} parameters, {_size(model.weight_bytes)} of "
        f"weights, {_count(model.macs, model.known_macs)} MACs, at most "
        f"{_size(model.peak_bytes)} of values at once"
    )
    out.print(text(line, "bold"), soft_wrap=True)
    if found.symbols:
        sizes = ", ".join(f"{name} = {size or '?'}" for name, size in found.symbols.items())
        missing = next((name for name, size in found.symbols.items() if size is None), None)
        hint = f"; set one with --symbol {missing}=N" if missing is not None else ""
        out.print(text(f"open dimensions: {sizes}{hint}"), soft_wrap=True)
    if model.unknown:
        out.print(text(f"{many(model.unknown, 'op')} of which the MACs are not known: ≥ is a part"))
    if found.parameters_from == "weights":
        out.print(
            text(
                "The file does not keep PyTorch's count of parameters: numbers that ops use as "
                "weights are counted."
            ),
            soft_wrap=True,
        )
    names = _FIGURES if out.width >= _WIDE else _FEW
    rows = (
        (f"{' ' * depth}{module.label if depth else module.tag}",
         *_row(found.modules[module.fqn].total, model, names))
        for depth, module in _deep(graph)
    )  # fmt: skip
    out.print(listing(("module", *names), rows, figures=names))
    if ops:
        lines = (
            (op.id, op.op_type, op.tag, *_row(cost, model, names))
            for op, cost in zip(graph.ops, found.ops, strict=True)
        )
        out.print(listing(("op", "type", "module", *names), lines, figures=names))


def _deep(graph: TaggedGraph) -> Iterator[tuple[int, Module]]:
    """Every module with the number of those around it."""
    depths: dict[str | None, int] = {None: -1}
    for module in graph.modules:
        depths[module.fqn] = depth = depths[module.parent] + 1
        yield depth, module


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
        return f"≥ {in_count(known)}" if known else "?"
    return in_count(figure)


def _size(figure: int | None, known: int = 0) -> str:
    if figure is None:
        return f"≥ {in_bytes(known)}" if known else "?"
    return in_bytes(figure)
