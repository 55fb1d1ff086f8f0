"""Whatever ``torch.onnx.export`` takes: captured programs, scripted modules, any inputs."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import onnx
import pytest
import torch
from onnxscript import opset18 as op
from torch import Tensor, nn

import hexviz
from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.inputs import open_shapes
from tests.exporters.test_wrappers import Encoder

# TorchScript says of all that it does that it is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = torch.arange(8.0).reshape(2, 4)


def initializers(proto: onnx.ModelProto) -> set[str]:
    return {tensor.name for tensor in proto.graph.initializer}


def captured_program() -> torch.export.ExportedProgram:
    return torch.export.export(nn.Sequential(Encoder(), nn.ReLU()).eval(), (X,))


@pytest.mark.parametrize("weights", [True, False])
def test_a_captured_program_and_its_module(weights: bool) -> None:
    program = captured_program()
    for model, args in ((program, ()), (program, (X,)), (program.module(), (X,))):
        graph = hexviz.export(model, args, weights=weights)
        assert {one.module for one in graph.ops} == {"0.fc", "0", "1"}
        info = graph.modules["0.fc"]
        assert (info.class_name, info.parameters) == ("Linear", 20)


def test_flags_of_a_captured_module_come_back() -> None:
    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Dropout()
            self.inside = captured_program().module()

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.inside(x))

    model = Holds()
    before = [module.training for module in model.modules()]
    export_model(model, (X,))
    assert [module.training for module in model.modules()] == before


def test_a_captured_program_needs_the_dynamo_exporter() -> None:
    with pytest.raises(ExportError, match=r"cannot take what torch\.export returned: use the dyn"):
        export_model(captured_program(), (X,), exporter="torchscript")


def scripted() -> Any:
    return torch.jit.script(Encoder().eval())


def loaded() -> Any:
    buffer = io.BytesIO()
    torch.jit.save(scripted(), buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


@pytest.mark.parametrize(
    "make",
    [
        scripted,
        loaded,
        lambda: torch.jit.trace(Encoder().eval(), (X,)),
        lambda: torch.jit.freeze(scripted()),
    ],
)
def test_scripted_modules_go_through_torchscript(make: Callable[[], Any]) -> None:
    for args, kwargs in (((X,), {}), ((), {"x": X})):
        exported = export_model(make(), args, kwargs, exporter="torchscript")
        assert "Softmax" in {node.op_type for node in exported.proto.graph.node}
        assert exported.name == "Encoder"
        assert exported.modules[""].class_name == "Encoder"


def test_a_scripted_function() -> None:
    @torch.jit.script
    def double(x: Tensor) -> Tensor:
        return x * 2

    exported = export_model(double, (X,), exporter="torchscript")
    assert [node.op_type for node in exported.proto.graph.node][-1] == "Mul"
    assert exported.name == "double"


def test_a_traced_child_goes_through_dynamo() -> None:
    model = nn.Sequential(torch.jit.trace(Encoder().eval(), (X,)), nn.Linear(4, 2))
    assert export_model(model, (X,)).modules["0"].class_name == "Encoder"


class Says(nn.Module):
    """Returns whatever it was given a function for."""

    def __init__(self, makes: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.makes = makes

    def forward(self, x: Tensor) -> object:
        return self.makes(self.fc(x))


@pytest.mark.parametrize(
    ("makes", "names"),
    [
        (lambda y: {"0": y, "1": y + 1}, ["output_0", "output_1"]),
        (lambda y: {0: y, 1: y + 1}, ["output_0", "output_1"]),
        (lambda y: OrderedDict([("0", y), ("pool", y + 1)]), ["output_0", "pool"]),
        (lambda y: {"fc.weight": y, "x": y + 1}, ["fc.weight_2", "x_2"]),
    ],
)
def test_outputs_under_any_key(makes: Callable[[Tensor], object], names: list[str]) -> None:
    for exporter in EXPORTERS:
        proto = export_model(Says(makes), (X,), exporter=exporter).proto
        onnx.checker.check_model(proto)
        assert {"fc.weight", "fc.bias"} <= initializers(proto)
        if exporter == "torchscript":
            assert [value.name for value in proto.graph.output] == names


class Takes(nn.Module):
    def __init__(self, reads: Callable[..., Tensor]) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.reads = reads

    def forward(self, x: Any, past: Any = None, scale: Any = None) -> Tensor:
        return self.fc(self.reads(x, past, scale))


@dataclass
class Pair:
    a: Tensor
    b: Tensor


torch.export.register_dataclass(Pair, serialized_type_name="hexviz.tests.Pair")

Y = torch.arange(12.0).reshape(3, 4)

NESTED: dict[str, tuple[Callable[..., Tensor], tuple[Any, ...], dict[str, Any]]] = {
    "tuple": (lambda x, past, _: torch.cat([x, past[0]]), (X, (Y,)), {}),
    "list and None": (lambda x, past, _: torch.cat([x, past[1]]), (X, [None, Y]), {}),
    "None": (lambda x, _, scale: x + scale, (X, None), {"scale": X}),
    "dict": (lambda x, past, _: torch.cat([x, past["k"][0]]), (X, {"k": (Y, None)}), {}),
    "dataclass": (lambda x, past, _: torch.cat([x, past.b]) + past.a.sum(), (X, Pair(X, Y)), {}),
    "keywords in another order": (
        lambda x, past, scale: torch.cat([x, past]) * scale,
        (),
        {"scale": torch.ones(()), "past": Y, "x": X},
    ),
    "a dict at the end for keywords": (lambda x, _, scale: x * scale, (X, {"scale": X}), {}),
    "numbers": (lambda x, past, scale: x * past[0] * scale, (X, (3, 2.0)), {"scale": 2}),
}


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("kind", NESTED)
def test_open_sizes_of_nested_inputs(exporter: str, kind: str) -> None:
    reads, args, kwargs = NESTED[kind]
    model = Takes(reads)
    proto = export_model(
        model, args, kwargs, exporter=exporter, dynamic_shapes=open_shapes(model, args, kwargs)
    ).proto
    for value in proto.graph.input:
        sizes = value.type.tensor_type.shape.dim
        assert all(size.dim_param or size.dim_value == 4 for size in sizes), value
    assert any(
        size.dim_param for value in proto.graph.input for size in value.type.tensor_type.shape.dim
    )


def test_axes_of_nested_inputs_have_the_names_given() -> None:
    reads, args, _ = NESTED["dict"]
    shapes = {"x": {0: "rows"}, "past": {"k": ({0: torch.export.Dim("kept"), 1: 4}, None)}}
    graph = export_model(
        Takes(reads), args, exporter="torchscript", dynamic_shapes=shapes
    ).proto.graph
    assert {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in graph.input
    } == {"x": ["rows", 4], "past_k_0": ["kept", 4]}


def test_torchscript_takes_every_kind_of_dynamic_axis() -> None:
    model = Takes(lambda x, past, _: x + past)
    dims = ({0: torch.export.Dim("rows"), 1: torch.export.Dim.AUTO}, (None, "columns"))
    graph = export_model(model, (X, X), exporter="torchscript", dynamic_shapes=dims).proto.graph
    assert [
        [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in graph.input
    ] == [["rows", "x_1"], [2, "columns"]]


def test_a_compiled_model_opens_its_own_arguments() -> None:
    model = torch.compile(nn.DataParallel(Encoder()), backend="eager")
    assert set(open_shapes(model, (X,), {})) == {"x"}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_names_of_inputs_and_outputs(exporter: str) -> None:
    graph = hexviz.export(
        Encoder(),
        (X,),
        exporter=exporter,  # type: ignore[arg-type]
        input_names=["tokens"],
        output_names=["scores"],
        dynamic_shapes={"x": {0: "batch"}},
    )
    proto = graph.proto.graph
    assert (proto.input[0].name, proto.output[0].name) == ("tokens", "scores")
    assert proto.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_an_op_is_translated_as_told() -> None:
    def erf_instead(x: Any, dim: int, dtype: int = -1) -> Any:
        return op.Erf(x)

    table = {torch.ops.aten.softmax.int: erf_instead}
    graph = hexviz.export(Encoder(), (X,), custom_translation_table=table)
    assert "Erf" in {one.op_type for one in graph.ops}
    with pytest.raises(ExportError, match="cannot use a custom_translation_table: use the dynamo"):
        hexviz.export(Encoder(), (X,), exporter="torchscript", custom_translation_table=table)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_module_that_brings_its_own_inputs(exporter: str) -> None:
    class Brings(torch.onnx.ExportableModule):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1

        def example_arguments(self) -> Any:
            return (X,), None

        def input_names(self) -> tuple[str, ...]:
            return ("tokens",)

        def dynamic_shapes(self) -> Any:
            return ({0: "batch"},)

    proto = export_model(Brings(), exporter=exporter).proto
    assert proto.graph.input[0].name == "tokens"
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_train_that_refuses_is_gone_around() -> None:
    class Refuses(Encoder):
        def train(self, mode: bool = True) -> Any:
            raise RuntimeError(mode)

    assert export_model(Refuses(), (X,)).proto.graph.node
