"""``hexviz export`` and ``samples``: from a PyTorch model to a tagged file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hexviz.cli import completion
from hexviz.cli.options import AsJson, Output, print_json

__all__ = ["export", "samples"]

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A sample's name, package.module:factory, hf:MODEL_ID, or a .pt2 file.",
        autocompletion=completion.sources,
    ),
]


def export(
    source: Source,
    output: Output,
    exporter: Annotated[
        Literal["dynamo", "torchscript"], typer.Option(help="Which of PyTorch's exporters to use.")
    ] = "dynamo",
    opset: Annotated[
        int | None, typer.Option(help="ONNX opset; the exporter's own if left out.")
    ] = None,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Leave the sizes of the inputs open.")
    ] = False,
    no_weights: Annotated[
        bool, typer.Option("--no-weights", help="Keep shapes and types, leave the weights out.")
    ] = False,
    no_optimize: Annotated[
        bool, typer.Option("--no-optimize", help="Keep every op the exporter first wrote.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Export a PyTorch model to ONNX, with a tag on every op."""
    from hexviz.cli.console import is_quiet, progress, warn_of
    from hexviz.exporters.export_times import save_and_keep
    from hexviz.exporters.produce import produce
    from hexviz.tagging.audit import audit as audited

    warn_of(source)
    with progress(f"Exporting {source}") as report:
        graph = produce(
            source,
            exporter=exporter,
            opset=opset,
            dynamic=dynamic,
            weights=not no_weights,
            optimize=not no_optimize,
            progress=lambda stage, done: report(f"{source}: {stage}", done),
        )
        measured = save_and_keep(graph, output)
        report(f"{source}: auditing the tags", 1.0)
        findings = audited(graph) if as_json or not is_quiet() else []
    from hexviz.cli.print_export import export_document, print_export

    if as_json:
        print_json(export_document(graph, findings, output))
    elif not is_quiet():
        print_export(export_document(graph, findings, output), measured.timings)


def samples(as_json: AsJson = False) -> None:
    """List the sample models."""
    from hexviz.cli.console import console, listing
    from sample_models import SAMPLES

    if as_json:
        listed = [
            {"name": name, "title": sample.title, "description": sample.description}
            for name, sample in SAMPLES.items()
        ]
        print_json({"samples": listed})
        return
    descriptions = [(name, sample.description) for name, sample in SAMPLES.items()]
    console().print(listing(("name", "what it is"), descriptions))
