"""Which suffix means which format, and the writing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from hexviz.convert.csv_table import to_csv
from hexviz.convert.dot import to_dot
from hexviz.convert.graphml import to_graphml
from hexviz.convert.model_explorer.graph_json import to_graph_json
from hexviz.convert.model_explorer.node_data import node_data, to_node_data
from hexviz.convert.options import Conversion, Options
from hexviz.convert.parquet_table import to_parquet
from hexviz.convert.yed import to_yed
from hexviz.errors import WriteError
from hexviz.model.files import Chunk, write_atomically
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph

__all__ = ["WRITERS", "File", "Writer", "convert", "format_of", "one_file"]

File = tuple[Path, Iterable[Chunk]]
"""A file to write, and its content."""

Writer = Callable[[TaggedGraph, Path, Options], Iterator[File]]
"""A graph as files: the one that was asked for, and those that go with it beside it."""


def _graphml(graph: TaggedGraph, path: Path, options: Options) -> Iterator[File]:
    yield path, (to_yed if options.dialect == "yed" else to_graphml)(graph, options)


def _model_explorer(graph: TaggedGraph, path: Path, options: Options) -> Iterator[File]:
    yield path, to_graph_json(graph, options, name=graph.name or path.stem)
    if options.node_data:
        for name, found in node_data(graph, options):
            yield path.with_suffix(f".{name}.json"), [to_node_data(graph, found)]


def _single(write: Callable[[TaggedGraph, Options], Iterable[Chunk]]) -> Writer:
    def files(graph: TaggedGraph, path: Path, options: Options) -> Iterator[File]:
        yield path, write(graph, options)

    return files


WRITERS: Mapping[str, tuple[str, Writer]] = {
    ".json": ("Model Explorer", _model_explorer),
    ".graphml": ("GraphML", _graphml),
    ".dot": ("DOT", _single(to_dot)),
    ".gv": ("DOT", _single(to_dot)),
    ".csv": ("CSV", _single(to_csv)),
    ".parquet": ("Parquet", _single(to_parquet)),
}
"""Suffix → the name of its format, and what writes it."""


def format_of(path: Path, known: Iterable[str]) -> str:
    """The suffix of a path, which tells its format.

    Raises:
        WriteError: if it is none of the ``known`` ones.
    """
    suffix = path.suffix.lower()
    if suffix not in known:
        *most, last = known
        told = f"{suffix} is no format" if suffix else f"{path} has no suffix that tells a format"
        raise WriteError(f"{told} that hexviz writes: end the name in {', '.join(most)} or {last}.")
    return suffix


def convert(
    graph: TaggedGraph,
    path: Path,
    options: Options,
    writers: Mapping[str, tuple[str, Writer]] = WRITERS,
) -> Conversion:
    """Write a graph in the format that a suffix means; each file appears whole or not at all.

    Raises:
        WriteError: if there is no such format, or a file cannot be written.
        ViewLimitError: if the graph is too large for the format.
        ExtraError: if the format needs what is not installed.
    """
    name, writer = writers[format_of(path, writers)]
    if path.is_dir():
        raise WriteError(f"{path} is a folder: give the name of a file.")
    written: list[Path] = []
    with collector_paused():
        for target, content in writer(graph, path, options):
            write_atomically(target, content)
            written.append(target)
    return Conversion(
        format=name,
        files=tuple(map(str, written)),
        ops=len(graph.ops),
        edges=len(graph.edges),
        modules=len(graph.modules),
        bytes=sum(one.stat().st_size for one in written),
    )


def one_file(graph: TaggedGraph, path: Path, options: Options) -> Iterator[Chunk]:
    """The content of the file that a suffix means, without those that go with it.

    Raises:
        WriteError: if there is no such format.
        ViewLimitError: if the graph is too large for the format.
        ExtraError: if the format needs what is not installed.
    """
    _, writer = WRITERS[format_of(path, WRITERS)]
    _, content = next(writer(graph, path, options))
    yield from content
