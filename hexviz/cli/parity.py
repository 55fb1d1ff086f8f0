"""``hexviz parity``: the module in which a graph's numbers stop being its model's, for CI too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hexviz.cli import completion
from hexviz.cli.options import AsJson, NoRecover, OnnxFile, print_json, read_inputs

__all__ = ["parity"]


def parity(
    file: OnnxFile,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="The PyTorch model (a sample, package.module:factory, hf:MODEL_ID, a .pt2 file), "
            "or another .onnx file of the same model.",
            autocompletion=completion.sources,
        ),
    ],
    inputs: Annotated[
        Path | None,
        typer.Option(help="An .npz file with inputs, by name; else the model's example inputs."),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="What a module may add by itself, in relation to the largest magnitude in its "
            "output; 1e-5 if not given.",
        ),
    ] = None,
    atol: Annotated[
        float | None, typer.Option(min=0, help="What it may add whatever the magnitude.")
    ] = None,
    as_json: AsJson = False,
    fail: Annotated[
        bool,
        typer.Option("--fail", help="Exit with 1 if a module adds more than --rtol and --atol."),
    ] = False,
    no_recover: NoRecover = False,
) -> None:
    """Say which module's numbers differ from the PyTorch model's, and by how much each."""
    import msgspec

    from hexviz.cli.console import progress, warn_of
    from hexviz.measure.parity.parity import ATOL, RTOL, Parity
    from hexviz.measure.parity.parity import parity as compared
    from hexviz.model.reader import digest_of
    from hexviz.tagging.opened import load_kept
    from hexviz.tagging.tag import load

    recover = not no_recover
    warn_of(reference)
    with progress(f"Running {file.name} and {reference}"):
        found = compared(
            # Beside a PyTorch model, weights stay in the file.
            load_kept(file, recover=recover)
            if reference.endswith(".onnx")
            else load(file, weights_in_place=True, recover=recover),
            reference,
            inputs=read_inputs(inputs),
            rtol=RTOL if rtol is None else rtol,
            atol=ATOL if atol is None else atol,
        )
    # By which the page knows that a document is of the model that is open.
    found = Parity(msgspec.structs.replace(found.document, digest=digest_of(file)))
    if as_json:
        print_json(found.to_dict())
    else:
        from hexviz.cli.print_parity import print_parity

        print_parity(found.to_document())
    if fail and found.document.divergences:
        from hexviz.cli.console import say

        say(f"failed: {found.message}")
        raise typer.Exit(1)
