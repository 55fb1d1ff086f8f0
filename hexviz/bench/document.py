"""The document of ``hexviz bench``: every model's figures, how they grow, and on what machine."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hexviz.bench.growth import LEAST, exponent
from hexviz.bench.memory import measure_memory
from hexviz.bench.quality import beside_earlier, quality
from hexviz.bench.speed import PARSING, RATIOS, ratio, runs
from hexviz.bench.stopwatch import spread, spread_of_times
from hexviz.bench.subjects import SAMPLES, SIZES, Subject, wanted
from hexviz.bench.tags import tag_figures
from hexviz.errors import ExportError, ReadError
from hexviz.model import fqn as names

__all__ = ["KIND", "bench_speed"]

Report = Callable[[str, float], None]

KIND = "hexviz bench"
"""What such a document calls itself."""

_PACKAGES = ("onnx", "onnx-ir", "protobuf", "numpy", "networkx", "torch")
_GROWING = ("tagging", "open tagged", PARSING)


def bench_speed(
    sources: Sequence[str] = (),
    *,
    sizes: Sequence[int] = (),
    repeats: int = 5,
    report: Report | None = None,
) -> dict[str, Any]:
    """Measure ``sources`` and synthetic graphs of these ``sizes``.

    Without either, the samples in :data:`SAMPLES` and all of :data:`SIZES`;
    with sources alone, only these. An export that fails is listed under
    ``failed``. ``report`` is called with what is being done and the share of
    the work behind it.

    Raises:
        SourceError: if a source names nothing that can be built.
        ReadError: if one is a file that cannot be read.
    """
    chosen = list(wanted(sources or SAMPLES, sizes or (() if sources else SIZES)))
    models: list[dict[str, Any]] = []
    architectures: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for number, one in enumerate(chosen):

        def progress(what: str, done: float, name: str = one.name, number: int = number) -> None:
            if report is not None:
                report(f"{name}: {what}", (number + done) / len(chosen))

        progress("making it", 0.0)
        try:
            subject = one.make()
        except ExportError as error:
            failed.append({"model": one.name, "exporter": "dynamo", "error": str(error)})
            continue
        models.append(_measured(subject, repeats, progress))
        if subject.exported is not None:
            architectures.append(tag_figures(subject.name, "dynamo", subject.exported))
    return {
        "kind": KIND,
        "version": version("hexviz"),
        "machine": _about_machine(),
        "repeats": repeats,
        "models": models,
        "growth": _growth(models),
        "memory_growth": _memory_growth(models),
        "architectures": architectures,
        "failed": failed,
    }


def _measured(subject: Subject, repeats: int, report: Report) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hexviz-bench-") as folder:
        path = subject.path
        if path is None:
            path = Path(folder, "model.onnx")
            path.write_bytes(subject.content)
        graph, done = runs(subject.content, path, Path(folder, "tagged.onnx"), repeats, report)
        if not graph.ops:
            raise ReadError(f"{subject.name} has no ops, so there is nothing to measure.")
        report("memory", repeats / (repeats + 1))
        memory = measure_memory(subject.content, path, len(graph.ops))
    stages = {
        name: spread_of_times([run[name] for run in done]) for name in done[0] if name != PARSING
    }
    once = {"build model": subject.building, "export": subject.exporting}
    good: dict[str, Any] = {**quality(graph), "exact": None, "on_branch": None}
    earlier = None
    if subject.exported is not None:
        answers, earlier = beside_earlier(subject.exported, repeats)
        good |= answers
    return {
        "name": subject.name,
        "kind": subject.kind,
        "says": subject.says,
        "size": subject.size,
        "ops": len(graph.ops),
        "auxiliary": sum(op.auxiliary is not None for op in graph.ops),
        "modules": len(graph.modules),
        "depth": max(len(names.ancestors(module.fqn)) - 1 for module in graph.modules),
        "bytes": len(subject.content),
        "stages": {
            **{name: spread_of_times([took]) for name, took in once.items() if took is not None},
            **stages,
        },
        "parsing": spread_of_times([run[PARSING] for run in done]),
        "ratios": {name: spread([ratio(run, name) for run in done]) for name in RATIOS},
        "memory": memory,
        "quality": good,
        "earlier": earlier,
    }


def _about_machine() -> dict[str, Any]:
    """What it ran on: figures of two machines, or of two sets of packages, are two things.

    Processor, cores, memory in GB (10^9 bytes), system, Python, and versions of packages.

    ``memory_gb`` is ``None`` where the system does not tell.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    """Its name; Linux keeps that in a file of its own."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):  # Windows has no such names
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _growth(models: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Per flavour, how seconds grow with the ops; nothing where there are too few sizes."""
    return {
        says: {
            figure: {**exponent(sizes, seconds), "sizes": sizes, "seconds": seconds}
            for figure in _GROWING
            for seconds in [[_seconds(one, figure) for one in group]]
        }
        for says, group, sizes in _flavours(models)
    }


def _memory_growth(models: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """As :func:`_growth` for the bytes that onnx-ir's and hexviz's objects take."""
    return {
        says: {
            figure: {**exponent(sizes, taken), "sizes": sizes, "bytes": taken}
            for figure in ("parsed", "kept")
            for taken in [[one["memory"][f"{figure}_bytes_per_op"] * one["ops"] for one in group]]
        }
        for says, group, sizes in _flavours(models)
    }


def _flavours(
    models: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, list[Mapping[str, Any]], list[int]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in models:
        if one["says"] is not None:
            groups.setdefault(one["says"], []).append(one)
    for says, group in groups.items():
        sizes = [one["ops"] for one in group]
        if len(set(sizes)) >= LEAST:
            yield says, group, sizes


def _seconds(model: Mapping[str, Any], figure: str) -> float:
    span = model["parsing"] if figure == PARSING else model["stages"][figure]
    return float(span["median"])
