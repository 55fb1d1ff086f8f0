"""``hexviz convert``: a tagged graph as a file of another tool."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hexviz.cli.options import AsJson, NoRecover, OnnxFile, Symbols, print_json, read_sizes
from hexviz.errors import MeasureError, WriteError

if TYPE_CHECKING:
    from hexviz.convert.options import Conversion

__all__ = ["convert"]


def convert(
    file: OnnxFile,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The file to write; its suffix is the format: .json (Model Explorer), .graphml, "
            ".dot, .csv, .parquet, or .html (a report).",
        ),
    ],
    costs: Annotated[
        bool, typer.Option("--costs", help="Also what each op costs, as `analyze --costs` says.")
    ] = False,
    symbol: Symbols = None,
    profile: Annotated[
        Path | None,
        typer.Option(metavar="P.json", help="Also times: what hexviz profile --json wrote."),
    ] = None,
    parity: Annotated[
        Path | None,
        typer.Option(metavar="Q.json", help="Also errors: what hexviz parity --json wrote."),
    ] = None,
    dialect: Annotated[
        Literal["plain", "yed"],
        typer.Option(help="Of GraphML: what every reader understands, or boxes in boxes for yEd."),
    ] = "plain",
    node_data: Annotated[
        bool,
        typer.Option(
            "--node-data",
            help="With .json: beside it OUT.origin.json and its like, to colour Model Explorer by.",
        ),
    ] = False,
    max_ops: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With .dot: the most ops to write.")
    ] = None,
    as_json: AsJson = False,
    no_recover: NoRecover = False,
) -> None:
    """Write a graph with its modules as a file for another tool."""
    from hexviz.api import TaggedGraph
    from hexviz.cli.console import progress
    from hexviz.cli.documents import parity_document, profile_document
    from hexviz.convert.formats import format_of
    from hexviz.model.files import file_to_write
    from hexviz.tagging.opened import load_kept

    suffix = format_of(output, TaggedGraph.formats())
    for option, given, wanted in (
        ("--dialect", dialect != "plain", ".graphml"),
        ("--node-data", node_data, ".json"),
        ("--max-ops", max_ops is not None, ".dot"),
    ):
        if given and suffix != wanted and not (wanted == ".dot" and suffix == ".gv"):
            raise WriteError(f"{option} goes with {wanted}: {output} is {suffix}.")
    if symbol and not costs and suffix != ".html":
        raise MeasureError("--symbol sets a size to count costs with: give --costs too.")
    target = file_to_write(file, output)
    for document in (profile, parity):
        if document is not None:
            file_to_write(document, target)
    with progress(f"Converting {file.name}"):
        graph = TaggedGraph.of(load_kept(file, recover=not no_recover))
        done = graph.convert(
            target,
            costs=costs,
            symbols=read_sizes(symbol),
            profile=None if profile is None else profile_document(profile),
            parity=None if parity is None else parity_document(parity),
            dialect=dialect,
            node_data=node_data,
            max_ops=max_ops,
        )
    if as_json:
        print_json(done.to_dict())
    else:
        _say(done)


def _say(done: Conversion) -> None:
    from hexviz.cli.console import note
    from hexviz.model.units import in_bytes
    from hexviz.model.wording import counted

    first, *beside = done.files
    facts = (counted(done.ops, "op"), counted(done.modules, "module"), in_bytes(done.bytes))
    note(f"{first}: {done.format}, {', '.join(facts)}.")
    if done.format == "Model Explorer":
        sheets = f" --node_data_paths={shlex.quote(','.join(beside))}" if beside else ""
        note(f"Open it with: model-explorer {shlex.quote(first)}{sheets}")
