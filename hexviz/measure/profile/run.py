"""Run a model in ONNX Runtime with its profiling on.

Every node of a copy gets its op's id as name, because names may be missing or doubled and the
runtime's profile knows nodes by them alone. The runtime also writes the graph that it made of the
model: what it fused has other names there, see :mod:`hexviz.measure.profile.placing`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from hexviz.errors import ExtractionError, MeasureError
from hexviz.extraction.feeds import Feed, generate, given
from hexviz.extraction.runtime import (
    LEVELS,
    Settings,
    available_providers,
    open_session,
    run,
    serialized,
    to_value,
)
from hexviz.model.bodies import walk_bodies
from hexviz.model.graph import TaggedGraph
from hexviz.model.near_names import near_names
from hexviz.model.reader import read, read_file
from hexviz.tagging.tag import tag

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = [
    "Progress",
    "Recorded",
    "checked_level",
    "device_name",
    "known_provider",
    "named_copy",
    "optimized_graph",
    "record",
]

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far it is, in 0..1."""

MOST_RUNS = 1000
"""Runs of a model at most; their profile has to fit into memory."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the runtime wrote of some runs: its profile, and the graph it ran, if it differs.

    ``inputs`` tells where the inputs came from, ``given`` or ``made up``, and ``fed`` their shapes.
    ``symbols`` are the sizes of their open dimensions.
    """

    trace: bytes
    ran: TaggedGraph | None
    inputs: str
    fed: str
    symbols: Mapping[str, int]


def known_provider(name: str) -> str:
    """An execution provider by its name, or the first part of it in any letters: ``cuda``, ``CPU``.

    Raises:
        MeasureError: if it is not there; the message names those that are.
    """
    there = available_providers()
    suffix = "ExecutionProvider"
    wanted = name.lower().removesuffix(suffix.lower()) or "cpu"
    for one in there:
        if one.lower() == f"{wanted}{suffix}".lower():
            return one
    short = ", ".join(one.removesuffix(suffix) for one in there)
    raise MeasureError(
        f"ONNX Runtime has no execution provider {name!r} here: there are {short}. Others come "
        "with another package of it."
    )


def device_name() -> str:
    """What the CPU is called, and how many cores may be used."""
    name = ""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:  # no Linux
        name = platform.processor()
    cores = os.cpu_count() or 1
    return f"{name or platform.machine()}, {cores} core{'s' * (cores > 1)}"


def record(
    graph: TaggedGraph,
    folder: Path,
    *,
    inputs: Feed | None = None,
    symbols: Mapping[str, int] | None = None,
    runs: int = 10,
    warm_up: int = 2,
    settings: Settings,
    report: Progress,
) -> Recorded:
    """Run a graph ``warm_up + runs`` times with profiling on; all files go to ``folder``.

    The profile may have runs before these, that failed on other inputs.

    Raises:
        MeasureError: if it cannot be run, or not on any inputs that were made up.
        ExtractionError: if given inputs do not fit.
    """
    if graph.weights_left_out:
        raise MeasureError(
            f"{graph.name} was exported without its weights and cannot be run: export it with "
            "them, or give a profile of the whole model (--trace)."
        )
    if not 1 <= runs <= MOST_RUNS or not 1 <= warm_up <= MOST_RUNS:
        raise MeasureError(f"A profile is of 1 to {MOST_RUNS} runs, after as many to warm up.")
    _refuse_unknown(graph, symbols or {})
    feeds = iter([given(graph.proto, inputs)]) if inputs else generate(graph.proto, symbols=symbols)
    report("Loading", 0.0)
    session, ran = _opened(graph, named_copy(graph), folder, settings)
    names = [one.name for one in session.get_outputs()]
    feed, first_error = _first_that_runs(session, names, feeds)
    if feed is None:
        what = "the inputs" if inputs else "inputs that were made up"
        advice = "" if inputs else ": give some that it runs on (--inputs)"
        raise MeasureError(f"{graph.name} fails on {what} ({_bare(first_error)}){advice}.")
    more = warm_up - 1 + runs  # the one that found the inputs was the first
    for number in range(more):
        report("Running", number / more)
        run(session, names, feed)
    path = Path(session.end_profiling())
    fed = ", ".join(f"{name} {_shape(value)}" for name, value in feed.items()) or "none"
    source = "given" if inputs else "made up"
    return Recorded(read_file(path), ran, source, fed, _sizes(graph, feed))


def _sizes(graph: TaggedGraph, feed: Mapping[str, ort.OrtValue]) -> dict[str, int]:
    """Open dimension → its size in what was fed; one without a name is its input's, by place."""
    found: dict[str, int] = {}
    for value in graph.inputs:
        fed = feed.get(value.name)
        if fed is None or not fed.is_tensor() or value.shape is None:
            continue
        for axis, (dim, size) in enumerate(zip(value.shape, fed.shape(), strict=False)):
            if isinstance(dim, str):
                found.setdefault(f"{value.name}[{axis}]" if dim == "?" else dim, int(size))
    return found


def _shape(value: ort.OrtValue) -> str:
    return str(value.shape()) if value.is_tensor() else "a sequence"


def _first_that_runs(
    session: ort.InferenceSession, names: list[str], feeds: Iterator[Feed]
) -> tuple[dict[str, ort.OrtValue] | None, ExtractionError | None]:
    """The first inputs that the model runs on, which is the first warm-up, and why others fail."""
    first_error = None
    for feed in feeds:
        try:
            values = {name: to_value(one) for name, one in feed.items()}
            run(session, names, values)
        except ExtractionError as error:
            first_error = first_error or error
            continue
        return values, None
    return None, first_error


def _bare(error: ExtractionError | None) -> str:
    return str(error or "there is nothing to try").rstrip(".")


def _refuse_unknown(graph: TaggedGraph, symbols: Mapping[str, int]) -> None:
    """That sizes are given of dimensions that inputs have, and are sizes.

    Raises:
        MeasureError: if not.
    """
    known = {
        str(dim): None
        for value in graph.inputs
        for dim in value.shape or ()
        if isinstance(dim, str)
    }
    for name, size in symbols.items():
        if name not in known:
            there = ", ".join(known) or "none"
            near = near_names(name, known)
            hint = f"near ones: {', '.join(near)}" if near else f"there are: {there}"
            raise MeasureError(f"No input of {graph.name} has an open dimension {name!r}; {hint}.")
        if size < 1:
            raise MeasureError(f"The dimension {name!r} cannot be {size}: give 1 or more.")


def named_copy(graph: TaggedGraph) -> onnx.ModelProto:
    """The model with each node named by its op's id, and without notes on nodes."""
    ids = {(op.body, op.index): op.id for op in graph.ops}
    copy = onnx.ModelProto()
    copy.CopyFrom(graph.proto)
    for path, body in walk_bodies(copy, lambda path, index, _: ids[path, index]):
        for index, node in enumerate(body.node):
            node.name = ids[path, index]
            del node.metadata_props[:]
    return copy


_COMPILED = "compiled nodes"
"""What the runtime says if it cannot write the graph: a provider made parts of it its own."""


def _opened(
    graph: TaggedGraph, proto: onnx.ModelProto, folder: Path, settings: Settings
) -> tuple[ort.InferenceSession, TaggedGraph | None]:
    """A session that profiles, and the graph that it runs, if the runtime can write that.

    Without optimisation, too, functions are inlined, and ops that ONNX defines by simpler ones and
    the runtime has no kernel for.
    """
    content = serialized(proto)
    del proto
    optimized: Path | None = folder / "optimized.onnx"
    profile = folder / "profile"
    try:
        session = _session(graph, content, settings, profile, optimized)
    except ExtractionError as error:
        if _COMPILED not in str(error):
            raise MeasureError(f"{graph.name} cannot be run: {error}") from error
        try:
            session, optimized = _session(graph, content, settings, profile, None), None
        except ExtractionError as again:
            raise MeasureError(f"{graph.name} cannot be run: {again}") from again
    if session.get_providers()[0] != settings.provider:
        raise MeasureError(
            f"{settings.provider} is there, but cannot run {graph.name} on this machine: its "
            "libraries or its device are missing."
        )
    return session, None if optimized is None else tag(read(optimized))


def _session(
    graph: TaggedGraph,
    content: bytes,
    settings: Settings,
    profile: Path | None,
    optimized: Path | None,
) -> ort.InferenceSession:
    return open_session(
        graph.proto,
        graph.base_dir,
        content=content,
        settings=replace(settings, profile=profile, optimized=optimized),
    )


def optimized_graph(graph: TaggedGraph, folder: Path, level: str) -> TaggedGraph:
    """What the runtime makes of a file at one level of optimisation, without running it.

    Raises:
        ExtractionError: if it refuses the file.
        ReadError: if it cannot write it.
    """
    path = folder / f"{level}.onnx"
    _session(graph, serialized(graph.proto), Settings(level=level), None, path)
    return tag(read(path))


def checked_level(level: str) -> str:
    """The name of a level of optimisation.

    Raises:
        MeasureError: if it is none.
    """
    if level not in LEVELS:
        raise MeasureError(f"There is no optimisation {level!r}: give {', '.join(LEVELS)}.")
    return level
