"""Opening a file that was opened before: its tags are kept on this machine, by its digest.

::

    model.onnx ──digest──▶ cache ──▶ packed tags ──▶ ops, modules      when first needed
         └────────────────────────────────────────▶ protobuf, edges    when first needed

Kept tags are only found by the code that made them: a change of any rule makes all
of them anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

import hexviz.model
import hexviz.tagging
from hexviz.cache import Cache, Records, code_in
from hexviz.errors import WriteError
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import ModelFile, check_external, digest, parse, read_file
from hexviz.stages import Measured, recorded, stage
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.tag import tag

__all__ = ["Opened", "keep", "kept_tags", "load_kept", "open_bytes", "open_file", "open_path"]

_LOGGER = logging.getLogger(__name__)

_WORTH = 0.25  # seconds of tagging from which on the tags are kept


def kept_tags(cache: Cache, *, recover: bool = True) -> Records:
    """The tags in a cache, by the digest of the file; those without recovery apart."""
    kind = "tags" if recover else "tags without recovery"
    return cache.records("results", f"{kind} {_code()}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was read: to be tagged, if it was not when it was opened before.

    ``key`` is the digest of its bytes, which ``known`` holds until they are parsed. Without
    ``recover``, no blocks are recovered in it.
    """

    key: str
    measured: Measured
    file: ModelFile | None = None
    known: TaggedGraph | None = None
    recover: bool = True

    def graph(self) -> TaggedGraph:
        """The graph of the file."""
        if self.known is not None:
            return self.known
        assert self.file is not None  # noqa: S101 - one of the two is there
        return tag(self.file, before=self.measured, recover=self.recover)


def open_bytes(
    content: bytes,
    kept: Records | None,
    *,
    name: str,
    base_dir: Path | None = None,
    recover: bool = True,
) -> Opened:
    """Read the bytes of a file; ``name`` is what errors call it.

    ``kept`` are tags of files that were opened with as much ``recover``.

    Raises:
        ReadError: if they are no readable ONNX model.
    """
    return replace(_opened(lambda: content, kept, name, base_dir), recover=recover)


def open_path(
    path: Path, kept: Records | None, *, name: str | None = None, recover: bool = True
) -> Opened:
    """Read a file; ``name`` is what people call it, if that is not the file's own.

    ``kept`` are tags of files that were opened with as much ``recover``.

    Raises:
        ReadError: if it is missing or no readable ONNX model.
    """
    base_dir = path.resolve().parent
    found = _opened(lambda: read_file(path), kept, name or path.name, base_dir)
    return replace(found, recover=recover)


def _opened(
    read: Callable[[], bytes], kept: Records | None, name: str, base_dir: Path | None
) -> Opened:
    file = known = None
    with collector_paused(), recorded() as record, stage("read"):
        content = read()
        key = digest(content)
        packed = _recall(kept, key) if kept is not None else None
        if packed is None:
            file = parse(content, name=name, base_dir=base_dir)
        else:
            for location in packed.locations:
                check_external(location, name, base_dir)
            known = TaggedGraph.later(
                proto=lambda: parse(content, name=name, base_dir=base_dir).proto,
                ops=packed.ops,
                modules=packed.modules,
                name=name,
                base_dir=base_dir,
            )
    measured = Measured(record.stages)
    if known is not None:
        known.measured = measured
    return Opened(key, measured, file, known)


def open_file(
    path: Path, kept: Records, *, worth: float = _WORTH, recover: bool = True
) -> TaggedGraph:
    """As :func:`hexviz.load`, with what was found out when the same content was opened before.

    Otherwise its tags are kept, if making them took at least ``worth`` seconds.

    Raises:
        ReadError: if the file is missing or no readable ONNX model.
    """
    opened = open_path(path, kept, recover=recover)
    graph = opened.graph()
    if opened.known is None:
        keep(kept, opened.key, graph, worth=worth)
    return graph


def load_kept(path: Path, *, recover: bool = True) -> TaggedGraph:
    """As :func:`hexviz.load`, and at once if a file with this content was opened before.

    Raises:
        ReadError: if the file is missing or no readable ONNX model.
    """
    return open_file(path, kept_tags(Cache(), recover=recover), recover=recover)


def _recall(kept: Records, key: str) -> Packed | None:
    found = kept.get(key)
    return None if found is None else Packed(found)


def keep(kept: Records, key: str, graph: TaggedGraph, *, worth: float = _WORTH) -> None:
    """Keep the tags of a file's graph, if making them took at least ``worth`` seconds.

    A cache that cannot be written is a line in the log of this module and does no harm.
    """
    timings = graph.timings
    spent = sum(
        timings.get(one, 0.0) for one in ("graph context", "inheritance", "recovery", "provenance")
    )
    if spent < worth:
        return
    try:
        packed = pack(graph)
        if packed is not None:
            kept.put(key, packed)
    except WriteError as error:
        _LOGGER.warning("The tags of %s are not kept: %s", graph.name, error)


def _code() -> str:
    own = code_in(Path(hexviz.model.__path__[0]), Path(hexviz.tagging.__path__[0]))
    return f"{own} onnx {onnx.__version__}"
