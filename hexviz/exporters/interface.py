"""What an exporter is given, and what it hands on: the bare model, and what torch knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import onnx

from hexviz.model.modules import ModuleInfo
from hexviz.stages import Measured

__all__ = ["Exported", "Options", "TranslationTable"]


@dataclass(frozen=True)
class Exported:
    """One export of one model, before any op is tagged.

    ``proto`` is what the exporter itself would have written to a file, byte
    for byte under deterministic serialisation. ``modules`` maps each module's
    FQN to its class and parameter count (see
    :func:`hexviz.exporters.module_infos.describe_modules`). ``name`` is the name of
    the model as people see it. ``measured`` holds the stage ``export``, with the
    exporter's own in it, and the seconds of each module that was run. ``calls``
    maps node names to the FQN of the module that was running, where the
    exporter knows and the nodes themselves do not say (TorchScript). ``notes``
    maps op ids to the metadata of nodes that the exporter itself dropped again,
    when it converted the model to another opset (dynamo).
    """

    proto: onnx.ModelProto
    modules: Mapping[str, ModuleInfo]
    name: str
    measured: Measured = field(default_factory=Measured)
    calls: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


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
