"""``hexviz bench …``: measure hexviz itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hexviz.cli import completion
from hexviz.cli.groups import BenchCommands
from hexviz.cli.options import AsJson, print_json
from hexviz.errors import WriteError
from hexviz.extras import require

if TYPE_CHECKING:
    from hexviz.bench.regressions import Figures

__all__ = ["bench_app", "run_and_compare"]

bench_app = typer.Typer(cls=BenchCommands, subcommand_metavar="[COMMAND] [SOURCE]...")

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="Models to measure on; without any, samples.",
        autocompletion=completion.sources,
    ),
]
Compare = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A document to compare with; exit with 1 if anything is worse than noise explains.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="A file to write the document to.")
]


def _sizes(text: str) -> list[int]:
    """The numbers of ``1000,5000``."""
    try:
        sizes = [int(size.replace("_", "")) for size in text.split(",") if size.strip()]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise typer.BadParameter("give counts of ops, such as 1000,5000")
    return sizes


@bench_app.command()
def speed(
    sources: Sources = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Runs that count, after one that does not.")
    ] = 5,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="OPS,OPS,...",
            help="Sizes of synthetic graphs. Without this and SOURCEs: 1,000 to 200,000 ops.",
        ),
    ] = None,
    as_json: AsJson = False,
    compare: Compare = None,
    output: Output = None,
) -> None:
    """How fast opening, tagging and drawing are, by size; what `hexviz bench` alone runs.

    Beside the time that onnx-ir takes to parse the same file, and with memory and accuracy.
    A SOURCE that is a file is opened, any other exported.
    """
    some = _sizes(sizes) if sizes is not None else []
    require("export", "A benchmark", "torch", "onnxscript")
    from hexviz.bench.document import KIND, bench_speed
    from hexviz.bench.regressions import speed_figures
    from hexviz.bench.subjects import SAMPLES, wanted
    from hexviz.cli.print_bench import print_speed

    models = None
    if sources or some:
        models = {model.name for model in wanted(sources or SAMPLES, some)}
    run_and_compare(
        lambda report: bench_speed(sources or (), sizes=some, repeats=repeats, report=report),
        print_speed,
        as_json=as_json,
        compare=compare,
        output=output,
        kind=KIND,
        figures=speed_figures,
        models=models,
    )


@bench_app.command()
def tags(
    sources: Sources = None,
    as_json: AsJson = False,
    compare: Compare = None,
    output: Output = None,
) -> None:
    """What tags rest on, by model and exporter, and how right they are once it is blanked."""
    require("export", "A benchmark", "torch", "onnxscript")
    from hexviz.bench.regressions import tags_figures
    from hexviz.bench.tags import KIND, bench_tags
    from hexviz.cli.print_bench import print_tags

    run_and_compare(
        lambda report: bench_tags(sources or (), report=report),
        print_tags,
        as_json=as_json,
        compare=compare,
        output=output,
        kind=KIND,
        figures=tags_figures,
        models=set(sources) if sources else None,
    )


def run_and_compare(
    bench: Callable[[Callable[[str, float], None]], dict[str, Any]],
    show: Callable[[Mapping[str, Any]], None],
    *,
    as_json: bool,
    compare: Path | None,
    output: Path | None,
    kind: str,
    figures: Callable[[Mapping[str, Any]], Figures],
    models: Collection[str] | None,
) -> None:
    """Run a benchmark whose document can be kept and compared with.

    Both files are looked at first: a mistake in a name shows before an hour of work.
    """
    from hexviz.bench.regressions import read_kept, regressions
    from hexviz.cli.console import progress
    from hexviz.cli.print_bench import print_regressions
    from hexviz.model.files import write_atomically

    kept = read_kept(compare, kind, figures).of(models) if compare is not None else None
    if output is not None and not output.parent.is_dir():
        raise WriteError(f"{output.parent} is no folder: make it first, or give -o another name.")
    with progress() as report:
        document = bench(report)
    if output is not None:
        write_atomically(output, [json.dumps(document, indent=2).encode(), b"\n"])
    if as_json:
        print_json(document)
    else:
        show(document)
    if kept is not None:
        worse = regressions(figures(document), kept)
        print_regressions(worse)
        if worse:
            raise typer.Exit(1)
