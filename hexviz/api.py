"""The functions of the public contract that cross floors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

if TYPE_CHECKING:
    from torch import nn  # noqa: TID251 - for the signature only

__all__ = ["export"]


def export(
    model: nn.Module,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    exporter: Literal["dynamo", "torchscript"] = "dynamo",
    opset: int | None = None,
    dynamic_shapes: Any = None,
    weights: bool = True,
    optimize: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> TaggedGraph:
    """Export a PyTorch model to ONNX and tag every op with its module.

    ``args`` and ``kwargs`` are example inputs of ``model.forward``.
    ``dynamic_shapes`` goes to the exporter as it is. With ``weights=False``
    shapes and types are exported but no weight is stored. ``optimize=False``
    keeps every op the exporter first wrote (dynamo only). ``progress`` is
    called with a stage and how far the export is, in 0..1.

    Raises:
        ExportError: if the exporter fails; its message says what may help.
    """
    from hexviz.exporters.export import export_model

    exported = export_model(
        model,
        args,
        kwargs,
        exporter=exporter,
        opset=opset,
        dynamic_shapes=dynamic_shapes,
        weights=weights,
        optimize=optimize,
        progress=progress,
    )
    file = from_proto(exported.proto, name=exported.name)
    return tag(file, modules=exported.modules, timings=exported.timings)
