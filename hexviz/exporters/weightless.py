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

import onnx_ir as ir
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from hexviz.model.reader import WEIGHTS_LEFT_OUT

__all__ = ["declare_external", "fake_parameters", "forget_data", "parameters_without_memory"]


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
            meta = parameter.to("meta")
            parameter = nn.Parameter(meta, requires_grad=parameter.requires_grad)
        register(module, name, parameter)

    nn.Module.register_parameter = without_memory  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = register  # type: ignore[method-assign]


@contextlib.contextmanager
def fake_parameters(model: nn.Module) -> Iterator[None]:
    """Replace every parameter of ``model`` by a fake one while inside; ties stay tied."""
    mode = FakeTensorMode(allow_non_fake_inputs=True, shape_env=ShapeEnv())
    fakes: dict[nn.Parameter, nn.Parameter] = {}
    before: list[tuple[nn.Module, str, nn.Parameter]] = []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            if parameter not in fakes:
                with mode:  # on the CPU, also where the parameter is on the meta device
                    fake = torch.empty(parameter.shape, dtype=parameter.dtype)
                fakes[parameter] = nn.Parameter(fake, requires_grad=parameter.requires_grad)
            before.append((module, name, parameter))
    try:
        for module, name, parameter in before:
            module._parameters[name] = fakes[parameter]
        yield
    finally:
        for module, name, parameter in before:
            module._parameters[name] = parameter


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
