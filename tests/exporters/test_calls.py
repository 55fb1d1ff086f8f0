"""In which call each node of a TorchScript export ran, where its name fits several modules."""

import io
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import hexviz
from hexviz.exporters import calls
from hexviz.exporters.export import export_model

X = torch.arange(8.0).reshape(2, 4)


class Holder(nn.Module):
    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.proj = part

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.proj(x))


class Adapted(nn.Module):
    """A layer with adapters that are kept by name, each under the same key."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(4, 4)
        self.down = nn.ModuleDict({"default": nn.Linear(4, 2, bias=False)})
        self.up = nn.ModuleDict({"default": nn.Linear(2, 4, bias=False)})

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.base(x) + self.up["default"](self.down["default"](x))
        return result


class PastParents(nn.Module):
    """Modules of one scope are called past those around them, and then through one."""

    def __init__(self) -> None:
        super().__init__()
        self.image = Holder(nn.Linear(4, 4))
        self.text = Holder(nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.text(self.image.proj(x) + self.text.proj(x))
        return result


class Adapters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = Adapted(), Adapted()

    def forward(self, x: Tensor) -> Tensor:
        return torch.mul(self.q(x), self.k(x))


class NumberedNames(nn.Module):
    """A later call's scope is what another module is called."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.fc_1 = nn.Linear(4, 4)
        self.act = nn.Tanh()
        self.act_1 = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.act(self.fc_1(self.fc(self.fc(x)))))
        result: Tensor = self.act_1(x)
        return result


class OddKeys(nn.Module):
    """Names that the scopes' own notation gives a meaning to."""

    KEYS = ("a/b", "a;b", "x::y", "hexviz.call", "ünï code", "it's", "x@2", "x_1", "fused x")

    def __init__(self) -> None:
        super().__init__()
        keys = [key.replace(".", "-") for key in self.KEYS]
        self.parts = nn.ModuleDict({key: nn.Linear(4, 4) for key in keys})

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts.values():
            x = part(x)
        return x


class Repeated(nn.Module):
    """One block in all places of a list, and one layer in two modules and beside them."""

    def __init__(self) -> None:
        super().__init__()
        shared = nn.Linear(4, 4)
        self.shared = shared
        self.blocks = nn.ModuleList([Holder(nn.Linear(4, 4))] * 3)
        self.left, self.right = Holder(shared), Holder(shared)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.left(x) + self.right(x + 1)
        return result


class Directly(nn.Module):
    """What is called by no call of a module ran in the module around it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.weights = nn.ParameterList([torch.ones(4, 4)])

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.linear(x, self.fc.weight, self.fc.bias)
        return torch.matmul(self.fc.forward(x), self.weights[0])


def leaves(model: nn.Module, exporter: str = "torchscript") -> list[str]:
    graph = hexviz.export(model, (X,), exporter=exporter, optimize=False)  # type: ignore[arg-type]
    kinds = ("Gemm", "MatMul", "Tanh", "Sigmoid")
    return [op.module for op in graph.ops if op.op_type in kinds]


CALLS: dict[type[nn.Module], list[str]] = {
    PastParents: ["image.proj", "text.proj", "text.proj", "text"],
    Adapters: [f"{at}.{one}" for at in "qk" for one in ("base", "down.default", "up.default")],
    NumberedNames: ["fc", "fc", "fc_1", "act", "act", "act_1"],
    OddKeys: [f"parts.{key.replace('.', '-')}" for key in OddKeys.KEYS],
    Repeated: [
        *(f"blocks.{at}{below}" for at in range(3) for below in (".proj", "")),
        *("left.proj", "left", "right.proj", "right"),
    ],
    Directly: ["", "", ""],
}


@pytest.mark.parametrize("kind", CALLS, ids=lambda kind: kind.__name__)
def test_every_op_is_in_the_module_whose_call_it_ran_in(kind: Callable[[], nn.Module]) -> None:
    assert leaves(kind()) == CALLS[kind]  # type: ignore[index]


@pytest.mark.parametrize("kind", [PastParents, Adapters, NumberedNames, Repeated, Directly])
def test_both_exporters_name_the_same_modules(kind: Callable[[], nn.Module]) -> None:
    assert leaves(kind(), "dynamo") == leaves(kind())


@pytest.mark.parametrize("kind", CALLS, ids=lambda kind: kind.__name__)
def test_the_file_is_the_bare_exporters_own(kind: Callable[[], nn.Module]) -> None:
    model = kind().eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (X,), buffer, dynamo=False)  # type: ignore[arg-type]
    exported = export_model(model, (X,), exporter="torchscript")
    assert exported.calls
    assert exported.proto.SerializeToString() == buffer.getvalue()


def test_such_a_tag_is_as_sure_as_a_record() -> None:
    graph = hexviz.export(PastParents(), (X,), exporter="torchscript")
    assert {(op.provenance.rule, op.provenance.confidence) for op in graph.ops} == {("name", 1.0)}


def test_another_version_of_pytorch_is_exported_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "_NAME_NODES", "a_function_that_is_not_there")
    exported = export_model(NumberedNames(), (X,), exporter="torchscript")
    assert not exported.calls


def test_nothing_of_it_stays_behind() -> None:
    name_nodes = torch._C._jit_pass_onnx_assign_scoped_names_for_node_and_value
    hooks = dict(torch.nn.modules.module._global_forward_pre_hooks)
    export_model(PastParents(), (X,), exporter="torchscript")
    assert torch._C._jit_pass_onnx_assign_scoped_names_for_node_and_value is name_nodes
    assert dict(torch.nn.modules.module._global_forward_pre_hooks) == hooks
