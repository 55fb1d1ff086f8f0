"""``hexviz bench …``: measure hexviz itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from hexviz.cli_json import print_json

__all__ = ["bench_app"]

bench_app = typer.Typer(no_args_is_help=True)

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="Models to measure on; without any, all of the benchmark's own.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@bench_app.command()
def inheritance(sources: Sources = None, as_json: AsJson = False) -> None:
    """How often inference names the module an exporter recorded, beside simpler rules."""
    from hexviz.bench.run import bench_inheritance
    from hexviz.terminal_bench import print_inheritance

    _run(bench_inheritance, sources, print_inheritance, as_json=as_json)


@bench_app.command()
def audit(sources: Sources = None, as_json: AsJson = False) -> None:
    """How many planted mistakes the audit finds, and how many ops it accuses for nothing."""
    from hexviz.bench.run import bench_audit
    from hexviz.terminal_bench import print_audit

    _run(bench_audit, sources, print_audit, as_json=as_json)


@bench_app.command()
def extraction(sources: Sources = None, as_json: AsJson = False) -> None:
    """How many modules can be cut out so that they run and are right, beside other extractors."""
    from hexviz.bench.run import bench_extraction
    from hexviz.terminal_bench import print_extraction

    _run(bench_extraction, sources, print_extraction, as_json=as_json)


def _run(
    bench: Callable[..., dict[str, Any]],
    sources: list[str] | None,
    show: Callable[[Mapping[str, Any]], None],
    *,
    as_json: bool,
) -> None:
    from hexviz.terminal import progress

    with progress() as report:
        document = bench(sources or (), report=report)
    if as_json:
        print_json(document)
    else:
        show(document)
