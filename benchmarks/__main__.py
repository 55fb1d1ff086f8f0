"""``python -m benchmarks STUDY [SOURCE]...``: how right hexviz is, on models of known truth.

Behind the make targets ``bench-inheritance``, ``bench-rewritten`` and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import tables
from benchmarks.audit import bench_audit
from benchmarks.borders import fit_borders, write_weights
from benchmarks.costs import bench_costs
from benchmarks.exports import bench_tags
from benchmarks.extraction import bench_extraction
from benchmarks.inheritance import bench_inheritance
from benchmarks.matching_run import bench_matching
from benchmarks.rewritten import bench_rewritten
from hexviz.bench.regressions import tags_figures
from hexviz.bench.tags import KIND
from hexviz.cli.bench import Compare, Output, run_and_compare
from hexviz.cli.console import progress
from hexviz.cli.options import AsJson, print_json
from hexviz.cli.print_bench import print_tags

app = typer.Typer(add_completion=False, help=__doc__.partition("\n")[0].split(": ")[1])

Sources = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SOURCE]...", help="Models; without any, all of the study's own."),
]


@app.command()
def inheritance(sources: Sources = None, as_json: AsJson = False) -> None:
    """How often inference names the module an exporter recorded, beside simpler rules."""
    _run(bench_inheritance, sources, tables.print_inheritance, as_json=as_json)


@app.command()
def borders(sources: Sources = None, as_json: AsJson = False) -> None:
    """Fit what weighs at the borders of modules on tuned models, and write it into hexviz."""
    _run(fit_borders, sources, tables.print_borders, as_json=as_json, also=write_weights)


@app.command()
def rewritten(sources: Sources = None, as_json: AsJson = False) -> None:
    """How right tags are on what optimisers and converters make of an export."""
    _run(bench_rewritten, sources, tables.print_rewritten, as_json=as_json)


@app.command()
def matching(
    sources: Sources = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A folder that keeps exports, rewritten files and truths, for a second run.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How right transferred tags are on what fourteen tools make of exports, named or not."""
    _run(partial(bench_matching, work=work), sources, tables.print_matching, as_json=as_json)


@app.command()
def audit(sources: Sources = None, as_json: AsJson = False) -> None:
    """How many planted mistakes the audit finds, and how many ops it accuses for nothing."""
    _run(bench_audit, sources, tables.print_audit, as_json=as_json)


@app.command()
def extraction(sources: Sources = None, as_json: AsJson = False) -> None:
    """How many modules can be cut out so that they run and are right, beside other extractors."""
    _run(bench_extraction, sources, tables.print_extraction, as_json=as_json)


@app.command()
def costs(sources: Sources = None, as_json: AsJson = False) -> None:
    """How near parameters and MACs are to PyTorch's own counts."""
    _run(bench_costs, sources, tables.print_costs, as_json=as_json)


@app.command()
def tags(
    sources: Sources = None,
    as_json: AsJson = False,
    compare: Compare = None,
    output: Output = None,
) -> None:
    """`hexviz bench tags` on all models of the studies."""
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


def _run(
    study: Callable[..., dict[str, Any]],
    sources: list[str] | None,
    show: Callable[[Mapping[str, Any]], None],
    *,
    as_json: bool,
    also: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    with progress() as report:
        document = study(sources or (), report=report)
    if also is not None:
        also(document)
    if as_json:
        print_json(document)
    else:
        show(document)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
