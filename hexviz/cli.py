"""The ``hexviz`` command: a thin face over the same functions a script calls.

Exit codes: 0 fine, 1 findings or a failed verification, 2 bad usage or input, 128 plus the
signal's number if one ended it; a server or worker that is told to stop has done what it should: 0.
Errors go to stderr as one line.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
import typer.exceptions

from hexviz.cli_bench import bench_app
from hexviz.cli_compare import compare
from hexviz.cli_extract import extract, spread
from hexviz.cli_json import print_json
from hexviz.cli_log import LOG_VARIABLE, stages_logged
from hexviz.cli_signals import ended_by_signals
from hexviz.cli_transfer import carried_over
from hexviz.cli_view import view, worker
from hexviz.errors import ExportError, HexvizError, MatchingError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hexviz",
    help="Which PyTorch module does each op of an ONNX graph belong to, and how is that known?",
    epilog=f"{LOG_VARIABLE}=FILE in the environment (- for stderr) logs how long each stage takes, "
    "one line of JSON for each.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(bench_app, name="bench", help="Measure hexviz itself.")
app.command()(view)
app.command()(worker)
app.command()(extract)
app.command()(compare)

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A sample's name, an .onnx file, package.module:factory, or hf:MODEL_ID.",
    ),
]
OnnxFile = Annotated[Path, typer.Argument(metavar="FILE", help="An .onnx file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]


def main() -> None:
    """Run the command; any :class:`HexvizError` ends it with one line and exit code 2."""
    arguments = sys.argv[1:]
    commands = {
        "view", "export", "tag", "analyze", "audit", "explain", "extract", "report", "samples",
        "bench", "worker", "compare",
    }  # fmt: skip
    # `hexviz model.onnx` is short for `hexviz view model.onnx`.
    if not arguments or arguments[0] not in {*commands, "--help"}:
        arguments = ["view", *arguments]
    try:
        with ended_by_signals(), stages_logged():
            code = app(args=spread(arguments), prog_name="hexviz", standalone_mode=False)
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
    # Names in a message are a stranger's: they may not steer the terminal.
    told = "".join(one if one.isprintable() else "�" for one in " ".join(line.split()))
    print("hexviz:", told, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


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
    from hexviz.app.models.export_times import save_and_keep
    from hexviz.exporters.produce import produce
    from hexviz.terminal import progress, say

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


@app.command()
def tag(
    source: OnnxFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write.")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="BEFORE",
            help="A tagged file that FILE was made from, or another export of the model: its tags "
            "are carried over.",
        ),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="With --from: run both files, and match equal values too.")
    ] = False,
    inputs: Annotated[
        Path | None,
        typer.Option(help="An .npz file with the model's inputs to run with, by name."),
    ] = None,
    overrides: Annotated[
        Path | None,
        typer.Option(help="A file of overrides: the modules that a person set, saved as JSON."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the tags into FILE itself.")
    ] = False,
) -> None:
    """Tag every op of an ONNX file and write the result to another file."""
    from hexviz.model.files import file_to_write
    from hexviz.tagging.override import override
    from hexviz.tagging.overrides import load_overrides
    from hexviz.tagging.tag import load
    from hexviz.terminal import say

    target = file_to_write(source, output, in_place=in_place)
    if before is None:
        if run or inputs is not None:
            raise MatchingError("--run and --inputs go with --from: name the file to match with.")
        graph = load(source)
    else:
        graph = carried_over(before, source, target, run=run, inputs=inputs)
    if overrides is not None:
        file_to_write(overrides, target)
        graph = override(graph, load_overrides(overrides, graph))
    graph.save(target)
    say(f"{target}: {len(graph.ops)} ops in {len(graph.modules)} modules.")
    if before is not None:
        from hexviz.matching.transfer import transfer_line

        say(transfer_line(graph))


@app.command()
def analyze(
    file: OnnxFile,
    ops: Annotated[bool, typer.Option("--ops", help="Also list every op.")] = False,
    as_json: AsJson = False,
    memory: Annotated[
        bool,
        typer.Option(
            "--memory",
            help="Also measure the memory of each stage; that takes two to four times as long.",
        ),
    ] = False,
) -> None:
    """Say how the ops of a file got their modules."""
    from hexviz.stages import recorded
    from hexviz.tagging.summary import summarize
    from hexviz.tagging.tag import load

    with recorded(memory=memory):
        graph = load(file)
    document = summarize(graph, ops=ops)
    if as_json:
        print_json(document)
        return
    from hexviz.terminal import print_summary

    print_summary(document)


@app.command()
def explain(
    file: OnnxFile,
    op: Annotated[str, typer.Argument(metavar="OP", help="The id of an op: its first output.")],
    as_json: AsJson = False,
) -> None:
    """Say why an op has its module and its context, with all the evidence."""
    from hexviz.app.models.stored_tags import load_kept
    from hexviz.tagging.explain import explain as explained
    from hexviz.tagging.explain import explanation_record

    graph = load_kept(file)
    explanation = explained(graph, op)
    if as_json:
        print_json(explanation_record(explanation))
        return
    from hexviz.terminal import print_explanation

    print_explanation(graph, explanation)


@app.command()
def audit(
    file: OnnxFile,
    as_json: AsJson = False,
    fail_on: Annotated[
        Literal["warning", "error"] | None,
        typer.Option(help="Exit with 1 if there is a finding this bad, or worse."),
    ] = None,
) -> None:
    """List the tags that are wrong or doubtful, worst first."""
    from hexviz.app.models.stored_tags import load_kept
    from hexviz.tagging.audit import audit as audited
    from hexviz.tagging.finding import SEVERITIES, findings_document

    graph = load_kept(file)
    document = findings_document(graph, audited(graph))
    if as_json:
        print_json(document)
    else:
        from hexviz.terminal import print_findings

        print_findings(document)
    if fail_on is not None:
        bad = SEVERITIES[SEVERITIES.index(fail_on) :]
        if any(document["counts"][severity] for severity in bad):
            raise typer.Exit(1)


@app.command()
def report(file: OnnxFile, output: Output) -> None:
    """Write one HTML page about a file for people who do not have hexviz."""
    from hexviz.app.models.stored_tags import load_kept
    from hexviz.model.files import file_to_write, write_atomically
    from hexviz.tagging.audit import audit as audited
    from hexviz.terminal import say
    from hexviz.view.report.page import to_report

    target = file_to_write(file, output)
    graph = load_kept(file)
    findings = audited(graph)
    page = to_report(graph, findings).encode()
    write_atomically(target, [page])
    many = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    say(f"{target}: {len(page) / 1e6:.1f} MB, {many}.")


@app.command()
def samples(as_json: AsJson = False) -> None:
    """List the sample models."""
    from sample_models import SAMPLES

    if as_json:
        listed = [
            {"name": name, "title": sample.title, "description": sample.description}
            for name, sample in SAMPLES.items()
        ]
        print_json({"samples": listed})
        return
    from hexviz.terminal import print_samples

    print_samples({name: sample.description for name, sample in SAMPLES.items()})
