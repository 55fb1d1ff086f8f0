from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.optim.swa_utils import AveragedModel

from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.wrappers import inner_module, unwrapped

X = torch.arange(8.0).reshape(2, 4)

compiled = functools.partial(torch.compile, backend="eager")  # importing the usual one is slow

WRAPPERS: dict[str, Callable[[nn.Module], Any]] = {
    "compile": compiled,
    "data parallel": nn.DataParallel,
    "averaged": AveragedModel,
    "checkpoint": checkpoint_wrapper,
    "compiled data parallel": lambda module: compiled(nn.DataParallel(module)),
}


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.fc(x), -1) * x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder: Any = Encoder()
        self.layers = nn.ModuleList([Encoder(), nn.Linear(4, 2)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.encoder(x)
        for layer in self.layers:
            x = layer(x)
        return x


def net() -> Net:
    torch.manual_seed(0)
    return Net()


def serialised(proto: onnx.ModelProto) -> bytes:
    return proto.SerializeToString(deterministic=True)


@pytest.fixture(scope="module")
def bare() -> dict[str, bytes]:
    """What each exporter writes of the model without wrappers."""
    return {
        exporter: serialised(export_model(net(), (X,), exporter=exporter).proto)
        for exporter in EXPORTERS
    }


def shape(module: nn.Module) -> list[tuple[str, int, bool, list[str]]]:
    """All that an export could leave behind in a model."""
    return [
        (fqn, id(one), one.training, sorted(vars(one)))
        for fqn, one in module.named_modules(remove_duplicate=False)
    ]


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("kind", WRAPPERS)
def test_wrappers_leave_no_trace_in_the_file_and_stay_on_the_model(
    bare: dict[str, bytes], exporter: str, kind: str
) -> None:
    inside = net().train()
    inside.encoder = WRAPPERS[kind](inside.encoder)
    inside.layers[0] = WRAPPERS[kind](inside.layers[0])
    whole = WRAPPERS[kind](inside)
    before = shape(whole)
    exported = export_model(whole, (X,), exporter=exporter)
    assert shape(whole) == before
    assert serialised(exported.proto) == bare[exporter]
    assert exported.name == "Net"
    assert list(exported.modules) == [
        *("", "encoder", "encoder.fc", "layers.0", "layers.0.fc", "layers.1")
    ]


def compiled_in_place(model: Net) -> None:
    model.compile(backend="eager")
    model.encoder.compile(backend="eager")


def compiled_forwards(model: Net) -> None:
    model.forward = compiled(model.forward)  # type: ignore[method-assign]
    model.encoder.forward = compiled(model.encoder.forward)


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("compile_", [compiled_in_place, compiled_forwards])
def test_what_is_compiled_in_place_is_exported_as_it_was_written(
    bare: dict[str, bytes], exporter: str, compile_: Callable[[Net], None]
) -> None:
    model = net()
    compile_(model)
    before = shape(model)
    exported = export_model(model, (X,), exporter=exporter)
    assert shape(model) == before
    assert serialised(exported.proto) == bare[exporter]


def test_a_compiled_method_of_a_class_goes_through_torchscript() -> None:
    class Decorated(Encoder):
        @compiled
        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x) + 1

    model = Decorated()
    assert export_model(model, (X,), exporter="torchscript").proto.graph.node
    assert "forward" not in vars(model)


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize(
    ("wrap", "attribute"), [(compiled, "_orig_mod"), (nn.DataParallel, "module")]
)
def test_code_that_reaches_through_a_wrapper_still_runs(
    exporter: str, wrap: Callable[[nn.Module], Any], attribute: str
) -> None:
    class Reaches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = wrap(Encoder())

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x) + getattr(self.net, attribute).fc.weight.sum()

    exported = export_model(Reaches(), (X,), exporter=exporter)
    assert list(exported.modules) == ["", "net", "net.fc"]


def test_a_wrapper_that_does_more_is_a_module() -> None:
    class Doubles(nn.DataParallel[nn.Module]):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 2

    hooked = nn.DataParallel(Encoder())
    hooked.register_forward_hook(lambda *_: None)
    for module in (Doubles(Encoder()), hooked):
        assert inner_module(module) is module
    assert "module.fc" in export_model(hooked, (X,)).modules


def test_the_model_comes_back_after_a_failure() -> None:
    model = net()
    model.encoder = compiled(model.encoder)
    before = shape(model)
    with pytest.raises(ExportError, match="takes 2 positional arguments but 3 were given"):
        export_model(model, (X, X))
    assert shape(model) == before


def test_modules_that_hold_each_other_end() -> None:
    class Loop(nn.Module):
        pass

    one, two = Loop(), Loop()
    one.other = two
    two.other = nn.DataParallel(one)
    with unwrapped(one):
        assert two.other is one
    assert type(two.other) is nn.DataParallel
