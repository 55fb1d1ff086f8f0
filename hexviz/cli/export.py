"""``hexviz export`` and ``samples``: from a PyTorch model to a tagged file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hexviz.cli.options import AsJson, Output, print_json

__all__ = ["export", "samples"]

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A sample's name, package.module:factory, hf:MODEL_ID, or a .pt2 file.",
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
) -> None:
    """Export a PyTorch model to ONNX, with a tag on every op."""
    from hexviz.cli.console import progress, say, warn_of
    from hexviz.exporters.export_times import save_and_keep
    from hexviz.exporters.produce import produce

    warn_of(source)
    with progress() as report:
        graph = produce(
            source,
            exporter=exporter,
            opset=opset,
            dynamic=dynamic,
            weights=not no_weights,
            optimize=not no_optimize,
            progress=report,
        )
        measured = save_and_keep(graph, output)
    say(f"{output}: {len(graph.ops)} ops in {len(graph.modules)} modules.")
    say(", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in measured.timings.items()))


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
