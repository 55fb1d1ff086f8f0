"""Which modules a run's time goes to: run a model here, or read what was measured elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hexviz.errors import MeasureError
from hexviz.extraction.runtime import Settings, runtime_version
from hexviz.matching.openable import Openable, opened
from hexviz.measure.profile.ort_trace import node_runs
from hexviz.measure.profile.placing import by_id, place
from hexviz.measure.profile.result import Profile, profile_of
from hexviz.measure.profile.run import (
    Progress,
    checked_level,
    device_name,
    known_provider,
    record,
)
from hexviz.measure.profile.trace_file import read_events
from hexviz.measure.profile.traces import profile_of_trace, timed_nodes
from hexviz.model.files import LEFTOVER
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import read_file

if TYPE_CHECKING:
    from hexviz.extraction.feeds import Feed

__all__ = ["Profile", "profile"]

_UNSTEADY = 1.5
"""How many times the lower quartile of the runs the upper one may be before that is said."""


def profile(
    graph: Openable,
    *,
    inputs: Feed | None = None,
    trace: bytes | str | Path | None = None,
    optimized: Openable | None = None,
    runs: int = 10,
    warm_up: int = 2,
    optimization: str = "all",
    provider: str = "",
    threads: int = 0,
    symbols: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Where the time of a run goes, module by module.

    The model runs in ONNX Runtime on ``inputs`` (input name → array; made up where left out, open
    dimensions of the sizes in ``symbols``), ``warm_up`` times that do not count and ``runs`` times
    that do. ``optimization`` is how far the runtime may rewrite it before: ``disable``, ``basic``,
    ``extended`` or ``all``, which is what it does for everybody. ``provider`` is an execution
    provider (``"CUDA"``), the CPU where it is left out; ``threads`` work on one op, 0 for as many
    as the runtime takes. ``progress`` is called with a stage and how far it is, in 0..1.

    With ``trace`` nothing is run: it is a profile that ONNX Runtime wrote, or a trace of
    torch.profiler, as a path or its bytes, and ``optimized`` the graph that ran, if it is known.

    Raises:
        MeasureError: if the model cannot be run, or a trace is none or of another model.
        ExtractionError: if ``inputs`` do not fit.
        ReadError: if a file cannot be read.
    """
    graph = opened(graph)
    if trace is not None:
        if inputs is not None or symbols:
            raise MeasureError("A trace was measured on inputs of its own: leave inputs out.")
        content = trace if isinstance(trace, bytes) else read_file(Path(trace))
        return profile_of_trace(content, graph, None if optimized is None else opened(optimized))
    if optimized is not None:
        raise MeasureError("The optimised graph goes with a trace: give the trace of its run.")
    if threads < 0:
        raise MeasureError("Threads are counted from 1; 0 takes as many as the runtime likes.")
    settings = Settings(
        level=checked_level(optimization), provider=known_provider(provider), threads=threads
    )
    return _profile_of_runs(
        graph, settings, inputs, symbols or {}, runs, warm_up, progress or (lambda *_: None)
    )


def _profile_of_runs(
    graph: TaggedGraph,
    settings: Settings,
    inputs: Feed | None,
    symbols: Mapping[str, int],
    runs: int,
    warm_up: int,
    report: Progress,
) -> Profile:
    # The graph that ran has its weights in this folder, and is matched by them.
    with tempfile.TemporaryDirectory(prefix=LEFTOVER) as folder:
        recorded = record(
            graph,
            Path(folder),
            inputs=inputs,
            symbols=symbols,
            runs=runs,
            warm_up=warm_up,
            settings=settings,
            report=report,
        )
        report("Matching", 1.0)
        nodes = node_runs(read_events(recorded.trace)[1], last=runs)
        placed = place([one.key for one in nodes], graph, by_id(graph), recorded.ran)
    notes = [f"Inputs were {recorded.inputs}: {recorded.fed}."]
    whole = np.sum([one.us for one in nodes], axis=0)
    low, high = np.quantile(whole, (0.25, 0.75))
    if high > _UNSTEADY * low:
        notes.append("Runs differ much: something else ran on this machine, so measure again.")
    return profile_of(
        timed_nodes(nodes, placed, graph),
        graph.modules,
        model=graph.name,
        provider=settings.provider,
        device=device_name() if settings.provider == "CPUExecutionProvider" else "",
        runtime=runtime_version(),
        optimization=settings.level,
        source="run",
        symbols=dict(recorded.symbols),
        notes=tuple(notes),
    )
