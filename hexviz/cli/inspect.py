"""``hexviz inspect``: the modules of a PyTorch model, before any export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hexviz.cli import completion
from hexviz.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from hexviz.exporters.inspection import InspectedModule

__all__ = ["inspect"]


def inspect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A sample's name, package.module:factory, hf:MODEL_ID, or a .pt2 file.",
            autocompletion=completion.sources,
        ),
    ],
    depth: Annotated[
        int | None, typer.Option(min=0, help="How many levels below the root; all if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a PyTorch model's modules and their parameters, without weights or an export."""
    from hexviz.api import inspect as inspected
    from hexviz.cli.console import console, listing, progress, warn_of

    warn_of(source)
    with progress(f"Building {source} without weights"):
        found = inspected(source)
    if as_json:
        print_json(found.to_dict(depth))
        return
    rows = [*_rows(found, depth)]
    console().print(listing(("module", "class", *FIGURES, "type"), rows, figures=FIGURES))
    if any(FOLDED in row[1] for row in rows):
        console().print(f"{FOLDED}N: N modules that are built alike; the figures are of one.")


FIGURES = ("parameters", "bytes")
FOLDED = " ×"


def _rows(
    module: InspectedModule, depth: int | None, level: int = 0, count: int = 1
) -> Iterator[tuple[str, ...]]:
    """A module and those below it, equal neighbours once."""
    from hexviz.exporters.inspection import folded

    yield _row(module, level, count)
    if depth is None or level < depth:
        for child, alike in folded(module.children):
            yield from _rows(child, depth, level + 1, alike)


def _row(module: InspectedModule, level: int, count: int) -> tuple[str, ...]:
    from hexviz.model.units import in_bytes, in_count

    marks = [*module.dtypes]
    if module.shared:
        marks.append("tied")
    if module.lazy:
        marks.append("not known yet")
    last = f" … {int(module.name) + count - 1}" if count > 1 else ""
    alike = f"{FOLDED}{count}" if count > 1 else ""
    same = f" = {module.same_as}" if module.same_as else ""
    return (
        "  " * level + (module.name or "the root") + last,
        module.class_name + alike + same,
        in_count(module.total_parameters) if module.total_parameters else "",
        in_bytes(module.total_bytes) if module.total_bytes else "",
        ", ".join(marks),
    )
