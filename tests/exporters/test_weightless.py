from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest

from hexviz.errors import ExportError
from hexviz.exporters.export import export_model
from hexviz.exporters.result import Exported
from hexviz.exporters.sources import open_source
from hexviz.model.reader import WEIGHTS_LEFT_OUT


def nodes(exported: Exported) -> list[tuple[str, list[str], list[str]]]:
    return [
        (node.op_type, list(node.input), list(node.output)) for node in exported.proto.graph.node
    ]


def weights(exported: Exported) -> dict[str, tuple[int, list[int]]]:
    return {
        tensor.name: (tensor.data_type, list(tensor.dims))
        for tensor in exported.proto.graph.initializer
    }


@pytest.mark.parametrize("name", ["custom-auxiliary", "residual-cnn", "bert-tiny"])
def test_the_graph_is_the_same_and_only_data_is_missing(
    exported: Callable[..., Exported], name: str
) -> None:
    source = open_source(name)
    before = {fqn: id(parameter) for fqn, parameter in source.model.named_parameters()}
    light = export_model(source.model, source.args, source.kwargs, weights=False, optimize=False)
    full = exported(name, "dynamo", False)
    assert nodes(light) == nodes(full)
    assert weights(light) == weights(full)
    assert light.modules == full.modules
    assert {fqn: id(parameter) for fqn, parameter in source.model.named_parameters()} == before
    for tensor in light.proto.graph.initializer:
        if tensor.name in before:
            assert tensor.data_location == onnx.TensorProto.EXTERNAL
            assert {entry.key: entry.value for entry in tensor.external_data} == {
                "location": WEIGHTS_LEFT_OUT
            }
            assert not tensor.raw_data


def test_the_optimiser_works_around_unknown_weights() -> None:
    source = open_source("residual-cnn")
    light = export_model(source.model, source.args, source.kwargs, weights=False)
    op_types = {op_type for op_type, _, _ in nodes(light)}
    assert {"Conv", "BatchNormalization", "Gemm"} <= op_types


def test_torchscript_cannot() -> None:
    source = open_source("residual-cnn")
    with pytest.raises(ExportError, match=r"cannot leave out the weights: use the dynamo exporter"):
        export_model(source.model, source.args, exporter="torchscript", weights=False)
