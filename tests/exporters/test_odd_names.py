"""Names of modules that other notations give a meaning to, through both exporters, and as files."""

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

import hexviz
from hexviz.exporters.export import export_model
from hexviz.model.reader import from_proto
from hexviz.model.size_limits import MOST_STEPS
from hexviz.tagging.tag import tag

X = torch.arange(8.0).reshape(2, 4)

KEYS = (
    *("x", "x@2", "x@1", "a@b", "@", "a/b", "a;b", "a::b", "x_1", "x_1_1", "fused", "fused x"),
    *("'", "[", "ünï", "日本", "q-proj", "_export_root", "_empty_nn_module_stack_x", "0", ","),
)
"""Keys of a ModuleDict; quotes and backslashes are left out, which torch.export cannot write."""

EXPORTERS: tuple[Any, ...] = ("dynamo", "torchscript")


class Keys(nn.Module):
    """A chain of layers, each under one of the keys; one is called again."""

    def __init__(self) -> None:
        super().__init__()
        self.d = nn.ModuleDict({key: nn.Linear(4, 4) for key in KEYS})

    def forward(self, x: Tensor) -> Tensor:
        for part in self.d.values():
            x = torch.sin(part(x))
        result: Tensor = self.d["x"](x)
        return result


class Attributes(nn.Module):
    """Attributes of the model itself that are called what torch.export calls its own things."""

    def __init__(self) -> None:
        super().__init__()
        self._export_root = nn.Linear(4, 4)
        self._empty_nn_module_stack_here = nn.Linear(4, 4)
        self.add_module("y@1", nn.Linear(4, 4))
        self.y = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self._empty_nn_module_stack_here(torch.sin(self._export_root(x)))
        result: Tensor = self.y(torch.sin(getattr(self, "y@1")(torch.sin(x))))
        return result


RIGHT = {
    Keys: [*(f"d.{key}" for key in KEYS), "d.x"],
    Attributes: ["_export_root", "_empty_nn_module_stack_here", "y@1", "y"],
}


def layers(graph: Any) -> list[str]:
    return [op.module for op in graph.ops if op.op_type == "Gemm"]


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("kind", [Keys, Attributes])
def test_every_layer_is_found_and_its_name_selects_it(
    kind: Any, exporter: Any, tmp_path: Path
) -> None:
    graph = hexviz.export(kind().eval(), (X,), exporter=exporter)
    assert layers(graph) == RIGHT[kind]
    assert len({one.tag for one in graph.modules}) == len(graph.modules)
    assert [one for one in graph.audit() if one.severity != "info"] == []
    for fqn in dict.fromkeys(RIGHT[kind]):
        assert graph.extract([fqn]).model.graph.node
    graph.save(tmp_path / "tagged.onnx")
    assert layers(hexviz.load(tmp_path / "tagged.onnx")) == RIGHT[kind]


@pytest.mark.parametrize("kind", [Keys, Attributes])
def test_the_weights_tell_in_a_file_without_a_list_of_modules(kind: Any) -> None:
    proto = export_model(kind().eval(), (X,)).proto
    assert layers(tag(from_proto(proto, name="bare.onnx"))) == RIGHT[kind]


def recorded(*names: tuple[str, str]) -> onnx.ModelProto:
    """A chain of ops, each with a module and its class on record."""
    nodes = [
        onnx.helper.make_node("Sin", [f"v{at}"], [f"v{at + 1}"], name=f"n{at}")
        for at in range(len(names))
    ]
    for node, (fqn, kind) in zip(nodes, names, strict=True):
        scopes, kinds = ["", fqn, node.name], ["Net", kind, "aten.sin"]
        node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=repr(scopes))
        node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=repr(kinds))
    ends = [
        onnx.helper.make_tensor_value_info(f"v{at}", onnx.TensorProto.FLOAT, [2])
        for at in (0, len(names))
    ]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:])
    return onnx.helper.make_model(graph)


def test_without_weights_a_count_is_a_later_call_unless_the_classes_differ() -> None:
    same = tag(from_proto(recorded(("d.r", "m.ReLU"), ("d.r@1", "m.ReLU")), name="a"))
    assert [op.module for op in same.ops] == ["d.r", "d.r"]
    other = tag(from_proto(recorded(("d.r", "m.ReLU"), ("d.r@1", "m.GELU")), name="a"))
    assert [op.module for op in other.ops] == ["d.r", "d.r@1"]


class Nest(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.m = Nest(depth - 1) if depth else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        return torch.relu(self.m(x)) if self.m is not None else x


def test_what_is_too_deep_to_be_read_is_a_finding(tmp_path: Path) -> None:
    exported = export_model(Nest(MOST_STEPS + 2).eval(), (X,), exporter="torchscript")
    file = from_proto(exported.proto, name="deep.onnx")
    graph = tag(file, modules=exported.modules, calls=exported.calls)
    deepest = [op.module.count(".") for op in graph.ops if op.op_type == "Gemm"]
    assert deepest == list(range(MOST_STEPS + 3))
    graph.save(tmp_path / "deep.onnx")
    bare = tmp_path / "bare.onnx"
    bare.write_bytes(exported.proto.SerializeToString())
    for path in (tmp_path / "deep.onnx", bare):
        (finding,) = [one for one in hexviz.load(path).audit() if one.kind == "unread-module"]
        assert finding.severity == "warning"
        assert len(finding.ops) >= 2
        assert f"at most 4,096 characters and {MOST_STEPS} steps" in finding.suggestion
