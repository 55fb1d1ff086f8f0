"""PyTorch's exporter over ``torch.export`` (``torch.onnx.export(dynamo=True)``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import onnx
import onnx_ir as ir
import torch
from torch import nn

from hexviz.errors import ExportError
from hexviz.exporters.interface import Options
from hexviz.exporters.opset import Notes, notes_kept, refuse_other_opset, take_notes
from hexviz.exporters.subject import Exportable
from hexviz.exporters.weightless import declare_external, fake_parameters, forget_data, materialize

__all__ = ["PROTOBUF_LIMIT", "STAGES", "export", "runs_forward", "stage_of"]

STAGES = ("tracing", "decomposing", "translating", "optimizing", "serializing")
"""What the exporter goes through; ``optimizing`` only if asked to."""

PROTOBUF_LIMIT = 2**31 - 1
"""Bytes that one protobuf message can hold."""

# The exporter says on stdout what it begins; nothing else tells its stages.
_OBTAINING = "Obtain model graph"
_ANNOUNCED = {
    _OBTAINING: "tracing",
    "Run decompositions...": "decomposing",
    "Translate the graph into ONNX...": "translating",
    "Optimize the ONNX graph...": "optimizing",
}


def stage_of(line: str) -> str | None:
    """The stage that a line printed by the exporter begins, if any.

    >>> stage_of("[torch.onnx] Run decompositions...")
    'decomposing'
    >>> stage_of("[torch.onnx] Run decompositions... ✅") is None
    True
    """
    if line.endswith(("✅", "❌")):
        return None
    for begin, stage in _ANNOUNCED.items():
        if begin in line:
            return stage
    return None


def runs_forward(line: str) -> bool | None:
    """Whether the exporter runs the model's ``forward`` from a line that it prints on.

    ``None`` if the line tells nothing about that. It tries two ways to get at
    the graph; in the strict one, Dynamo reads the code instead of running it,
    and fails if there are hooks around the model.

    >>> runs_forward("Obtain model graph for `M` with `torch.export.export(..., strict=False)`...")
    True
    >>> runs_forward("Obtain model graph for `M` with `torch.export.export(..., strict=True)`...")
    False
    """
    return line.endswith("strict=False)`...") if _OBTAINING in line else None


def export(
    model: Exportable,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    options: Options,
    *,
    enter: Callable[[str], None],
) -> tuple[onnx.ModelProto, Notes]:
    """The model exactly as ``torch.onnx.export(model, …, dynamo=True)`` would write it.

    The second result is what the exporter noted on nodes and dropped again,
    by op id, if it had to convert the model to another opset.

    Without weights the parameters are replaced by fake tensors while
    the exporter runs, and come out as initializers with name, type and shape
    but no data (see :mod:`hexviz.exporters.weightless`); the optimiser then
    leaves out what it needs their values for.

    Raises:
        ExportError: if the weights do not fit into one protobuf file, or the
            opset asked for cannot be reached.
        Exception: whatever the exporter or the model raises.
    """

    enter("tracing")
    if not kwargs and args and isinstance(args[-1], dict):
        args = (*args, {})  # the exporter takes a dict at the end for keywords

    def run(*, optimize: bool) -> tuple[torch.onnx.ONNXProgram, bool]:
        with notes_kept() as conversion:
            program = torch.onnx.export(
                model,
                args,
                kwargs=dict(kwargs) or None,
                dynamo=True,
                opset_version=options.opset,
                dynamic_shapes=options.dynamic_shapes,
                optimize=optimize,
                input_names=options.input_names,
                output_names=options.output_names,
                custom_translation_table=dict(options.translations or {}) or None,
            )
        found = cast("torch.onnx.ONNXProgram", program)
        if options.opset is not None:
            refuse_other_opset(found.model, options.opset, conversion.reason)
        return found, conversion.dropped

    if options.weights or isinstance(model, torch.jit.ScriptFunction):  # which has none
        program, dropped = run(optimize=options.optimize)
        _refuse_large(program.model)
    else:
        if isinstance(model, nn.Module):
            materialize(model, args, kwargs)
        with fake_parameters(model):
            program, dropped = run(optimize=False)
        forgotten = forget_data(program.model)
        if options.optimize:
            enter("optimizing")
            program.optimize()
        declare_external(program.model, forgotten)
    enter("serializing")
    proto = program.model_proto
    return proto, take_notes(proto) if dropped else {}


def _refuse_large(model: ir.Model) -> None:
    size = sum(
        int(value.const_value.nbytes)
        for value in model.graph.initializers.values()
        if value.const_value is not None
    )
    if size > PROTOBUF_LIMIT:
        raise ExportError(
            f"The weights take {size / 1e9:.1f} GB and one ONNX file holds at most 2 GB: "
            "export without weights (weights=False, --no-weights)."
        )
