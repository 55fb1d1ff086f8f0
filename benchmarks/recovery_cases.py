"""The files of the study of recovered blocks: exports without a name, and the truth beside each.

::

    FOLDER/tuned/bert-tiny/dynamo.onnx          as exported, nothing optimised
                          /dynamo.json          the module of each op (benchmarks.recovery_truth)
                          /dynamo+basic.onnx    after ONNX Runtime's optimiser at this level

A file of which too few ops are known for sure is left out; ``left-out.json`` says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx

from benchmarks.exports import is_reported, tagged
from benchmarks.matching_models import MATCHING_MODELS, build_small
from benchmarks.models import with_noise
from benchmarks.nameless import nameless
from benchmarks.recovery_truth import Truth, know, of_rewritten, record
from benchmarks.rewriters import REWRITERS
from hexviz.bench.exports import Export
from hexviz.exporters.model_source import Source
from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["LEFT_OUT", "WAYS", "make", "make_all"]

LEFT_OUT = "left-out.json"
"""What says why files of a model are missing; the last that is written of it."""

WAYS: Mapping[str, tuple[Export, str]] = MappingProxyType(
    {
        "dynamo": (Export("dynamo", "dynamo"), "basic"),
        "dynamo-opt": (Export("dynamo-opt", "dynamo", optimize=True), "extended"),
        "torchscript": (Export("torchscript", "torchscript"), "all"),
    }
)
"""Name of a variant → the export, and the level of ONNX Runtime's optimiser that follows it."""

SURE, SURE_REWRITTEN = 0.9, 0.97
"""Shares of ops whose module is known, below which a file is left out."""


def make_all(folder: Path, models: list[str]) -> Iterator[str]:
    """All files of these models of the benchmark, or all its models, that are not there yet.

    Yields the name of each model before it is exported.

    Raises:
        SourceError: if a name means no model.
    """
    for name in models or MATCHING_MODELS:
        own = folder / ("reported" if is_reported(name) else "tuned") / name
        if not (own / LEFT_OUT).is_file():
            yield name
            make(own, name, build_small(name))


def make(folder: Path, model: str, source: Source) -> None:
    """The files of one model; its weights get noise, as if they had been trained."""
    left_out: dict[str, str] = {}
    source = with_noise(source)
    folder.mkdir(parents=True, exist_ok=True)
    for way, (export, level) in WAYS.items():
        rewritten = f"{way}+{level}"
        # Exporters and optimisers fail in their own ways; which ones do is part of the result.
        try:
            exported = export.make(source, model)
            graph = tagged(exported, model)
            told = _write(folder, model, way, exported.proto, know(graph), SURE)
            left_out |= told
            proto, truth = _rewritten(graph, level)
            left_out |= _write(folder, model, rewritten, proto, truth, SURE_REWRITTEN)
        except Exception as error:  # noqa: BLE001
            left_out[rewritten] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    write_atomically(folder / LEFT_OUT, [json.dumps(left_out, indent=1).encode()])


def _rewritten(graph: TaggedGraph, level: str) -> tuple[onnx.ModelProto, Truth]:
    proto = REWRITERS[f"ORT {level}"](onnx.load_from_string(graph.to_bytes()))
    return proto, of_rewritten(graph, tag(from_proto(proto, name=level)))


def _write(
    folder: Path, model: str, variant: str, proto: onnx.ModelProto, truth: Truth, least: float
) -> dict[str, str]:
    """Write a file and its truth; why it is left out, if it is."""
    if truth.sure < least:
        return {variant: f"only {truth.sure:.3f} of the ops are known for sure"}
    document: dict[str, Any] = {"model": model, "variant": variant, **record(truth)}
    write_atomically(folder / f"{variant}.onnx", [nameless(proto).SerializeToString()])
    write_atomically(folder / f"{variant}.json", [json.dumps(document).encode()])
    return {}
