"""Run the benchmarks over their models, and say what came out as plain data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from hexviz.bench import audit as auditing
from hexviz.bench import carried as carrying
from hexviz.bench import extraction as cutting
from hexviz.bench import rewritten as rewriting
from hexviz.bench.hard_cases import HARD_CASES, hard_case
from hexviz.bench.idioms import IDIOMS
from hexviz.bench.inheritance import CONDITIONS, compare, know, summarize, totals
from hexviz.bench.models import MODELS, build, with_noise
from hexviz.bench.rewriters import installed
from hexviz.bench.sorting import SORTS, resort
from hexviz.bench.tags import KIND, tag_figures
from hexviz.errors import ExportError, ExtractionError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.result import Exported
from hexviz.model.reader import ModelFile, from_proto, read
from hexviz.tagging.tag import tag

__all__ = [
    "bench_audit",
    "bench_extraction",
    "bench_inheritance",
    "bench_rewritten",
    "bench_tags",
]

Report = Callable[[str, float], None]

_LARGE = 1 << 26  # bytes of a model


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way to export a model."""

    name: str
    exporter: str
    optimize: bool


_BARE = tuple(_Kind(exporter, exporter, optimize=False) for exporter in EXPORTERS)
_OPTIMISED = _Kind("dynamo, optimised", "dynamo", optimize=True)
_ALL = (*_BARE, _OPTIMISED)
_AS_SHIPPED = (_OPTIMISED, _Kind("torchscript", "torchscript", optimize=False))


def bench_inheritance(
    sources: Sequence[str] = (), *, report: Report | None = None
) -> dict[str, Any]:
    """Accuracy on ``sources``, or on all models of the benchmark, with both exporters.

    Models outside the benchmark's table count as reported-only: they were not
    there to be tuned on. An exporter that fails on a model is listed under
    ``failed``. ``report`` is called with what is being done and the share of
    the work behind it.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for model, kind, exported in _exports(sources, _BARE, failed, report):
        truth = know(exported.proto, exported.modules, exported.calls)
        about = {"model": model, "exporter": kind.name, "reported": _is_reported(model)}
        results.extend(
            {**about, **record} for condition in CONDITIONS for record in compare(truth, condition)
        )
    return {
        "summary": summarize(results),
        "op_types": {
            exporter: totals(
                (
                    one
                    for one in results
                    if one["exporter"] == exporter
                    and one["reported"]
                    and one["condition"] == CONDITIONS[0].name
                ),
                "op_types",
            )
            for exporter in EXPORTERS
        },
        "confidences": {
            split: totals((one for one in results if one["reported"] is reported), "confidences")
            for split, reported in (("tuned", False), ("reported", True))
        },
        "results": results,
        "failed": failed,
    }


def bench_audit(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """Mistakes found and ops accused on ``sources``, or on all models of the benchmark.

    Each export is audited twice: with the exporter's list of modules (``tree``,
    as hexviz saves it) and as a stranger's file (``file``), the latter once more for
    each of :data:`hexviz.bench.sorting.SORTS`. Without sources, ``idioms`` has
    who is accused in small modules that are right. Otherwise as
    :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for model, kind, exported in _exports(sources, _ALL, failed, report):
        about = {"model": model, "export": kind.name, "reported": _is_reported(model)}
        file = from_proto(exported.proto, name=model)
        with_tree = tag(file, modules=exported.modules, calls=exported.calls)
        for known, graph in (("tree", with_tree), ("file", tag(file))):
            results.extend(
                {**about, "known": known, **record} for record in auditing.measure(graph)
            )
        for sort in SORTS:
            again = tag(from_proto(resort(exported.proto, sort), name=model))
            results.append({**about, "known": "file", **auditing.accusations(again, sort)})
    summary = auditing.summarize(results)
    idioms = [] if sources else list(audit_idioms())
    return {"summary": summary, "results": results, "idioms": idioms, "failed": failed}


def audit_idioms(names: Sequence[str] = tuple(IDIOMS)) -> Iterator[dict[str, Any]]:
    """Who is accused in exports of small modules that are right: a record for each export."""
    for name in names:
        for kind in _ALL:
            source = IDIOMS[name]()
            exported = export_model(
                source.model,
                source.args,
                source.kwargs,
                exporter=kind.exporter,
                optimize=kind.optimize,
                name=name,
            )
            file = from_proto(exported.proto, name=name)
            with_tree = tag(file, modules=exported.modules, calls=exported.calls)
            for known, graph in (("tree", with_tree), ("file", tag(file))):
                record = auditing.accusations(graph)
                yield {"model": name, "export": kind.name, "known": known, **record}


def bench_rewritten(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """Accuracy on what rewriting tools make of ``sources``, or of all models of the benchmark.

    Each with fresh and with trained-like weights, as a stranger's file and as
    one that hexviz tagged. Otherwise as :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    tools = tuple(installed())
    for noisy, weights in ((False, "fresh"), (True, "trained")):
        exports = _exports(sources, _AS_SHIPPED, failed, report, noisy=noisy)
        for model, kind, exported in exports:
            truth = know(exported.proto, exported.modules, exported.calls)
            about = {"model": model, "export": kind.name, "weights": weights}
            split = {"reported": _is_reported(model)}
            results.extend(
                {**about, **split, **record} for record in rewriting.measure(truth, tools)
            )
            tagged = tag(
                from_proto(exported.proto, name=model),
                modules=exported.modules,
                calls=exported.calls,
                notes=exported.notes,
            )
            about["export"] += ", tagged"
            results.extend(
                {**about, **split, **record} for record in carrying.measure(tagged, tools)
            )
    return {"summary": rewriting.summarize(results), "results": results, "failed": failed}


def bench_extraction(
    sources: Sequence[str] = (), *, report: Report | None = None
) -> dict[str, Any]:
    """Every module of ``sources``, or of all models of the benchmark, cut out in every way.

    Without sources, also those of small models written to be hard to cut.

    A model that cannot be run as a whole is listed under ``failed``, like an
    export that fails. Otherwise as :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    results: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    if not sources:
        for case in HARD_CASES:
            graph = tag(from_proto(hard_case(case), name=case))
            results.append({"model": case, "export": "hard cases", **cutting.measure(graph)})
    for model, kind, exported in _exports(sources, _ALL, failed, report):
        with tempfile.TemporaryDirectory() as folder:
            file = _on_disk(exported.proto, model, folder)
            graph = tag(file, modules=exported.modules, calls=exported.calls)
            try:
                measured = cutting.measure(graph)
            except ExtractionError as error:
                failed.append({"model": model, "exporter": kind.name, "error": str(error)})
                continue
        results.append({"model": model, "export": kind.name, **measured})
    return {"summary": cutting.summarize(results), "results": results, "failed": failed}


def bench_tags(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """What the tags of ``sources``, or of all models of the benchmark, rest on.

    Otherwise as :func:`bench_inheritance`.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    failed: list[dict[str, str]] = []
    results = [
        {"reported": _is_reported(model), **tag_figures(model, kind.name, exported)}
        for model, kind, exported in _exports(sources, _ALL, failed, report)
    ]
    return {"kind": KIND, "results": results, "failed": failed}


def _on_disk(proto: onnx.ModelProto, name: str, folder: str) -> ModelFile:
    """The model; a large one with its weights in another file, or each part would copy them."""
    if proto.ByteSize() < _LARGE:
        return from_proto(proto, name=name)
    path = Path(folder, "model.onnx")
    onnx.save_model(proto, path, save_as_external_data=True, location="model.data")
    return read(path)


def _is_reported(model: str) -> bool:
    return model not in MODELS or MODELS[model].reported


def _exports(
    sources: Sequence[str],
    kinds: Sequence[_Kind],
    failed: list[dict[str, str]],
    report: Report | None,
    *,
    noisy: bool = False,
) -> Iterator[tuple[str, _Kind, Exported]]:
    """Every model exported in every way; what fails is added to ``failed``.

    ``noisy``: no two of its weights are equal, as if it had been trained.
    """
    chosen = list(sources) or list(MODELS)
    for number, name in enumerate(chosen):
        source = with_noise(build(name)) if noisy else build(name)
        for turn, kind in enumerate(kinds):
            if report is not None:
                report(f"{name}, {kind.name}", (number + turn / len(kinds)) / len(chosen))
            try:
                exported = export_model(
                    source.model,
                    source.args,
                    source.kwargs,
                    exporter=kind.exporter,
                    optimize=kind.optimize,
                    name=name,
                )
            except ExportError as error:
                failed.append({"model": name, "exporter": kind.name, "error": str(error)})
                continue
            yield name, kind, exported
