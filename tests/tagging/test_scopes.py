"""Scopes of the TorchScript exporter against the modules that were really called."""

import io
import warnings
from collections.abc import Callable

import onnx
import pytest
import torch
from torch import nn

from hexviz.exporters.export import export_model
from hexviz.exporters.module_infos import describe_modules
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.scopes import Found, find_modules
from hexviz.tagging.tag import tag
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
    assert find_modules([path], {"seq.0"})[path].fqns == ("", "seq", "seq.0")
    assert find_modules([path], {"seq.seq.0"})[path].fqns == ("", "seq", "seq.seq.0")
    assert find_modules([path], ())[path].fqns == ("", "seq", "seq.0")


def test_a_module_that_is_called_itself_is_no_hidden_container() -> None:
    known = {"mlp.act", "mlp"}
    called = find_modules([("act",), ("mlp", "fc")], known)
    assert called["act",].fqns == ("", "act")
    assert find_modules([("act",)], known)["act",].fqns == ("", "mlp.act")


def test_of_two_modules_that_would_fit_it_is_what_encloses_them_and_that_is_not_sure() -> None:
    found = find_modules([("h.0",), ("h.0", "fc")], {"m.a.h.0", "m.b.h.0"})
    assert found["h.0",] == Found(("", "m"), sure=False)
    assert found["h.0", "fc"] == Found(("", "m", "m"), sure=False)


def test_the_weight_decides_between_two_modules_that_would_fit() -> None:
    paths = [("h.0",), ("h.0_1",)]
    held = {("h.0",): {"b.h.0"}, ("h.0_1",): {"a.h.0"}}
    found = find_modules(paths, {"a.h.0", "b.h.0"}, held)
    assert [found[path].fqns[-1] for path in paths] == ["b.h.0", "a.h.0"]


def test_a_tied_weight_does_not_move_what_has_a_name_of_its_own() -> None:
    path = ("decoder", "embed")
    found = find_modules([path], {"decoder", "decoder.embed", "x.embed"}, {path: {"x.embed"}})
    assert found[path] == Found(("", "decoder", "decoder.embed"))


def test_thousands_of_modules_of_one_name() -> None:
    known = {f"m{at}.fc" for at in range(1000)} | {f"m{at}" for at in range(1000)}
    paths = [(f"fc_{at}", below) for at in range(1000) for below in ("a", "b")]
    found = find_modules(paths, known)
    assert {(one.fqns[-1], one.sure) for one in found.values()} == {("", False)}


class Tower(nn.Module):
    """An encoder that is called past it: what is in there has the same scopes in both towers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.proj = nn.Linear(4, 4)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.act = nn.Tanh()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.fc(x)) * 2
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return x


class Towers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = Tower(), Tower()
        self.proj = nn.Linear(4, 4)
        self.proj_1 = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        text = self.text.proj(self.text.encoder(self.proj(self.proj(x))))
        return self.proj_1(text + self.image.proj(self.image.encoder(x)))


class Pairs(nn.Module):
    """What is in containers that are never called, one of them a list in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        parts = [nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)) for _ in range(2)]
        self.a = nn.ModuleDict({"net": parts[0], "h": nn.ModuleList([nn.Linear(4, 4)])})
        self.b = nn.ModuleDict({"net": parts[1], "h": nn.ModuleList([nn.Linear(4, 4)])})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.b["net"](self.a["net"](x)) * self.a["net"](x)
        result: torch.Tensor = self.b["h"][0](self.a["h"][0](x))
        return result


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4)])
@pytest.mark.parametrize("kind", [Towers, Pairs])
def test_weights_tell_the_modules_of_one_scope(
    kind: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    exported = export_model(kind(), (torch.ones(shape),), exporter="torchscript")
    file = from_proto(exported.proto, name="test.onnx")
    right = [op.module for op in tag(file, modules=exported.modules, calls=exported.calls).ops]
    assert [op.module for op in tag(file).ops] == right
    assert [op.module for op in tag(file, modules=exported.modules).ops] == right


def test_what_no_weight_tells_is_said_to_be_doubtful() -> None:
    class Activations(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.ModuleDict({"act": nn.Tanh()})
            self.b = nn.ModuleDict({"act": nn.Sigmoid()})

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.a["act"](self.b["act"](x))
            return result

    exported = export_model(Activations(), (torch.ones(2, 4),), exporter="torchscript")
    graph = tagged(exported.proto, exported.modules)
    assert [(op.module, op.provenance.confidence) for op in graph.ops] == [("", 0.6)] * 2
    (part,) = explain(graph, graph.ops[0].id).confidence
    assert "several modules have that scope" in part.reason


def test_scopes_as_deep_as_a_stranger_likes() -> None:
    deep = tuple("a" * 5000)
    assert len(find_modules([deep], ())[deep].fqns) == 5001
