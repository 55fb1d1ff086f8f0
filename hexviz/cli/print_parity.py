"""What ``hexviz parity`` prints for people: one line, then the modules as a tree."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from hexviz.cli.console import console, facts, listing, many, module_name, text
from hexviz.measure.documents import CallError, ParityDocument, TensorError
from hexviz.measure.parity.judgement import said_tolerance
from hexviz.measure.parity.message import figure, which
from hexviz.measure.table import effect_of
from hexviz.model import fqn as names
from hexviz.model.units import in_error

__all__ = ["print_parity"]

_MOST = 200
"""Rows that are listed; of more, what diverges and what is around it."""

_AROUND = 8
_MOST_UNPAIRED = 10


def print_parity(found: ParityDocument) -> None:
    """The answer in one line, what it rests on, and natural and own error of each module."""
    out = console()
    out.print(text(found.message, "bold red" if found.divergences else "bold"), soft_wrap=True)
    within = said_tolerance(found.rtol, (one.noise for one in found.modules))
    out.print(
        facts(
            {
                "graph": found.model,
                "reference": found.reference,
                "inputs": _INPUTS.get(found.inputs, ""),
                "tolerance": f"relative {within}; absolute {found.atol:g}",
            }
        )
    )
    for note in found.notes:
        out.print(text(f"note: {note}", "dim"), soft_wrap=True)
    out.print()
    shown = _shown(found)
    # Rounding is known of PyTorch models alone, effects of other graphs.
    last = "effect" if any(one.effect is not None for one in found.modules) else "rounding"
    rows = _tree([found.modules[at] for at in shown], last)
    out.print(listing(("", "module", "natural", "own", last), rows, figures=_FIGURES))
    legend = [
        line
        for line, is_needed in (
            ("→ x: what it makes for x to read", any(one.handed_to for one in found.modules)),
            ("dim: given by a module inside it", any(one.how == "same" for one in found.modules)),
            ("rounding: the reference's own, in 32 bits", last == "rounding"),
            ("effect: what its own error alone does to the results", last == "effect"),
        )
        if is_needed
    ]
    out.print(text("; ".join(legend), "dim"))
    if len(shown) < len(found.modules):
        out.print(f"and {many(len(found.modules) - len(shown), 'other output')}: --json has all")
    weights = [
        (
            one.name,
            figure(
                TensorError(
                    max_abs_error=one.max_abs_error,
                    max_rel_error=one.max_rel_error,
                    cosine=None,
                    sqnr_db=None,
                )
            ),
            "" if one.has_effect else "without effect on these inputs",
        )
        for one in found.weights
    ]
    if weights:
        out.print()
        out.print(listing(("weight", "differs by", ""), weights[:_MOST_UNPAIRED]))
    if found.unpaired:
        out.print()
        lost = [
            (
                module_name(one.module) + which(one.call, one.output),
                one.reason,
                ", ".join(map(module_name, one.stretch)),
            )
            for one in found.unpaired[:_MOST_UNPAIRED]
        ]
        out.print(listing(("not compared", "because", "an error is among"), lost))
        if len(found.unpaired) > _MOST_UNPAIRED:
            out.print(f"and {len(found.unpaired) - _MOST_UNPAIRED} more: --json has all")


_FIGURES = {"natural", "own", "rounding", "effect"}

_INPUTS = {
    "given": "given ones",
    "example": "the reference's example inputs",
    "made": "made up, in values that hide no fault",
}


def _shown(found: ParityDocument) -> Sequence[int]:
    if len(found.modules) <= _MOST:
        return range(len(found.modules))
    near: set[int] = set()
    for at in found.divergences:
        near.update(range(max(0, at - _AROUND), min(len(found.modules), at + _AROUND)))
    return sorted(near)[:_MOST] or range(_MOST)


def _tree(found: Sequence[CallError], column: str) -> list[tuple[str | Text, ...]]:
    """Rows in the order of execution, each module before what is in it, indented below it.

    ``column`` is the last one, ``effect`` or ``rounding``.
    """
    begins: dict[str, int] = {}
    for at, one in enumerate(found):
        for fqn in names.ancestors(one.module):
            begins.setdefault(fqn, at)
    present = {one.module for one in found}
    ordered = sorted(
        enumerate(found),
        key=lambda pair: (
            [begins[fqn] for fqn in names.ancestors(pair[1].module)],
            pair[1].module,
            pair[0],
        ),
    )
    rows = []
    for _, one in ordered:
        around = [fqn for fqn in names.ancestors(one.module)[:-1] if fqn in present]
        nearest = around[-1] if around else ""
        label = one.module[len(nearest) + 1 :] if nearest else one.module
        rows.append(_row(one, "  " * len(around) + (label or module_name(one.module)), column))
    return rows


def _row(one: CallError, label: str, column: str) -> tuple[str | Text, ...]:
    natural = TensorError(
        max_abs_error=one.max_abs_error,
        max_rel_error=one.max_rel_error,
        cosine=one.cosine,
        sqnr_db=one.sqnr_db,
    )
    label += which(one.call, 0 if one.handed_to else one.output)
    if one.handed_to:
        label += f" → {one.handed_to.removeprefix(f'{one.module}.')}"
    if one.modules:
        label += f" (or {', '.join(map(module_name, one.modules))})"
    style = "bold red" if not one.ok else "dim" if one.how == "same" else ""
    return (
        text("✗" if not one.ok else "✓", "red" if not one.ok else "green"),
        text(label, style),
        figure(natural),
        "" if one.how == "same" else figure(one.own),
        _last(one, column),
    )


def _last(one: CallError, column: str) -> str:
    number = effect_of(one) if column == "effect" else one.noise
    return "" if number is None else in_error(number)
