"""What ``hexviz compare`` prints for people."""

from __future__ import annotations

from rich.console import Console

from hexviz.cli.console import console, facts, listing, many, module_name, text
from hexviz.matching.comparison import Comparison, GraphFacts
from hexviz.matching.module_changes import by_part

__all__ = ["print_comparison"]

_MOST = 40
"""Differences, and parts of the model, that are listed."""

_COLOURS = {
    "removed": "red",
    "added": "green",
    "moved": "magenta",
    "changed": "yellow",
    "fused": "cyan",
    "retagged": "blue",
}

_FIGURES = ("before", "after", "same", "changed", "fused", "added", "removed", "moved")


def print_comparison(found: Comparison) -> None:
    """One line that sums it up, the differences, and the parts of the model that differ."""
    out = console()
    out.print(text(found.message, "bold" if found.is_related else "bold red"), soft_wrap=True)
    about = {"before": _facts(found.before), "after": _facts(found.after)}
    if found.is_related and found.before.file != found.after.file:
        about["modules"] = _tags(found)
    out.print(facts(about))
    if found.differences:
        _print_differences(out, found)
        _print_parts(out, found)


def _facts(one: GraphFacts) -> str:
    opset = "" if one.opset is None else f", opset {one.opset}"
    return f"{one.file}, {many(one.ops, 'op')}{opset}"


def _tags(found: Comparison) -> str:
    if found.before.tags == found.after.tags == "own":
        return "each graph's own"
    whose = found.after if found.before.tags == "other" else found.before
    return f"those of {whose.file}, the other one says little of its own"


def _print_differences(out: Console, found: Comparison) -> None:
    rows = [
        (
            text(one.kind, _COLOURS[one.kind]),
            "" if not one.before and not one.after else f"{len(one.before)} → {len(one.after)}",
            text(one.message, "" if one.arithmetic else "dim"),
        )
        for one in found.differences[:_MOST]
    ]
    out.print()
    out.print(listing(("kind", "ops", "what differs"), rows, figures={"ops"}))
    if len(found.differences) > _MOST:
        out.print(f"and {len(found.differences) - _MOST} more: --json has all")


def _print_parts(out: Console, found: Comparison) -> None:
    every = by_part(found.modules)
    parts = [one for one in every if one.same < max(one.before, one.after)]
    rows = [
        (module_name(one.module), *(str(getattr(one, name) or "") for name in _FIGURES))
        for one in parts[:_MOST]
    ]
    if not rows:
        return
    out.print()
    out.print(listing(("module", *_FIGURES), rows, figures=set(_FIGURES)))
    if len(parts) > _MOST:
        out.print(f"and {len(parts) - _MOST} more: --json has all")
    if len(every) > len(parts):
        out.print(
            f"{many(len(every) - len(parts), 'other part')} of the model without a difference"
        )
