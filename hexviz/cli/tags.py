"""``hexviz tag``, ``analyze``, ``explain`` and ``audit``: the tags of one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hexviz.cli import completion
from hexviz.cli.options import (
    AsJson,
    NoRecover,
    OnnxFile,
    Symbols,
    print_json,
    read_inputs,
    read_sizes,
)
from hexviz.errors import MatchingError, MeasureError, RenameError

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph

__all__ = ["analyze", "audit", "explain", "tag"]


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
            autocompletion=completion.files,
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
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Write modules under a key of other tools as well: layer_ann (ONNX Runtime, "
            "Olive) or winml.hierarchy.tag. Can be repeated.",
        ),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the tags into FILE itself.")
    ] = False,
    renames: Annotated[
        list[str] | None,
        typer.Option(
            "--rename",
            metavar="BLOCK=NAME",
            help="Call a recovered block and all its copies so, as Block=EncoderLayer. Can be "
            "repeated.",
        ),
    ] = None,
    no_recover: NoRecover = False,
) -> None:
    """Tag every op of an ONNX file and write the result to another file."""
    from hexviz.cli.console import note, progress
    from hexviz.model.files import file_to_write
    from hexviz.model.other_keys import known_keys
    from hexviz.tagging.overrides_file import apply_overrides
    from hexviz.tagging.recovery.rename import rename
    from hexviz.tagging.tag import load

    target = file_to_write(source, output, in_place=in_place)
    others = known_keys(also or ())
    named = _names(renames or ())
    if before is None and (run or inputs is not None):
        raise MatchingError("--run and --inputs go with --from: name the file to match with.")
    with progress(f"Tagging {source.name}"):
        if before is None:
            graph = load(source, recover=not no_recover)
        else:
            graph = _carried_over(
                before, source, target, run=run, inputs=inputs, recover=not no_recover
            )
        if overrides is not None:
            file_to_write(overrides, target)
            graph = apply_overrides(overrides, graph)
        graph = rename(graph, named)
        graph.save(target, also=others)
    note(f"{target}: {len(graph.ops)} ops in {len(graph.modules)} modules.")
    if before is not None:
        from hexviz.matching.transfer import transfer_line

        note(transfer_line(graph))


def _names(given: Iterable[str]) -> dict[str, str]:
    """Block → its new name, as a person wrote them: ``Block=EncoderLayer``.

    Raises:
        RenameError: if one is not written so, or a block has two names.
    """
    found: dict[str, str] = {}
    for one in given:
        block, sign, name = one.partition("=")
        if not (sign and block and name):
            raise RenameError(f"{one!r} renames nothing: write --rename Block=EncoderLayer.")
        if found.setdefault(block, name) != name:
            raise RenameError(f"--rename gives {block!r} two names, {found[block]} and {name}.")
    return found


def _carried_over(
    before: Path, after: Path, target: Path, *, run: bool, inputs: Path | None, recover: bool
) -> TaggedGraph:
    """The graph in ``after`` with the tags of ``before``.

    What can be checked is checked before anything is read.

    Raises:
        MatchingError: if both are one file, or ``inputs`` are of no use.
        WriteError: if ``target`` is the file ``before``.
        HexvizError: if a file cannot be read, or nothing be transferred.
    """
    from hexviz.matching.transfer import transfer
    from hexviz.model.files import file_to_write, is_there
    from hexviz.tagging.tag import load

    if inputs is not None and not run:
        raise MatchingError("--inputs are to run both files with: give --run too.")
    if is_there(before) and is_there(after) and before.samefile(after):
        raise MatchingError(
            f"{before} is the file that is tagged: --from takes the one that it was made from."
        )
    file_to_write(before, target)
    known, graph = load(before, recover=recover), load(after, recover=recover)
    return transfer(known, graph, run=run, inputs=read_inputs(inputs))


def analyze(
    file: OnnxFile,
    ops: Annotated[bool, typer.Option("--ops", help="Also list every op.")] = False,
    costs: Annotated[
        bool,
        typer.Option(
            "--costs",
            help="What it costs, by module: parameters, weights, MACs, FLOPs, activations.",
        ),
    ] = False,
    symbol: Symbols = None,
    as_json: AsJson = False,
    memory: Annotated[
        bool,
        typer.Option(
            "--memory",
            help="Also measure the memory of each stage; that takes two to four times as long.",
        ),
    ] = False,
    no_recover: NoRecover = False,
) -> None:
    """Say how the ops of a file got their modules, or what they cost."""
    from hexviz.cli.console import progress
    from hexviz.stages import recorded
    from hexviz.tagging.summary import summarize
    from hexviz.tagging.tag import load

    if symbol and not costs:
        raise MeasureError("--symbol sets a size to count costs with: give --costs too.")
    sizes = read_sizes(symbol)
    with progress(f"Tagging {file.name}"), recorded(memory=memory):
        graph = load(file, recover=not no_recover)
    if costs:
        _analyze_costs(graph, sizes, ops=ops, as_json=as_json)
        return
    document = summarize(graph, ops=ops)
    if as_json:
        print_json(document)
        return
    from hexviz.cli.print_tags import print_summary

    print_summary(document)


def _analyze_costs(
    graph: TaggedGraph, sizes: Mapping[str, int], *, ops: bool, as_json: bool
) -> None:
    from hexviz.cli.console import progress
    from hexviz.measure.costs.costs import costs, default_sizes
    from hexviz.measure.costs.document import add_costs
    from hexviz.tagging.summary import summarize

    label = f"Counting what {len(graph.ops):,} ops cost"
    if as_json:
        with progress(label):
            found = costs(graph, symbols=sizes)
        print_json(add_costs(summarize(graph, ops=ops), found))
        return
    from hexviz.cli.print_costs import print_costs

    with progress(label):
        usual = default_sizes(graph)
        found = costs(graph, symbols=usual | dict(sizes))
    print_costs(graph, found, assumed=usual.keys() - sizes.keys(), ops=ops)


def explain(
    file: OnnxFile,
    op: Annotated[
        str,
        typer.Argument(
            metavar="OP",
            help="The id of an op: its first output.",
            autocompletion=completion.ops,
        ),
    ],
    as_json: AsJson = False,
    no_recover: NoRecover = False,
) -> None:
    """Say why an op has its module and its context, with all the evidence."""
    from hexviz.cli.console import progress
    from hexviz.tagging.explain import explain as explained
    from hexviz.tagging.explain import explanation_record
    from hexviz.tagging.opened import load_kept

    with progress(f"Reading {file.name}"):
        graph = load_kept(file, recover=not no_recover)
        explanation = explained(graph, op)
    if as_json:
        print_json(explanation_record(explanation))
        return
    from hexviz.cli.print_tags import print_explanation

    print_explanation(graph, explanation)


def audit(
    file: OnnxFile,
    as_json: AsJson = False,
    fail_on: Annotated[
        Literal["warning", "error"] | None,
        typer.Option(help="Exit with 1 if there is a finding this bad, or worse."),
    ] = None,
    no_recover: NoRecover = False,
) -> None:
    """List the tags that are wrong or doubtful, worst first."""
    from hexviz.cli.console import progress
    from hexviz.tagging.audit import audit as audited
    from hexviz.tagging.finding import SEVERITIES, findings_document
    from hexviz.tagging.opened import load_kept

    with progress(f"Auditing {file.name}"):
        graph = load_kept(file, recover=not no_recover)
        document = findings_document(graph, audited(graph))
    if as_json:
        print_json(document)
    else:
        from hexviz.cli.print_tags import print_findings

        print_findings(document)
    if fail_on is not None:
        bad = SEVERITIES[SEVERITIES.index(fail_on) :]
        if any(document["counts"][severity] for severity in bad):
            raise typer.Exit(1)
