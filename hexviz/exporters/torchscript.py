"""PyTorch's older exporter over TorchScript tracing (``torch.onnx.export(dynamo=False)``)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import onnx
import torch
from torch import nn

from hexviz.errors import ExportError
from hexviz.exporters.calls import module_calls
from hexviz.exporters.rebind import flat_outputs, flatten_inputs, positional_forward, unique

__all__ = ["STAGES", "dynamic_axes", "export"]

STAGES = ("running", "tracing", "reading")
"""A plain run to learn the outputs; the exporter, which tells no stages; reading its bytes."""


def export(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    opset: int | None,
    dynamic_shapes: Any,
    enter: Callable[[str], None],
) -> tuple[onnx.ModelProto, Mapping[str, str]]:
    """The model as ``torch.onnx.export(model, …, dynamo=False)`` writes it.

    If the inputs are positional tensors and the output is a tensor or a tuple
    of tensors, this *is* the bare exporter. Otherwise keywords are rebound and
    outputs flattened around the model's own ``forward``; inputs are named by
    their arguments and outputs by their keys. With it comes, by node name, the
    FQN of the module that the node ran in.

    Raises:
        ExportError: if there is no tensor among the inputs or the outputs.
        Exception: whatever the exporter or the model raises.
    """
    inputs = flatten_inputs(model, args, kwargs)
    if not inputs.tensors:
        raise ExportError("The model has no tensor among its inputs, so there is nothing to trace.")
    enter("running")
    with torch.no_grad():
        output = model(*args, **kwargs)
    keys = [name for name, _ in flat_outputs(output)]
    if not keys:
        raise ExportError(
            f"The model returns {type(output).__name__} without any tensor: return tensors."
        )
    axes = dynamic_axes(dynamic_shapes, inputs.arguments)
    options: dict[str, Any] = {"dynamo": False, "opset_version": opset}
    if axes:
        options |= {"dynamic_axes": axes, "input_names": list(inputs.names)}
    buffer = io.BytesIO()
    enter("tracing")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_printing_in_python())
        if kwargs or not _plain(args) or not _plain(output):
            args = inputs.tensors
            options["input_names"] = list(inputs.names)
            if all(keys):
                options["output_names"] = list(unique(keys, taken=inputs.names))
            stack.enter_context(positional_forward(model, inputs))
        # The exporter's signature names paths alone; it writes to buffers as well.
        calls = stack.enter_context(module_calls(model))
        torch.onnx.export(model, args, buffer, **options)  # type: ignore[arg-type]
    enter("reading")
    return onnx.load_model_from_string(buffer.getvalue()), calls


@contextlib.contextmanager
def _printing_in_python() -> Iterator[None]:
    """Let the exporter print through ``sys.stdout``, where it can be caught.

    On failure it prints the whole graph from C++, past ``sys.stdout``, and its
    own switch for that is always on while it runs. The switch also stays on
    afterwards; it is put back here.
    """
    printer = torch._C._jit_onnx_log
    enabled = torch._C._jit_is_onnx_log_enabled()
    torch._C._jit_onnx_log = print
    try:
        yield
    finally:
        torch._C._jit_onnx_log = printer
        torch._C._jit_set_onnx_log_enabled(enabled)


def _plain(value: object) -> bool:
    if isinstance(value, torch.Tensor):
        return True
    # a named tuple has keys to keep
    return type(value) is tuple and bool(value) and all(isinstance(x, torch.Tensor) for x in value)


def dynamic_axes(dynamic_shapes: Any, arguments: tuple[str, ...]) -> dict[str, dict[int, str]]:
    """Dynamic shapes as ``torch.export`` takes them, in the form this exporter takes.

    ``dynamic_shapes`` maps an argument's name to its axes, or lists the axes of
    each argument in order. An axis is a name, a ``torch.export.Dim``, or one of
    its hints; ``Dim.AUTO`` and ``Dim.DYNAMIC`` axes get a name of their own.

    >>> dynamic_axes({"x": {0: "batch"}}, ("x", "y"))
    {'x': {0: 'batch'}}
    >>> dynamic_axes(({0: "batch"}, None), ("x", "y"))
    {'x': {0: 'batch'}}
    """
    if not dynamic_shapes:
        return {}
    if not isinstance(dynamic_shapes, Mapping):
        dynamic_shapes = dict(zip(arguments, dynamic_shapes, strict=False))
    result = {}
    for name, axes in dynamic_shapes.items():
        pairs = axes.items() if isinstance(axes, Mapping) else enumerate(axes or ())
        named = {axis: _axis_name(dim, f"{name}_{axis}") for axis, dim in pairs}
        kept = {axis: label for axis, label in named.items() if label is not None}
        if kept:
            result[name] = kept
    return result


def _axis_name(dim: Any, default: str) -> str | None:
    if isinstance(dim, str):
        return dim
    if dim in (torch.export.Dim.AUTO, torch.export.Dim.DYNAMIC):
        return default
    if isinstance(dim, torch.export.Dim):
        return str(dim.__name__)
    return None
