"""``hexviz extract``: cut modules out of a model, with proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hexviz.cli import completion
from hexviz.cli.options import AsJson, NoRecover, OnnxFile, print_json, read_inputs
from hexviz.errors import SelectionError

if TYPE_CHECKING:
    from hexviz.extraction.part import Part
    from hexviz.model.graph import TaggedGraph

__all__ = ["extract", "spread"]

Names = list[str] | None

_MANY = ("--module", "--exclude", "--op")


def spread(arguments: list[str]) -> list[str]:
    """Several names after one option as that option several times.

    Only behind the file, so that it is not taken for a name.

    >>> spread(["extract", "m.onnx", "--module", "a", "b", "-o", "p.onnx"])
    ['extract', 'm.onnx', '--module', 'a', '--module', 'b', '-o', 'p.onnx']
    """
    if arguments[:1] != ["extract"] or arguments[1:2] == [] or arguments[1].startswith("-"):
        return arguments
    result = arguments[:2]
    option = ""
    for one in arguments[2:]:
        if one.startswith("-"):
            option = one
        elif option in _MANY and result[-1] != option:
            result.append(option)
        result.append(one)
    return result


def extract(
    file: OnnxFile,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write; with --split, a folder.")
    ],
    module: Annotated[
        Names,
        typer.Option(
            metavar="FQN",
            help="A module to take: its FQN, its tag, or a pattern of either, "
            "as encoder.layer.*.attention. Several may follow, or the option be repeated.",
            autocompletion=completion.modules,
        ),
    ] = None,
    exclude: Annotated[
        Names,
        typer.Option(
            metavar="FQN",
            help="A module to leave out again.",
            autocompletion=completion.modules,
        ),
    ] = None,
    op: Annotated[
        Names,
        typer.Option(metavar="ID", help="An op to take besides.", autocompletion=completion.ops),
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="Take the ops that a search of the page would find.")
    ] = None,
    policy: Annotated[
        Literal["exclude_safe", "include_context", "include_all"] | None,
        typer.Option(
            help="exclude_safe: the modules' own ops. include_context: and the shape and constant "
            "chains that serve them, the default. include_all: all that is needed to run from the "
            "model's own inputs."
        ),
    ] = None,
    fill_holes: Annotated[
        bool,
        typer.Option(
            "--fill-holes", help="Take what dataflow goes through when it leaves and comes back."
        ),
    ] = False,
    split: Annotated[
        bool,
        typer.Option(
            "--split",
            help="Split the whole model by these modules, or by its top ones (below one that wraps "
            "them all), into parts that run one after the other.",
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Run the whole and the part, and compare before writing."),
    ] = False,
    inputs: Annotated[
        Path | None,
        typer.Option(help="An .npz file with the model's inputs to verify with, by name."),
    ] = None,
    as_json: AsJson = False,
    no_recover: NoRecover = False,
) -> None:
    """Cut modules out of a model into a file that runs by itself."""
    from hexviz.cli.console import progress
    from hexviz.tagging.opened import load_kept

    if inputs is not None and not verify:
        raise SelectionError("--inputs are to verify with: give --verify too.")
    with progress(f"Reading {file.name}"):
        graph = load_kept(file, recover=not no_recover)
    if split:
        if exclude or op or search or fill_holes or policy:
            raise SelectionError("--split divides the whole model: give it modules only.")
        _split(graph, module or (), output, read_inputs(inputs), verify=verify, as_json=as_json)
        return
    from hexviz.extraction.part import extract as cut_out
    from hexviz.model.files import file_to_write

    target = file_to_write(file, output)
    ops = [*(op or ()), *_found(graph, search)]
    if not module and not ops:
        raise SelectionError("Nothing is selected: give --module, --op or --search.")
    with progress(f"Cutting a part out of {file.name}") as report:
        part = cut_out(
            graph,
            module or (),
            exclude or (),
            policy or "include_context",
            ops=ops,
            fill_holes=fill_holes,
        )
        if verify:
            report("Running the whole model and the part", 0.5)
        verified = part.verify(read_inputs(inputs)) if verify else None
        good = part.checks.sound and (verified is None or verified.ok)
        if good:
            part.save(target)
    _show_part(part, target if good else None, as_json=as_json)
    if not good:
        raise typer.Exit(1)


def _split(
    graph: TaggedGraph,
    modules: Names | tuple[()],
    folder: Path,
    inputs: dict[str, Any] | None,
    *,
    verify: bool,
    as_json: bool,
) -> None:
    from hexviz.cli.console import progress
    from hexviz.extraction.split import split
    from hexviz.extraction.verify import verification_record

    with progress("Splitting the model") as report:
        divided = split(graph, modules or ())
        if verify:
            report("Running the whole model and its parts", 0.5)
        verified = divided.verify(inputs) if verify else None
        checks = {name: part.checks for name, part in divided.parts.items()}
        good = all(one.sound for one in checks.values()) and (verified is None or verified.ok)
        if good:
            divided.save(folder)
    document = {
        **divided.manifest,
        "checks": {name: one.record() for name, one in checks.items()},
        "verification": None if verified is None else verification_record(verified),
    }
    if as_json:
        print_json(document)
    else:
        from hexviz.cli.print_extract import print_split

        print_split(document, folder if good else None)
    if not good:
        raise typer.Exit(1)


def _show_part(part: Part, target: Path | None, *, as_json: bool) -> None:
    document = part.report
    if as_json:
        print_json({**document, "output": None if target is None else str(target)})
    else:
        from hexviz.cli.print_extract import print_part

        print_part(document, target)


def _found(graph: TaggedGraph, search: str | None) -> list[str]:
    if search is None:
        return []
    from hexviz.extraction.query import parse_query
    from hexviz.extraction.search_index import SearchIndex

    found = SearchIndex(graph).ops(parse_query(search))
    if not found:
        raise SelectionError(f"The search {search!r} finds no op.")
    return [graph.ops[at].id for at in found]
