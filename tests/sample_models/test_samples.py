from __future__ import annotations

import importlib
from collections.abc import Callable

import onnx
import pytest
import torch

from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import open_source
from hexviz.model.op import category
from sample_models import SAMPLES

# SAM's TorchScript export takes over a minute: `make test-slow` runs it.
EXPORTS = [
    pytest.param(name, exporter, marks=pytest.mark.slow)
    if (name, exporter) == ("sam-vit", "torchscript")
    else (name, exporter)
    for name in SAMPLES
    for exporter in ("dynamo", "torchscript")
]
SMALL = ["custom-auxiliary", "residual-cnn", "small-transformer", "bert-tiny"]


@pytest.mark.parametrize(("name", "exporter"), EXPORTS)
def test_every_sample_exports_with_every_exporter(
    exported: Callable[..., Exported], name: str, exporter: str
) -> None:
    result = exported(name, exporter)
    onnx.checker.check_model(result.proto)
    assert result.name == name
    assert result.proto.graph.node


def auxiliary_share(graph: onnx.GraphProto) -> float:
    weights = {tensor.name for tensor in graph.initializer}
    auxiliary = [
        category(node.domain, node.op_type, looks_up_weight=node.input[:1][0] in weights)
        if node.input
        else category(node.domain, node.op_type)
        for node in graph.node
    ]
    return sum(kind is not None for kind in auxiliary) / len(auxiliary)


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_custom_auxiliary_is_mostly_auxiliary(
    exported: Callable[..., Exported], exporter: str
) -> None:
    graph = exported("custom-auxiliary", exporter).proto.graph
    assert auxiliary_share(graph) > 0.5


def test_custom_auxiliary_has_the_ops_it_is_there_for(
    exported: Callable[..., Exported],
) -> None:
    op_types = {
        node.op_type
        for exporter in ("dynamo", "torchscript")
        for node in exported("custom-auxiliary", exporter).proto.graph.node
    }
    wanted = {"Shape", "Constant", "Cast", "Reshape", "Transpose", "Unsqueeze", "Where"}
    assert wanted | {"Gather", "ReduceMean"} <= op_types


@pytest.mark.parametrize("name", SMALL)
def test_building_twice_gives_the_same_weights(name: str) -> None:
    one, two = open_source(name), open_source(name)
    for first, second in zip(one.model.parameters(), two.model.parameters(), strict=True):
        assert torch.equal(first, second)
    assert not one.model.training


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("bert-tiny", 4_385_920), ("resnet-50", 25_557_032), ("gpt2", 124_439_808)],
)
def test_the_sizes_are_the_published_ones(
    exported: Callable[..., Exported], name: str, parameters: int
) -> None:
    assert exported(name, "dynamo").modules[""].parameters == parameters


def test_the_table_names_modules_that_exist() -> None:
    for name, sample in SAMPLES.items():
        assert sample.name == name
        module = importlib.import_module(sample.module)
        assert callable(module.build)
        assert callable(module.example_inputs)
