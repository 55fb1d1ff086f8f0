"""``hexviz compare``: what two graphs of one model have in common, and a gate for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hexviz.cli import completion
from hexviz.cli.options import AsJson, NoRecover, print_json, read_inputs
from hexviz.errors import MatchingError

if TYPE_CHECKING:
    from hexviz.matching.comparison import Comparison

__all__ = ["compare"]


def compare(
    before: Annotated[
        Path,
        typer.Argument(
            metavar="BEFORE",
            help="An .onnx file, with tags if there are any.",
            autocompletion=completion.files,
        ),
    ],
    after: Annotated[
        Path,
        typer.Argument(
            metavar="AFTER",
            help="What became of it, or another version.",
            autocompletion=completion.files,
        ),
    ],
    run: Annotated[
        bool,
        typer.Option("--run", help="Run both files as well: values that are equal are one value."),
    ] = False,
    inputs: Annotated[
        Path | None, typer.Option(help="An .npz file with inputs for --run, by name.")
    ] = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…",
            help="Exit with 1 if there is a difference of one of these kinds: removed, added, "
            "moved, changed, fused, retagged. Different models fail on any.",
        ),
    ] = None,
    no_recover: NoRecover = False,
) -> None:
    """Say what is the same in two graphs of one model and what differs, module by module."""
    kinds = _kinds(fail_on)
    if inputs is not None and not run:
        raise MatchingError("--inputs are to run both files with: give --run too.")
    from hexviz.cli.console import progress
    from hexviz.matching.compare import compare as compared
    from hexviz.tagging.opened import load_kept

    with progress(f"Comparing {before.name} and {after.name}"):
        graphs = [load_kept(one, recover=not no_recover) for one in (before, after)]
        found = compared(*graphs, run=run, inputs=read_inputs(inputs))
    if as_json:
        print_json(found.to_dict())
    else:
        from hexviz.cli.print_compare import print_comparison

        print_comparison(found)
    failing = _failing(found, kinds)
    if failing:
        from hexviz.cli.console import say

        for line in failing:
            say(line)
        raise typer.Exit(1)


def _kinds(fail_on: str | None) -> frozenset[str]:
    """The kinds of differences that were named, one or several with commas.

    Raises:
        MatchingError: if one of them is none.
    """
    from hexviz.matching.comparison import KINDS

    if fail_on is None:
        return frozenset()
    named = [one.strip() for one in fail_on.split(",")]
    unknown = [one for one in named if one not in KINDS]
    if unknown:
        raise MatchingError(
            f"--fail-on knows no kind {unknown[0]!r}: name some of {', '.join(KINDS)}, with commas."
        )
    return frozenset(named)


def _failing(found: Comparison, kinds: frozenset[str]) -> list[str]:
    """The lines of what fails, none if nothing does."""
    if kinds and not found.is_related:
        return [f"failed: {found.message}"]
    return [f"failed on {one.kind}: {one.message}" for one in found.of_kinds(kinds)]
