"""``hexviz profile``: which modules a run's time goes to, and a gate for CI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hexviz.cli.options import (
    AsJson,
    NoRecover,
    OnnxFile,
    Symbols,
    print_json,
    read_inputs,
    read_sizes,
)

if TYPE_CHECKING:
    from hexviz.measure.profile.profile import Profile
    from hexviz.model.graph import TaggedGraph

__all__ = ["profile"]


def profile(
    file: OnnxFile,
    inputs: Annotated[
        Path | None, typer.Option(help="An .npz file with the model's inputs to run on, by name.")
    ] = None,
    symbols: Symbols = None,
    runs: Annotated[int, typer.Option(help="Runs that count.")] = 10,
    warm_up: Annotated[int, typer.Option(help="Runs before, that do not.")] = 2,
    provider: Annotated[
        str, typer.Option(metavar="P", help="The execution provider, as CUDA; else the CPU.")
    ] = "",
    threads: Annotated[
        int, typer.Option(help="Threads for one op; 0: as many as the runtime takes.")
    ] = 0,
    optimization: Annotated[
        Literal["disable", "basic", "extended", "all"],
        typer.Option(help="How far the runtime may rewrite the model before it runs."),
    ] = "all",
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="TRACE.json",
            help="Run nothing: a profile that ONNX Runtime wrote elsewhere, or a trace of "
            "torch.profiler.",
        ),
    ] = None,
    optimized: Annotated[
        Path | None,
        typer.Option(metavar="OPT.onnx", help="With --trace: the graph that ran, if it was saved."),
    ] = None,
    as_json: AsJson = False,
    fail_above: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE=LIMIT",
            help="Exit with 1 if a module, or one that a pattern names, takes more than so many "
            "ms or % with all that is in it. A LIMIT alone is for the whole model.",
        ),
    ] = None,
    no_recover: NoRecover = False,
) -> None:
    """Say which modules the time of a run goes to, as ONNX Runtime measures it."""
    import msgspec

    from hexviz.cli.console import progress
    from hexviz.measure.profile.profile import profile as profiled
    from hexviz.measure.profile.result import Profile
    from hexviz.model.reader import digest, read_file
    from hexviz.tagging.opened import load_kept

    limits = _limits(fail_above or ())
    sizes = read_sizes(symbols)
    with progress(f"Running {file.name}") as report:
        graph = load_kept(file, recover=not no_recover)
        found = profiled(
            graph,
            inputs=read_inputs(inputs),
            trace=trace,
            optimized=optimized,
            runs=runs,
            warm_up=warm_up,
            optimization=optimization,
            provider=provider,
            threads=threads,
            symbols=sizes,
            progress=report,
        )
    found = Profile(msgspec.structs.replace(found.document, digest=digest(read_file(file))))
    failing = _failing(found, graph, limits)
    if as_json:
        print_json(found.to_dict())
    else:
        from hexviz.cli.print_profile import print_profile

        print_profile(found, graph)
    if failing:
        from hexviz.cli.console import say

        for line in failing:
            say(line)
        raise typer.Exit(1)


def _limits(given: Sequence[str]) -> list[tuple[str, float, str]]:
    """Each limit as the module's name (``""``: the whole), a number, and its unit, ``ms`` or ``%``.

    Raises:
        MeasureError: if one of them is none.
    """
    from hexviz.errors import MeasureError

    found = []
    for one in given:
        module, _, limit = one.rpartition("=")
        unit = "%" if limit.endswith("%") else "ms"
        number = limit.removesuffix(unit).strip()
        if not number.replace(".", "", 1).isdecimal() or len(number) > 12:
            raise MeasureError(
                f"--fail-above cannot read {one!r}: write MODULE=LIMIT, as in encoder.layer.*=20% "
                "or head=1.5ms, or a LIMIT alone for the whole model."
            )
        found.append((module, float(number), unit))
    return found


def _failing(
    found: Profile, graph: TaggedGraph, limits: Sequence[tuple[str, float, str]]
) -> list[str]:
    """A line for each module that takes longer than it may.

    Raises:
        SelectionError: if a limit is of no module.
    """
    from hexviz.cli.console import module_name
    from hexviz.errors import SelectionError
    from hexviz.extraction.pattern import ModuleNames

    names = ModuleNames(graph.modules)
    times = {one.module: one for one in found.modules}
    lines = []
    for name, limit, unit in limits:
        modules = names.matching(name) if name else [""]
        if not modules:
            raise SelectionError(names.no_match(name))
        for module in modules:
            time = times.get(module)
            if time is None:
                continue
            taken = 100 * time.share if unit == "%" else time.total_us / 1000
            if taken > limit:
                lines.append(
                    f"failed: {module_name(module)} takes {taken:.3g} {unit}, more than {limit:g}."
                )
    return lines
