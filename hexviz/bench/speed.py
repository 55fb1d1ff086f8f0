"""How long one model takes, stage by stage, beside what onnx-ir takes to parse the same bytes.

All figures of a model come from one process, run after run: one to warm up,
which does not count, then as many as asked for. Ratios are made within a run
and never of medians, so that what else the machine does hits both sides.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import onnx
import onnx_ir as ir

from hexviz.bench.stopwatch import Took, clocked
from hexviz.cache import Cache, Records
from hexviz.errors import ReadError
from hexviz.model.gc_control import collector_paused, freeze_live_objects
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import digest
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from hexviz.tagging.opened import keep, kept_tags, open_file
from hexviz.tagging.tag import load
from hexviz.view.first_view import first_view
from hexviz.view.index import build_index
from hexviz.view.render import Layouts, render

__all__ = ["PARSING", "RATIOS", "TAGGING", "Times", "ratio", "runs"]

Result = TypeVar("Result")

PARSING = "parsing"
"""The yardstick: bytes → protobuf → onnx-ir's model."""

TAGGING = ("graph context", "inheritance", "recovery", "provenance")
"""What hexviz does once a file is read: these of its own stages together."""

RATIOS = {
    "tagging/parsing": ("tagging", PARSING),
    "opening tagged/parsing": ("open tagged", PARSING),
    "index/parsing": ("index", PARSING),
    "audit/parsing": ("audit", PARSING),
    "save/parsing": ("save", PARSING),
    "repeat/first": ("repeat", "open"),
    "repeat, unpacked/first": ("repeat, unpacked", "open"),
}
"""Name → the figures of one run that are divided."""


Times = dict[str, Took]
"""One run: figure → what it took."""


def ratio(run: Times, name: str) -> float:
    """One of :data:`RATIOS`, of this run alone."""
    above, below = RATIOS[name]
    return run[above].seconds / run[below].seconds


def _again(path: Path, kept: Records) -> TaggedGraph:
    """Open a file again whose tags are kept, with every op and module unpacked."""
    graph = open_file(path, kept)
    _ = graph.ops, graph.modules
    return graph


def runs(
    content: bytes, path: Path, tagged: Path, repeats: int, report: Callable[[str, float], None]
) -> tuple[TaggedGraph, list[Times]]:
    """The graph of the file at ``path``, and its runs.

    ``content`` is what the file holds; ``tagged`` is where it is saved with
    its tags, to be opened again. ``report`` is told of each run.

    Raises:
        ReadError: if it is no readable model, or onnx-ir cannot parse it, so
            that there is nothing to measure by.
    """
    done = []
    freeze_live_objects()  # else each collection before a clock starts walks through torch
    for number in range(repeats + 1):
        report(f"run {number} of {repeats}" if number else "warming up", number / (repeats + 1))
        graph, times = _one(content, path, tagged)
        if number:
            done.append(times)
    return graph, done


def _one(content: bytes, path: Path, tagged: Path) -> tuple[TaggedGraph, Times]:
    took: Times = {}

    def clock(name: str, work: Callable[[], Result]) -> Result:
        result, took[name] = clocked(work)
        return result

    clock("parse protobuf", lambda: _protobuf(content))
    clock(PARSING, lambda: _parsed(content, path.name))
    graph = clock("open", lambda: load(path))
    took |= _own_stages(graph)
    took["tagging"] = sum((took[name] for name in TAGGING if name in took), Took(0.0, 0.0))
    clock("save", lambda: graph.save(tagged))
    clock("open tagged", lambda: load(tagged))
    kept = kept_tags(Cache(tagged.parent / "cache"))
    keep(kept, digest(content), graph, worth=0.0)
    clock("repeat", lambda: open_file(path, kept))
    clock("repeat, unpacked", lambda: _again(path, kept))
    layouts: Layouts = Layouts()
    index = clock("index", lambda: build_index(graph, "module"))
    drawn = clock("layout", lambda: render(index, first_view(index, layouts), "light", layouts))
    clock("audit", lambda: _audited(graph))
    clock("serialise", lambda: json.dumps(drawn.elements))
    return graph, took


def _audited(graph: TaggedGraph) -> list[Finding]:
    with collector_paused():
        return audit(graph)


def _protobuf(content: bytes) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    proto.ParseFromString(content)
    return proto


def _parsed(content: bytes, name: str) -> ir.Model:
    """The stricter yardstick: the collector rests for onnx-ir as it does for hexviz."""
    try:
        with collector_paused():
            return ir.from_proto(_protobuf(content))
    except (ir.serde.SerdeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReadError(
            f"onnx-ir cannot parse {name} ({type(error).__name__}), so there is nothing to "
            "measure by: leave that file out."
        ) from error


def _own_stages(graph: TaggedGraph) -> Times:
    """The outermost stages of an opening, as hexviz measures them itself."""
    return {
        one.name: Took(one.seconds, one.cpu_seconds)
        for one in graph.measured.stages
        if not one.depth
    }
