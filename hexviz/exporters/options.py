"""What an export is asked to be like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Options", "TranslationTable"]

TranslationTable = Mapping[Callable[..., Any], Callable[..., Any]]
"""An op of PyTorch → the function of ONNX Script that builds what it becomes."""


@dataclass(frozen=True)
class Options:
    """The options of :func:`hexviz.exporters.export.export_model` that an exporter acts on."""

    opset: int | None = None
    dynamic_shapes: Any = None
    weights: bool = True
    optimize: bool = True
    input_names: Sequence[str] | None = None
    output_names: Sequence[str] | None = None
    translations: TranslationTable | None = None
