"""Cut every module out of a model under every policy, and count what runs and gives the same.

Beside it, the same cuts by ONNX's own extractor and by onnx-ir's. They are told
the names that hexviz found at the border, and given the model with inferred
types and shapes, as ``onnx.utils.extract_model`` does it.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import onnx
import onnx.utils
import onnx_ir as ir

from benchmarks.exports import exports
from benchmarks.hard_cases import HARD_CASES, hard_case
from hexviz.bench.exports import ALL, Report
from hexviz.errors import ExtractionError
from hexviz.extraction.capture import Captured, capture
from hexviz.extraction.check import check
from hexviz.extraction.part import Part
from hexviz.extraction.report import value_bytes
from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.split import split
from hexviz.extraction.subgraph import POLICIES, Policy, Subgraph, subgraph
from hexviz.extraction.verify import compare
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import ModelFile, from_proto, read
from hexviz.tagging.tag import tag

__all__ = ["OUTCOMES", "RIVALS", "bench_extraction", "measure", "summarize"]

_LARGE = 1 << 26  # bytes of a model

OUTCOMES = ("equal", "different", "invalid", "refused")
"""What became of a cut, best first.

``equal``: it passes the checker with full shape inference, loads, runs, and
gives what the whole gives. ``different``: it runs and gives something else.
``invalid``: the checker or the runtime rejects it. ``refused``: no cut was made.
"""

RIVALS = ("onnx.utils", "onnx_ir")

MOST_AT_ONCE = 1 << 30
"""Bytes of values that are kept from one run of a whole model."""

_Cut = tuple[Policy, str, Subgraph]
_Extract = Callable[[list[str], list[str]], onnx.ModelProto]


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
            results.append({"model": case, "export": "hard cases", **measure(graph)})
    for model, way, exported in exports(sources, ALL, failed, report):
        with tempfile.TemporaryDirectory() as folder:
            file = _on_disk(exported.proto, model, folder)
            graph = tag(file, modules=exported.modules, calls=exported.calls)
            try:
                measured = measure(graph)
            except ExtractionError as error:
                failed.append({"model": model, "exporter": way.name, "error": str(error)})
                continue
        results.append({"model": model, "export": way.name, **measured})
    return {"summary": summarize(results), "results": results, "failed": failed}


def measure(
    graph: TaggedGraph, *, rivals: bool = True, most_at_once: int = MOST_AT_ONCE
) -> dict[str, Any]:
    """Every module of a graph under every policy, and the model split by its top modules.

    ``most_at_once`` are bytes of values that are kept from one run of the whole model.

    Cuts that keep the same ops with the same border are made once and counted
    as often as they occur. Seconds are those of the cut alone, without reading
    the file and without checks.

    Raises:
        ExtractionError: if the whole model cannot be run.
    """
    theirs = _rivals(graph.proto) if rivals else {}
    known: dict[object, dict[str, Any]] = {}
    results = []
    for cuts in _batches(graph, _cuts(graph), most_at_once):
        border = {name for _, _, one in cuts for name in _border(one)}
        captured = capture(graph.proto, graph.base_dir, border)
        for policy, fqn, kept in cuts:
            key = (tuple(kept.why), kept.inputs, kept.outputs)
            if key not in known:
                known[key] = _measured(graph, policy, fqn, kept, captured, theirs)
            results.append({"module": fqn, "policy": policy, **known[key]})
    return {"cuts": results, "split": _split(graph)}


def _border(kept: Subgraph) -> tuple[str, ...]:
    return (*kept.inputs, *kept.outputs)


def _batches(graph: TaggedGraph, cuts: Iterable[_Cut], most: int) -> Iterator[list[_Cut]]:
    """Cuts whose borders fit into memory together: attention over a picture is gigabytes."""
    batch: list[_Cut] = []
    sizes: dict[str, int] = {}
    for cut in cuts:
        more = {name: value_bytes(graph.value(name)) or 0 for name in _border(cut[2])}
        if batch and sum((sizes | more).values()) > most:
            yield batch
            batch, sizes = [], {}
        batch.append(cut)
        sizes |= more
    yield batch


def _cuts(graph: TaggedGraph) -> list[_Cut]:
    cuts = []
    for module in graph.modules:
        chosen = ModuleSelection(frozenset({module.fqn}))
        if chosen.positions(graph):
            cuts += [(policy, module.fqn, subgraph(graph, chosen, policy)) for policy in POLICIES]
    return cuts


def _measured(
    graph: TaggedGraph,
    policy: Policy,
    fqn: str,
    kept: Subgraph,
    captured: Captured,
    theirs: Mapping[str, _Extract],
) -> dict[str, Any]:
    def ours() -> onnx.ModelProto:
        chosen = ModuleSelection(frozenset({fqn}))
        return Part(graph, chosen, policy, subgraph(graph, chosen, policy)).model

    makers: dict[str, Callable[[], onnx.ModelProto]] = {"hexviz": ours}
    for name, extract in theirs.items():
        makers[name] = partial(extract, list(kept.inputs), list(kept.outputs))
    outcomes, seconds, notes = {}, {}, {}
    judged: dict[str, tuple[str, str]] = {}
    for name, make in makers.items():
        try:
            part, seconds[name] = _timed(make)
        # Whatever another library raises is its refusal; hexviz has one kind of its own.
        except Exception as error:  # noqa: BLE001
            outcomes[name], notes[name] = "refused", _line(error)
            continue
        told = _told_apart_by(part)
        if told not in judged:
            judged[told] = _outcome(graph, part, captured)
        outcomes[name], notes[name] = judged[told]
    return {
        "ops": len(kept.why),
        "inputs": len(kept.inputs),
        "outputs": len(kept.outputs),
        "holes": len(kept.holes),
        "outcomes": outcomes,
        "seconds": seconds,
        "notes": {name: note for name, note in notes.items() if note},
    }


def _timed(make: Callable[[], onnx.ModelProto]) -> tuple[onnx.ModelProto, float]:
    """A part, and the seconds that it took to make it, the lesser of two times."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        part = make()
        seconds.append(time.perf_counter() - started)
    return part, min(seconds)


def _inferred(proto: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return onnx.shape_inference.infer_shapes(proto)
    except (onnx.shape_inference.InferenceError, ValueError):  # over 2 GB, or wrong in places
        return proto


def _rivals(proto: onnx.ModelProto) -> dict[str, _Extract]:
    """The other extractors; ``onnx.utils.extract_model`` makes its tables anew for each part."""
    inferred = _inferred(proto)
    whole = ir.from_proto(inferred)
    functions = tuple(whole.functions.values())

    def onnx_ir(inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
        part = ir.convenience.extract(whole.graph, inputs, outputs)
        return ir.to_proto(ir.Model(part, ir_version=whole.ir_version, functions=functions))

    def onnx_utils(inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
        return onnx.utils.Extractor(inferred).extract_model(inputs, outputs)

    return dict(zip(RIVALS, (onnx_utils, onnx_ir), strict=True))


def _told_apart_by(part: onnx.ModelProto) -> str:
    """A digest of all that decides how a part runs: parts that agree in it are judged once."""
    bare = onnx.ModelProto(ir_version=part.ir_version, functions=part.functions)
    bare.opset_import.extend(sorted(part.opset_import, key=lambda one: one.domain))
    for field in ("node", "input", "output", "initializer", "sparse_initializer"):
        getattr(bare.graph, field).extend(getattr(part.graph, field))
    for one in (*bare.graph.node, *bare.graph.input, *bare.graph.output):
        one.ClearField("metadata_props")
        one.ClearField("doc_string")
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()


def _outcome(graph: TaggedGraph, part: onnx.ModelProto, captured: Captured) -> tuple[str, str]:
    checks = check(part, graph.base_dir, graph.proto)
    if not checks.ok:
        return "invalid", checks.checker or checks.runtime or ""
    verified = compare(part, graph.base_dir, captured, rtol=1e-4, atol=1e-5)
    return ("equal", "") if verified.ok else ("different", verified.message)


def _split(graph: TaggedGraph) -> dict[str, Any] | None:
    """The stitch test; ``None`` if the model has no modules below its root."""
    if not graph.modules[""].children:
        return None
    divided = split(graph)
    verified = divided.verify()
    return {"parts": len(divided.parts), "equal": verified.ok, "note": verified.message}


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def summarize(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts by way of export and policy; ``slower`` are medians of our seconds to theirs."""
    rows = []
    for export in dict.fromkeys(one["export"] for one in results):
        for policy in POLICIES:
            cuts = [
                cut
                for one in results
                if one["export"] == export
                for cut in one["cuts"]
                if cut["policy"] == policy
            ]
            rows.append(
                {
                    "export": export,
                    "policy": policy,
                    "models": sum(one["export"] == export for one in results),
                    "cuts": len(cuts),
                    "holes": sum(cut["holes"] > 0 for cut in cuts),
                    "outcomes": {name: _counts(cuts, name) for name in ("hexviz", *RIVALS)},
                    "slower": {name: _ratio(cuts, name) for name in RIVALS},
                }
            )
    return rows


def _counts(cuts: Iterable[dict[str, Any]], name: str) -> dict[str, int]:
    counts = Counter(cut["outcomes"][name] for cut in cuts if name in cut["outcomes"])
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def _ratio(cuts: Iterable[dict[str, Any]], name: str) -> float | None:
    ratios = [
        cut["seconds"]["hexviz"] / cut["seconds"][name]
        for cut in cuts
        if {"hexviz", name} <= cut["seconds"].keys()
    ]
    return median(ratios) if ratios else None


def _on_disk(proto: onnx.ModelProto, name: str, folder: str) -> ModelFile:
    """The model; a large one with its weights in another file, or each part would copy them."""
    if proto.ByteSize() < _LARGE:
        return from_proto(proto, name=name)
    path = Path(folder, "model.onnx")
    onnx.save_model(proto, path, save_as_external_data=True, location="model.data")
    return read(path)
