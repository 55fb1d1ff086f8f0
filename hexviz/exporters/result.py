"""What an exporter hands on: the bare ONNX model, and what torch knows of the modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import onnx

from hexviz.model.modules import ModuleInfo
from hexviz.stages import Measured

__all__ = ["Exported"]


@dataclass(frozen=True)
class Exported:
    """One export of one model, before any op is tagged.

    ``proto`` is what the exporter itself would have written to a file, byte
    for byte under deterministic serialisation. ``modules`` maps each module's
    FQN to its class and parameter count (see
    :func:`hexviz.exporters.modules.describe_modules`). ``name`` is the name of
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
