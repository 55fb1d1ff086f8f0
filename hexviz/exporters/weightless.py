"""Build and export a model's structure without its weights.

While the exporter runs, every parameter is a fake tensor: it has type and
shape, and no memory. Buffers stay real; they are small, and some of them
(position ids, masks) decide what the graph does.

In the file, such an initializer keeps its name, type and shape; its data is
declared external, in a file named :data:`hexviz.model.reader.WEIGHTS_LEFT_OUT` that does not exist.
Readers that are told not to load external data open it; the ONNX checker and
runtimes refuse it, with a message in which that name gives the reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import onnx_ir as ir
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.nn.parameter import is_lazy
from torch.utils import _pytree as pytree

from hexviz.model.reader import WEIGHTS_LEFT_OUT

__all__ = [
    "declare_external",
    "fake_parameters",
    "forget_data",
    "materialize",
    "parameters_without_memory",
]


# Their types tell only what they become.
_LAZY_PARAMETER: Any = nn.UninitializedParameter
_LAZY_BUFFER: Any = nn.UninitializedBuffer


@contextlib.contextmanager
def parameters_without_memory() -> Iterator[None]:
    """Put every parameter that a module registers while inside on the meta device.

    A new parameter's memory is not touched until it is filled in, and filling
    in a meta tensor does nothing, so a model of any size is built in the
    memory of its buffers. Those stay real.
    """
    register = nn.Module.register_parameter

    def without_memory(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        # A parameter that has moved already is being tied, and has to stay the same one.
        if parameter is not None and not parameter.is_meta:
            needs_grad = parameter.requires_grad
            if isinstance(parameter, _LAZY_PARAMETER):
                parameter = _LAZY_PARAMETER(needs_grad, device="meta", dtype=parameter.dtype)
            else:
                parameter = nn.Parameter(parameter.to("meta"), requires_grad=needs_grad)
        register(module, name, parameter)

    nn.Module.register_parameter = without_memory  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = register  # type: ignore[method-assign]


def materialize(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Let lazy modules find out their shapes, by one run of the model.

    Where parameters are on the meta device, everything is for that run.

    Raises:
        Exception: whatever the model raises.
    """
    tensors = [*model.parameters(), *model.buffers()]
    if not any(is_lazy(tensor) for tensor in tensors):
        return
    with contextlib.ExitStack() as undo, torch.no_grad():
        if any(tensor.is_meta for tensor in tensors):
            args, kwargs = pytree.tree_map_only(
                torch.Tensor, lambda tensor: tensor.to("meta"), (args, dict(kwargs))
            )
            for buffers, name, buffer in _entries(model, "_buffers"):
                if is_lazy(buffer):
                    buffers[name] = _LAZY_BUFFER(device="meta", dtype=buffer.dtype)
                else:
                    buffers[name] = buffer.to("meta")
                    undo.callback(buffers.__setitem__, name, buffer)
        model(*args, **kwargs)


@contextlib.contextmanager
def fake_parameters(model: nn.Module | torch.export.ExportedProgram) -> Iterator[None]:
    """Replace every parameter of ``model`` by a fake one while inside; ties stay tied.

    Buffers that have no value either (they were computed from parameters on
    the meta device) are replaced as well.
    """
    mode = FakeTensorMode(allow_non_fake_inputs=True, shape_env=ShapeEnv())
    fakes: dict[int, torch.Tensor] = {}

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in fakes:
            with mode:  # on the CPU, also where the tensor is on the meta device
                one = torch.empty(tensor.shape, dtype=tensor.dtype)
            if isinstance(tensor, nn.Parameter):
                one = nn.Parameter(one, requires_grad=tensor.requires_grad)
            fakes[id(tensor)] = one
        return fakes[id(tensor)]

    before = list(_parameters_and_unknowns(model))
    try:
        for place, name, tensor in before:
            place[name] = fake(tensor)
        yield
    finally:
        for place, name, tensor in before:
            place[name] = tensor


def _parameters_and_unknowns(
    model: nn.Module | torch.export.ExportedProgram,
) -> Iterator[tuple[dict[str, Any], str, torch.Tensor]]:
    if isinstance(model, torch.export.ExportedProgram):
        for name in model.graph_signature.parameters:
            yield model.state_dict, name, model.state_dict[name]
        return
    yield from _entries(model, "_parameters")
    for place, name, buffer in _entries(model, "_buffers"):
        if buffer.is_meta:
            yield place, name, buffer


def _entries(model: nn.Module, kind: str) -> Iterator[tuple[dict[str, Any], str, torch.Tensor]]:
    """Each tensor in the ``_parameters`` or ``_buffers`` of any module, and where it stands."""
    for module in model.modules():
        place = getattr(module, kind)
        # a scripted module keeps them elsewhere
        if isinstance(place, dict):
            for name, tensor in list(place.items()):
                if tensor is not None:
                    yield place, name, tensor


def forget_data(model: ir.Model) -> dict[str, ir.TensorProtocol]:
    """Make each initializer that is a fake tensor one of unknown value, and return the tensors.

    The optimiser reads the value of any initializer that has one (to fold a
    batch normalisation into a convolution, say) and leaves the others alone.
    What :func:`declare_external` has declared is taken for a fake one.
    """
    forgotten = {}
    for name, value in model.graph.initializers.items():
        tensor = value.const_value
        if tensor is not None and (
            isinstance(getattr(tensor, "raw", None), FakeTensor)
            or (isinstance(tensor, ir.ExternalTensor) and tensor.location == WEIGHTS_LEFT_OUT)
        ):
            forgotten[name] = tensor
            value.const_value = None
    return forgotten


def declare_external(model: ir.Model, forgotten: Mapping[str, ir.TensorProtocol]) -> None:
    """Give the forgotten initializers type and shape back, and say that their data is elsewhere."""
    for name, tensor in forgotten.items():
        if name in model.graph.initializers:  # the optimiser may have dropped an unused one
            model.graph.initializers[name].const_value = ir.ExternalTensor(
                WEIGHTS_LEFT_OUT,
                offset=None,
                length=None,
                dtype=tensor.dtype,
                shape=ir.Shape(tensor.shape.numpy()),
                name=name,
            )
