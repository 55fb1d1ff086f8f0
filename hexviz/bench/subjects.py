"""The models that ``hexviz bench`` measures: exports, files and synthetic graphs, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hexviz.bench.stopwatch import Took, clocked
from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.exporters.export import export_model
from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import open_source
from hexviz.model.reader import read_file

__all__ = ["SAMPLES", "SIZES", "Subject", "Wanted", "wanted"]

SAMPLES = ("custom-auxiliary", "bert-tiny", "resnet-50", "gpt2")
SIZES = (1_000, 5_000, 20_000, 50_000, 100_000, 200_000)
"""Ops of the synthetic graphs."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One model to measure.

    ``kind`` is ``export``, ``file`` or ``synthetic``; ``says`` is a synthetic
    graph's flavour, ``size`` the ops that were asked of it. ``path`` is where
    a person's file is; the others are bytes alone. ``exported`` and what it
    took to make it are there for exports.
    """

    name: str
    kind: str
    content: bytes
    path: Path | None = None
    says: str | None = None
    size: int | None = None
    exported: Exported | None = None
    building: Took | None = None
    exporting: Took | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model's name, and how to make it: large ones are made when it is their turn."""

    name: str
    make: Callable[[], Subject]


def wanted(sources: Sequence[str], sizes: Sequence[int]) -> Iterator[Wanted]:
    """What is to be measured, in order and once: the sources, then each size in each flavour."""
    for source in dict.fromkeys(sources):
        path = Path(source)
        is_file = path.suffix == ".onnx" or path.is_file()
        yield Wanted(source, partial(_file, source) if is_file else partial(_export, source))
    for flavour in FLAVOURS:
        for size in dict.fromkeys(sizes):
            name = f"synthetic-{size}, {flavour}"
            yield Wanted(name, partial(_synthetic, name, size, flavour))


def _file(source: str) -> Subject:
    path = Path(source)
    return Subject(source, "file", read_file(path), path=path)


def _export(name: str) -> Subject:
    """An export by the dynamo exporter that keeps every op, as the page makes them."""
    source, building = clocked(lambda: open_source(name))
    exported, exporting = clocked(
        lambda: export_model(source.model, source.args, source.kwargs, optimize=False, name=name)
    )
    return Subject(
        name,
        "export",
        exported.proto.SerializeToString(),
        exported=exported,
        building=building,
        exporting=exporting,
    )


def _synthetic(name: str, size: int, flavour: str) -> Subject:
    return Subject(name, "synthetic", synthetic(size, flavour), says=flavour, size=size)
