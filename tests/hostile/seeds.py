"""The real files that hostile ones are made from."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import onnx

from hexviz.exporters.export import export_model
from hexviz.exporters.model_source import open_source
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["exports", "shipped"]

_SAMPLES = ("small-transformer", "custom-auxiliary")
_LARGEST = 60_000  # bytes of a shipped file: larger ones are large by their weights


@functools.cache
def shipped() -> tuple[bytes, ...]:
    """ONNX's own files that have nodes, in a fixed order."""
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data"
    found = (path.read_bytes() for path in sorted(folder.rglob("*.onnx")))
    small = (content for content in found if len(content) <= _LARGEST)
    return tuple(content for content in small if onnx.ModelProto.FromString(content).graph.node)


@functools.cache
def exports() -> tuple[bytes, ...]:
    """Sample models by both exporters, as exported and tagged, without their weights' data."""
    return tuple(_exported())


def _exported() -> Iterator[bytes]:
    for name in _SAMPLES:
        for exporter in ("dynamo", "torchscript"):
            source = open_source(name)
            made = export_model(
                source.model, source.args, source.kwargs, exporter=exporter, name=name
            )
            bare = onnx.ModelProto()
            bare.CopyFrom(made.proto)
            for tensor in bare.graph.initializer:
                if len(tensor.raw_data) > 256:
                    tensor.raw_data = b""
            yield bare.SerializeToString()
            yield tag(from_proto(bare, name=name), modules=made.modules).to_bytes()
