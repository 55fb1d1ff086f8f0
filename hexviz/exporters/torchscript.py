"""PyTorch's older exporter over TorchScript tracing (``torch.onnx.export(dynamo=False)``)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import onnx
import torch
from torch import nn
from torch.utils import _pytree as pytree

from hexviz.errors import ExportError
from hexviz.exporters.calls import module_calls
from hexviz.exporters.interface import Options
from hexviz.exporters.rebind import (
    Inputs,
    flat_outputs,
    flatten_inputs,
    positional_forward,
    unique,
)
from hexviz.exporters.subject import Exportable, argument_names, bound_arguments

__all__ = ["STAGES", "dynamic_axes", "export"]

STAGES = ("running", "tracing", "reading")
"""A plain run to learn the outputs; the exporter, which tells no stages; reading its bytes."""


def export(
    model: Exportable,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    options: Options,
    *,
    enter: Callable[[str], None],
) -> tuple[onnx.ModelProto, Mapping[str, str]]:
    """The model as ``torch.onnx.export(model, …, dynamo=False)`` writes it.

    If the model is scripted, or its inputs are positional tensors and the
    output is a tensor or a tuple of tensors, this *is* the bare exporter.
    Otherwise keywords are rebound and outputs flattened around the model's own
    ``forward``; inputs are named by their arguments and outputs by their keys.
    With it comes, by node name, the FQN of the module that the node ran in.

    Raises:
        ExportError: if there is no tensor among the outputs.
        Exception: whatever the exporter or the model raises.
    """
    inputs = flatten_inputs(model, args, kwargs)
    axes = dynamic_axes(model, args, kwargs, options.dynamic_shapes, inputs)
    settings: dict[str, Any] = {"dynamo": False, "opset_version": options.opset}
    if axes:
        settings |= {"dynamic_axes": axes, "input_names": list(inputs.names)}
    buffer = io.BytesIO()
    calls: Mapping[str, str] = {}
    with contextlib.ExitStack() as stack:
        if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
            settings["kwargs"] = kwargs
        else:
            enter("running")
            with torch.no_grad():
                output = model(*args, **kwargs)
            keys = [name for name, _ in flat_outputs(output)]
            if not keys:
                raise ExportError(
                    f"The model returns {type(output).__name__} without any tensor: return tensors."
                )
            if kwargs or not _plain(args) or not _plain(output):
                args = inputs.tensors
                settings["input_names"] = list(inputs.names)
                if all(keys):
                    taken = [*inputs.names, *model.state_dict()]
                    settings["output_names"] = list(unique(map(_value_name, keys), taken=taken))
                stack.enter_context(positional_forward(model, inputs))
            calls = stack.enter_context(module_calls(model))
        enter("tracing")
        stack.enter_context(_printing_in_python())
        if options.input_names:
            renamed = dict(zip(inputs.names, options.input_names, strict=False))
            settings["input_names"] = list(options.input_names)
            if axes:
                settings["dynamic_axes"] = {renamed.get(name, name): axes[name] for name in axes}
        if options.output_names:
            settings["output_names"] = list(options.output_names)
        # The exporter's signature names paths alone; it writes to buffers as well.
        torch.onnx.export(model, args, buffer, **settings)  # type: ignore[arg-type]
    enter("reading")
    return onnx.load_model_from_string(buffer.getvalue()), calls


def _value_name(key: str) -> str:
    """A key as the name of a value; names of digits alone are TorchScript's own.

    >>> _value_name("0"), _value_name("logits")
    ('output_0', 'logits')
    """
    return f"output_{key}" if key.isdigit() else key


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


def dynamic_axes(
    model: Exportable,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    dynamic_shapes: Any,
    inputs: Inputs,
) -> dict[str, dict[int, str]]:
    """Dynamic shapes as ``torch.export`` takes them, in the form this exporter takes.

    ``dynamic_shapes`` maps an argument's name to its axes, or lists the axes of
    each argument in order; where an argument holds several tensors, they are
    nested as it is. An axis is a name, a ``torch.export.Dim``, or one of its
    hints; ``Dim.AUTO`` and ``Dim.DYNAMIC`` axes get a name of their own.
    """
    if not dynamic_shapes:
        return {}
    bound = bound_arguments(model, args, kwargs)
    if bound is None:
        bound = dict(zip(argument_names(model, len(args)), args, strict=False)) | dict(kwargs)
    axes_of: dict[int, list[Any]] = {}  # one tensor may be several inputs
    for tensor, axes in _leaf_axes(bound, dynamic_shapes):
        axes_of.setdefault(id(tensor), []).append(axes)
    result = {}
    for name, tensor in zip(inputs.names, inputs.tensors, strict=True):
        waiting = axes_of.get(id(tensor))
        axes = waiting.pop(0) if waiting else None
        pairs = axes.items() if isinstance(axes, Mapping) else enumerate(axes or ())
        named = {axis: _axis_name(dim, f"{name}_{axis}") for axis, dim in pairs}
        kept = {axis: label for axis, label in named.items() if label is not None}
        if kept:
            result[name] = kept
    return result


def _leaf_axes(value: object, axes: Any) -> Iterator[tuple[torch.Tensor, Any]]:
    """Each tensor in a nested value with the axes in the same place of ``axes``."""
    if isinstance(value, torch.Tensor):
        yield value, axes
        return
    if isinstance(value, Mapping):
        children = dict(value)
    else:
        parts, _ = pytree.tree_flatten(value, is_leaf=lambda part: part is not value)
        if len(parts) == 1 and parts[0] is value:  # no container
            return
        children = dict(enumerate(parts))
    if not isinstance(axes, Mapping):
        parts = pytree.tree_leaves(axes, is_leaf=lambda part: part is not axes)
        axes = dict(zip(children, parts, strict=False))
    for key, child in children.items():
        yield from _leaf_axes(child, axes.get(key))


def _axis_name(dim: Any, default: str) -> str | None:
    if isinstance(dim, str):
        return dim
    if dim in (torch.export.Dim.AUTO, torch.export.Dim.DYNAMIC):
        return default
    if isinstance(dim, torch.export.Dim):
        return str(dim.__name__)
    return None
