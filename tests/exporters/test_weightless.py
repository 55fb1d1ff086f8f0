from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from hexviz.errors import ExportError, SourceError
from hexviz.exporters.export import export_model
from hexviz.exporters.exporter_log import Log, captured
from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import open_source
from hexviz.exporters.weightless import parameters_without_memory
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


@pytest.mark.parametrize("name", ["custom-auxiliary", "residual-cnn", "bert-tiny", "gpt2"])
def test_every_source_can_be_built_without_memory_for_its_parameters(name: str) -> None:
    real, source = open_source(name), open_source(name, weights=False)
    assert all(parameter.is_meta for parameter in source.model.parameters())
    assert not any(buffer.is_meta for buffer in source.model.buffers())
    kinds = [
        {fqn: (one.shape, one.dtype) for fqn, one in model.named_parameters()}
        for model in (real.model, source.model)
    ]
    assert kinds[0] == kinds[1]


FACTORIES = """
import torch
from torch import nn

def huge():
    model = nn.Sequential(*(nn.Linear(32768, 32768, bias=False) for _ in range(10)))
    model.append(nn.Linear(32768, 32768, bias=False))
    model[-1].weight = model[0].weight
    return model, (torch.ones(1, 32768),)

def looks():
    layer = nn.Linear(2, 2)
    layer.scale = float(layer.weight.abs().max())
    return layer, (torch.ones(1, 2),)
"""


def test_a_factory_of_any_size_and_one_that_needs_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hexviz_large.py").write_text(FACTORIES)
    monkeypatch.chdir(tmp_path)
    source = open_source("hexviz_large:huge", weights=False)
    layers = list(source.model.children())
    assert layers[0].weight is layers[-1].weight
    light = export_model(source.model, source.args, weights=False)
    assert sum(map(len, (one.raw_data for one in light.proto.graph.initializer))) == 0
    assert len(nodes(light)) >= 11
    with pytest.raises(SourceError, match="Without weights, its parameters have no values"):
        open_source("hexviz_large:looks", weights=False)


def test_torchscript_cannot() -> None:
    source = open_source("residual-cnn")
    with pytest.raises(ExportError, match=r"cannot leave out the weights: use the dynamo exporter"):
        export_model(source.model, source.args, exporter="torchscript", weights=False)


LLAMA = {
    "vocab_size": 60,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
}


def test_a_model_built_without_memory_gives_the_graph_of_a_real_one(tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaModel

    with captured(Log()):
        LlamaConfig(**LLAMA).save_pretrained(tmp_path / "llama")
        config = LlamaConfig(**LLAMA, attn_implementation="eager")
        config.use_cache = False
        real = LlamaModel(config)
    source = open_source(f"hf:{tmp_path / 'llama'}", weights=False)
    light = export_model(source.model, source.args, source.kwargs, weights=False, optimize=False)
    full = export_model(real, source.args, source.kwargs, optimize=False)
    assert nodes(light) == nodes(full)
    assert weights(light) == weights(full)
    assert light.modules == full.modules
    # What is no parameter keeps its value, here the rotary embedding's frequencies.
    kept = [one for one in light.proto.graph.initializer if one.raw_data]
    assert kept
    real_data = {one.name: one.raw_data for one in full.proto.graph.initializer}
    assert all(one.raw_data == real_data[one.name] for one in kept)


def test_gigabytes_of_parameters_take_no_memory() -> None:
    script = """
import resource
from torch import nn
from hexviz.exporters.weightless import parameters_without_memory
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with parameters_without_memory():
    model = nn.Sequential(*(nn.Linear(8192, 8192) for _ in range(64)))
tied = nn.Linear(2, 2)
with parameters_without_memory():
    tied.weight = model[0].weight
assert tied.weight is model[0].weight
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100_000  # kilobytes; the parameters would take 17 GB


def test_a_model_on_the_meta_device_needs_to_leave_its_weights_out() -> None:
    with torch.device("meta"):
        model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    inputs = (torch.ones(2, 4),)
    with pytest.raises(ExportError, match="no weights: leave them out"):
        export_model(model, inputs)
    light = export_model(model, inputs, weights=False)
    assert weights(light) == {"0.weight": (1, [3, 4]), "0.bias": (1, [3])}
    assert all(parameter.is_meta for parameter in model.parameters())


def norms(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    return nn.Sequential(norm(nn.Linear(4, 4)), nn.ReLU())


def lazy() -> nn.Module:
    return nn.Sequential(nn.LazyLinear(4), nn.Unflatten(0, (1, 2)), nn.LazyConv1d(3, 1))


@pytest.mark.parametrize("built_without_memory", [True, False])
@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda: norms(nn.utils.parametrizations.weight_norm), 3),
        (lambda: norms(nn.utils.parametrizations.spectral_norm), 2),
        (lazy, 4),
        (lambda: nn.Sequential(nn.LazyBatchNorm1d(), nn.LazyLinear(3)), 4),
    ],
)
def test_parametrisations_and_lazy_modules(
    make: Callable[[], nn.Module], parameters: int, built_without_memory: bool
) -> None:
    with parameters_without_memory() if built_without_memory else contextlib.nullcontext():
        model = make()
    light = export_model(model, (torch.ones(2, 4),), weights=False, optimize=False)
    named = dict(model.named_parameters())
    assert len(named) == parameters
    assert all(one.is_meta is built_without_memory for one in named.values())
    assert set(named) <= set(weights(light))
    assert all(
        tensor.data_location == onnx.TensorProto.EXTERNAL
        for tensor in light.proto.graph.initializer
        if tensor.name in named
    )
