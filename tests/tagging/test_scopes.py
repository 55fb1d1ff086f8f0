"""Scopes of the TorchScript exporter against the modules that were really called."""

import io
import warnings

import onnx
import pytest
import torch
from torch import nn

from hexviz.exporters.modules import describe_modules
from hexviz.tagging.scopes import find_modules
from tests.build import tagged


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.fc(x))


class Block(nn.Module):
    """Containers in every arrangement: called, not called, and in each other."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 4)))
        self.parts = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Tanh()), Inner()])
        self.named = nn.ModuleDict({"a": Inner(), "h": nn.ModuleList([Inner(), nn.ReLU()])})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        for part in self.parts:
            x = part(x)
        x = self.named["a"](x)
        for part in self.named["h"]:
            x = part(x)
        return x * 2


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seq = nn.Sequential(Block(), Block())
        self.fc = Inner()
        self.transformer = nn.ModuleDict({"h": nn.ModuleList([Inner(), Inner()])})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(self.seq(x))
        for block in self.transformer["h"]:
            x = block(block(x))
        return self.seq[0].named["a"].fc(x)


def calls(model: nn.Module, x: torch.Tensor) -> list[str]:
    """The leaf modules in the order they are called: the truth, from hooks."""
    called: list[str] = []
    for fqn, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda *_, fqn=fqn: called.append(fqn))
    model(x)
    return called


@pytest.mark.parametrize("exporter_lists_modules", [False, True])
def test_every_leaf_call_is_found(exporter_lists_modules: bool) -> None:
    model = Net().eval()
    x = torch.randn(2, 4)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), buffer, dynamo=False)  # type: ignore[arg-type]
    listed = describe_modules(model) if exporter_lists_modules else None
    graph = tagged(onnx.load_model_from_string(buffer.getvalue()), listed)
    leaves = [op.module for op in graph.ops if op.op_type in ("Gemm", "Relu", "Tanh")]
    expected = calls(model, x)
    # The last one is called past the modules around it, which its name does not tell.
    assert leaves[:-1] == expected[:-1]
    assert {op.module for op in graph.ops if op.op_type == "Mul"} == {"seq.0", "seq.1"}


def test_a_list_named_as_its_holder_is_told_apart_by_weights() -> None:
    path = ("seq", "seq.0")
    assert find_modules([path], {"seq.0"})[path] == ("", "seq", "seq.0")
    assert find_modules([path], {"seq.seq.0"})[path] == ("", "seq", "seq.seq.0")
    assert find_modules([path], ())[path] == ("", "seq", "seq.0")


def test_a_module_that_is_called_itself_is_no_hidden_container() -> None:
    known = {"mlp.act", "mlp"}
    called = find_modules([("act",), ("mlp", "fc")], known)
    assert called["act",] == ("", "act")
    assert find_modules([("act",)], known)["act",] == ("", "mlp.act")


def test_two_modules_that_would_fit_are_none() -> None:
    assert find_modules([("h.0",)], {"a.h.0", "b.h.0"})["h.0",] == ("", "h.0")


def test_scopes_as_deep_as_a_stranger_likes() -> None:
    deep = tuple("a" * 5000)
    assert len(find_modules([deep], ())[deep]) == 5001
