"""The ``hexviz`` command: a thin face over the same functions a script calls.

Exit codes: 0 fine, 1 findings or a failed verification, 2 bad usage or input.
Errors go to stderr as one line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
import typer.exceptions

from hexviz.errors import ExportError, HexvizError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hexviz",
    help="Which PyTorch module does each op of an ONNX graph belong to, and how is that known?",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)

bench_app = typer.Typer(no_args_is_help=True)
app.add_typer(bench_app, name="bench", help="Measure hexviz itself.")

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A sample's name, an .onnx file, package.module:factory, or hf:MODEL_ID.",
    ),
]
OnnxFile = Annotated[Path, typer.Argument(metavar="FILE", help="An .onnx file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes any free one.")
]
Host = Annotated[str, typer.Option(help="Address to serve on.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]


def main() -> None:
    """Run the command; any :class:`HexvizError` ends it with one line and exit code 2."""
    arguments = sys.argv[1:]
    commands = {"view", "export", "tag", "analyze", "samples", "bench"}
    # `hexviz model.onnx` is short for `hexviz view model.onnx`.
    if not arguments or arguments[0] not in {*commands, "--help"}:
        arguments = ["view", *arguments]
    try:
        code = app(args=arguments, prog_name="hexviz", standalone_mode=False)
    except ExportError as error:
        _fail(f"{error}{_where_log_is(error)}")
    except HexvizError as error:
        _fail(str(error))
    except typer.exceptions.TyperException as error:
        told = getattr(error, "format_message", error.__str__)()
        _fail(f"{told.rstrip('.')}. See `hexviz --help`.")
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _where_log_is(error: ExportError) -> str:
    """What an exporter printed before it failed, kept in the cache folder, as a sentence."""
    if not error.log:
        return ""
    from hexviz.app.folders import exports_folder
    from hexviz.model.files import write_atomically

    path = exports_folder() / "failed.log"
    write_atomically(path, [error.log.encode()])
    return f" The log is in {path}."


def _fail(line: str) -> NoReturn:
    print("hexviz:", " ".join(line.split()), file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


@app.command()
def view(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="What to open first: a sample's name, an .onnx file, "
            "package.module:factory, or hf:MODEL_ID. Without it, the page asks.",
        ),
    ] = None,
    port: Port = 8050,
    host: Host = "127.0.0.1",
    no_browser: NoBrowser = False,
) -> None:
    """Open the page in a browser."""
    from hexviz.app.imports import import_only_what_is_used
    from hexviz.model.rest import collector_spares

    import_only_what_is_used()
    with collector_spares():
        from hexviz.app.serve import serve
    first = _onnx_path(source) if source else None
    serve(first, host=host, port=port, open_browser=not no_browser)


@app.command()
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
    from hexviz.exporters.produce import produce

    with _progress() as report:
        graph = produce(
            source,
            exporter=exporter,
            opset=opset,
            dynamic=dynamic,
            weights=not no_weights,
            optimize=not no_optimize,
            progress=report,
        )
        graph.save(output)
    _say(f"{output}: {len(graph.ops)} ops in {len(graph.modules)} modules.")
    _say(", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in graph.timings.items()))


@app.command()
def tag(source: OnnxFile, output: Output) -> None:
    """Tag every op of an ONNX file and write the result to another file."""
    from hexviz.tagging.tag import load

    graph = load(source)
    graph.save(output)
    _say(f"{output}: {len(graph.ops)} ops in {len(graph.modules)} modules.")


@app.command()
def analyze(
    file: OnnxFile,
    ops: Annotated[bool, typer.Option("--ops", help="Also list every op.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how the ops of a file got their modules."""
    from hexviz.tagging.summary import summarize
    from hexviz.tagging.tag import load

    document = summarize(load(file), ops=ops)
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=True))  # noqa: T201
    else:
        _print_summary(document)


@app.command()
def samples(as_json: AsJson = False) -> None:
    """List the sample models."""
    from rich.console import Console
    from rich.table import Table

    from sample_models import SAMPLES

    if as_json:
        listed = [
            {"name": name, "title": sample.title, "description": sample.description}
            for name, sample in SAMPLES.items()
        ]
        print(json.dumps({"samples": listed}, indent=2, ensure_ascii=True))  # noqa: T201
        return
    table = Table("name", "what it is", box=None, header_style="bold")
    for name, sample in SAMPLES.items():
        table.add_row(name, sample.description)
    Console().print(table)


@bench_app.command()
def inheritance(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Models to measure on; without any, all of the benchmark's own.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How often inference names the module an exporter recorded, beside simpler rules."""
    from hexviz.bench.run import bench_inheritance

    with _progress() as report:
        document = bench_inheritance(sources or (), report=report)
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=True))  # noqa: T201
        return
    _print_accuracy(document["summary"])
    _print_models(document["results"])
    for exporter, types in document["op_types"].items():
        _print_totals(f"{exporter}, auxiliary blanked, models reported only", "op type", types)
    for split, stated in document["confidences"].items():
        _print_totals(f"{split} models, all conditions", "rule, confidence", stated)
    for one in document["failed"]:
        _say(f"Not measured: {one['model']}, {one['exporter']}: {one['error']}")


def _onnx_path(source: str) -> Path:
    """The file to show: the one named, or a fresh export in the cache folder."""
    path = Path(source)
    if path.suffix == ".onnx" or path.is_file():
        return path
    from hexviz.app.folders import exports_folder
    from hexviz.exporters.produce import produce

    with _progress() as report:
        graph = produce(source, optimize=False, progress=report)
    target = exports_folder() / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', graph.name)}.onnx"
    graph.save(target)
    return target


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr from the first report on; work without reports leaves no trace of one."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: list[TaskID] = []

    def report(stage: str, done: float) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(stage, total=1.0))
        bar.update(tasks[0], description=stage, completed=done)

    try:
        yield report
    finally:
        if tasks:
            bar.stop()


def _print_summary(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    auxiliary = document["auxiliary"]
    console.print(f"[bold]{escape(document['model'])}[/bold]: {document['ops']} ops")
    console.print(f"coverage   {document['coverage']:.1%} of ops have a module")
    console.print("origins    " + _counts(document["origins"]))
    console.print("rules      " + _counts(document["rules"]))
    console.print(
        f"auxiliary  {auxiliary['ops']} ops, {auxiliary['context_inherited']} with a context "
        "below the root"
    )
    if document["weights_left_out"]:
        console.print(f"weights    {document['weights_left_out']} left out: it cannot be run")
    table = Table("module", "tag", box=None, header_style="bold")
    table.add_column("ops", justify="right")
    for module in document["modules"]:
        table.add_row(escape(module["module"]), escape(module["tag"]), str(module["ops"]))
    console.print(table)
    if "nodes" in document:
        listing = Table("op", "type", "module", "rule", "context", box=None, header_style="bold")
        for node in document["nodes"]:
            context = node["context"]["tag"] if node["context"] else ""
            cells = (node["id"], node["op_type"], node["tag"], node["rule"], context)
            listing.add_row(*map(escape, cells))
        console.print(listing)


def _print_accuracy(summary: list[dict[str, Any]]) -> None:
    """A table per split and exporter: exact / on branch of each rule under each condition."""
    from rich.console import Console
    from rich.table import Table

    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for row in summary:
        split = "reported only" if row["reported"] else "tuned on"
        title = f"{row['exporter']}, {row['models']} models {split}: exact / on branch"
        tables.setdefault(title, {}).setdefault(row["condition"], {})[row["rule"]] = row
    for title, conditions in tables.items():
        rules = list(next(iter(conditions.values())))
        table = Table("blanked", box=None, header_style="bold", title=title, title_justify="left")
        for name in ("ops", *rules):
            table.add_column(name, justify="right")
        for condition, by_rule in conditions.items():
            shares = [f"{one['exact']:.3f} / {one['on_branch']:.3f}" for one in by_rule.values()]
            table.add_row(condition, str(by_rule[rules[0]]["ops"]), *shares)
        Console().print(table)


def _print_models(results: list[dict[str, Any]]) -> None:
    """Per model and exporter what hexviz made of auxiliary ops, or of what was asked first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    first = results[0]["condition"] if results else ""
    table = Table("model", "exporter", box=None, header_style="bold", title_justify="left")
    table.title = f"by model, {first} blanked"
    for name in ("ops", "exact", "on branch", "wrong branch", "fallback"):
        table.add_column(name, justify="right")
    for one in results:
        if one["rule"] == "hexviz" and one["condition"] == first and one["ops"]:
            figures = (one[key] for key in ("exact", "on_branch", "wrong_branch", "fallback"))
            shares = [f"{share:.3f}" for share in figures]
            table.add_row(escape(one["model"]), one["exporter"], str(one["ops"]), *shares)
    Console().print(table)


def _print_totals(title: str, what: str, totals: dict[str, dict[str, int]]) -> None:
    """How many were asked, exact and wrong; nothing if nobody was."""
    if not totals:
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(what, box=None, header_style="bold", title=title, title_justify="left")
    for name in ("ops", "exact", "wrong branch"):
        table.add_column(name, justify="right")
    for kind, counts in totals.items():
        cells = (counts[key] for key in ("ops", "exact", "wrong_branch"))
        table.add_row(escape(kind), *map(str, cells))
    Console().print(table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _say(line: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
