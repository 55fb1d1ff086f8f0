"""From a SOURCE to a tagged graph: what the command and the page's jobs both do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from hexviz.errors import SourceError
from hexviz.exporters.model_source import Source, is_pt2, open_source, require_for
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.stages import Measured, recorded, stage
from hexviz.tagging.tag import tag

__all__ = ["produce"]


def produce(
    source: str,
    *,
    exporter: Literal["dynamo", "torchscript"] = "dynamo",
    opset: int | None = None,
    dynamic: bool = False,
    weights: bool = True,
    optimize: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> TaggedGraph:
    """Build the model a SOURCE names, export it, and tag it.

    ``dynamic`` leaves every size of every input open, as far as the model
    allows; the rest is as in :func:`hexviz.export`.

    Raises:
        SourceError: if the source names nothing that can be built, or is a ``.pt2`` file, which has
            the sizes that it was made with, and they should be open.
        ExportError: if the exporter fails on it.
        ExtraError: if a package is not installed that this needs.
    """
    require_for(source, "onnxscript")
    from hexviz.exporters.export import export_model

    if dynamic and is_pt2(source):
        raise SourceError(
            f"The sizes in {source} are as torch.export.export was told (dynamic_shapes): "
            "leave --dynamic out."
        )
    if progress is not None:
        progress("building", 0.0)
    with recorded() as record, stage("build model"):
        built = open_source(source, weights=weights)
    exported = export_model(
        built.model,
        built.args,
        built.kwargs,
        exporter=exporter,
        opset=opset,
        dynamic_shapes=_open_shapes(built) if dynamic else None,
        weights=weights,
        optimize=optimize,
        name=built.name,
        progress=progress,
    )
    file = from_proto(exported.proto, name=exported.name)
    built_in = Measured(record.stages, exported.measured.modules)
    before = built_in.followed_by(exported.measured.stages)
    return tag(
        file,
        modules=exported.modules,
        calls=exported.calls,
        notes=exported.notes,
        before=before,
    )


def _open_shapes(built: Source) -> Any:
    """Every dimension of every tensor input marked as open, in the form the exporter takes."""
    from hexviz.exporters.inputs import open_shapes

    return open_shapes(built.model, built.args, built.kwargs)
