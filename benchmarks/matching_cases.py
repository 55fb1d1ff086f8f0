"""The files of the benchmark of matching: a tagged export, what a tool made of it, and the truth.

Exports, rewriting and finding the truth take minutes, matching takes
seconds: everything but the matching is kept in a folder::

    WORK/dynamo/bert-tiny/before.onnx           the export, with its tags
                         /ORT-all.onnx          what the tool wrote
                         /ORT-all.truth.json    position of an op → its module
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx

from benchmarks.exports import tagged
from benchmarks.matching_models import build_small
from benchmarks.matching_tools import MATCHING_TOOLS, NOISY
from benchmarks.models import with_noise
from benchmarks.numeric_truth import NumericTruth, TruthFinder
from benchmarks.rewriters import Rewriter
from hexviz.bench.exports import AS_SHIPPED, BARE, Export
from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.tag import load

__all__ = ["EXPORTS", "Case", "cases"]


_DYNAMO, _TORCHSCRIPT = AS_SHIPPED
EXPORTS: Mapping[str, tuple[Export, bool]] = MappingProxyType(
    {
        "dynamo": (_DYNAMO, True),
        "torchscript": (_TORCHSCRIPT, True),
        "dynamo bare": (BARE[0], True),
        "dynamo fresh": (_DYNAMO, False),
        "torchscript fresh": (_TORCHSCRIPT, False),
    }
)
"""Name → export, and whether weights get noise, as if they were trained, so that no two are equal.

The first two are measured; fresh weights are those of the model's classes."""

_VERSION = 3
"""Of how the truth is found; kept ones of another are found again."""


@dataclass(frozen=True, slots=True)
class Case:
    """One rewritten file; ``error`` says why there is none."""

    model: str
    exporter: str
    tool: str
    folder: Path
    truth: NumericTruth | None
    error: str | None

    @property
    def before(self) -> TaggedGraph:
        """The tagged export."""
        return load(self.folder / "before.onnx")

    @property
    def after(self) -> onnx.ModelProto:
        """What the tool wrote."""
        return onnx.load(_file(self.folder, self.tool, "onnx"))


def _file(folder: Path, tool: str, kind: str) -> Path:
    return folder / f"{tool.replace(' ', '-')}.{kind}"


def cases(
    models: Sequence[str],
    exporters: Sequence[str],
    work: Path,
    *,
    tools: Mapping[str, Rewriter] = MATCHING_TOOLS,
) -> Iterator[Case]:
    """Every model through every export (:data:`EXPORTS`) and tool, from the folder if it is there.

    Raises:
        SourceError: if a model's name names nothing that can be built.
    """
    for exporter in exporters:
        for model in models:
            folder = work / exporter.replace(" ", "-") / model
            yield from _cases_of(model, exporter, tools, folder)


def _cases_of(
    model: str, exporter: str, tools: Mapping[str, Rewriter], folder: Path
) -> Iterator[Case]:
    finder: TruthFinder | None = None
    for tool, rewrite in tools.items():
        case = partial(Case, model, exporter, tool, folder)
        kept = _kept(folder, tool)
        if kept is None:
            try:
                if not (folder / "before.onnx").is_file():
                    _export(model, exporter, folder)
                finder = finder or TruthFinder(load(folder / "before.onnx"))
                kept = _made(finder, tool, rewrite, folder)
            # Tools and exporters fail in their own ways; which ones do is part of the result.
            except Exception as error:  # noqa: BLE001
                kept = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]}
            content = json.dumps({"version": _VERSION, **kept}).encode()
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(_file(folder, tool, "truth.json"), [content])
        if "error" in kept:
            yield case(None, kept["error"])
        else:
            strict, resolved = (
                {int(at): module for at, module in kept[kind].items()}
                for kind in ("strict", "resolved")
            )
            yield case(NumericTruth(strict, resolved, kept["left_out"]), None)


def _kept(folder: Path, tool: str) -> dict[str, Any] | None:
    path = _file(folder, tool, "truth.json")
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found if found["version"] == _VERSION else None


def _export(model: str, exporter: str, folder: Path) -> None:
    way, trained = EXPORTS[exporter]
    source = build_small(model)
    exported = way.make(with_noise(source) if trained else source, model)
    graph = tagged(exported, model)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "bare.onnx", [exported.proto.SerializeToString()])
    graph.save(folder / "before.onnx")


def _made(finder: TruthFinder, tool: str, rewrite: Rewriter, folder: Path) -> dict[str, Any]:
    path = _file(folder, tool, "onnx")
    if not path.is_file():
        proto = rewrite(onnx.load(folder / "bare.onnx"))
        write_atomically(path, [proto.SerializeToString()])
    after = load(path)
    truth = finder.find(after, noisy=tool in NOISY)
    return {"strict": truth.strict, "resolved": truth.resolved, "left_out": truth.left_out}
