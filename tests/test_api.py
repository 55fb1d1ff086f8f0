"""The public contract, end to end, on a model written here."""

from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

import hexviz
from hexviz.model.writer import without_tags


class Gate(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(x).reshape(x.shape)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.gate = Gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = self.gate(layer(x))
        return x


@pytest.fixture(params=["dynamo", "torchscript"])
def exporter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bare(model: nn.Module, args: tuple[torch.Tensor, ...], path: Path, exporter: str) -> bytes:
    torch.onnx.export(
        model, args, path, dynamo=exporter == "dynamo", external_data=False, verbose=False
    )
    return onnx.load(path).SerializeToString(deterministic=True)


@pytest.mark.filterwarnings("ignore")  # the bare exporters warn; hexviz's capture that
def test_without_its_tags_a_saved_export_is_the_bare_export(tmp_path: Path, exporter: str) -> None:
    torch.manual_seed(0)
    model, args = Net().eval(), (torch.ones(2, 4),)
    graph = hexviz.export(model, args, exporter=exporter)
    graph.save(tmp_path / "tagged.onnx")
    saved = onnx.load(tmp_path / "tagged.onnx")
    assert saved.metadata_props
    stripped = without_tags(saved).SerializeToString(deterministic=True)
    assert stripped == bare(model, args, tmp_path / "bare.onnx", exporter)


def test_the_contract(tmp_path: Path, exporter: str) -> None:
    stages: list[tuple[str, float]] = []
    graph = hexviz.export(
        Net(),
        (torch.ones(2, 4),),
        exporter=exporter,
        progress=lambda stage, done: stages.append((stage, done)),
    )
    assert stages[-1][1] == 1.0
    assert {module.tag for module in graph.modules} == {
        "/Net",
        "/Net/Linear.0",
        "/Net/Linear.1",
        "/Net/Gate",
    }
    assert graph.modules["layers.0"].parameters == 20
    for op in graph.ops:
        assert graph.explain(op.id) is op.provenance
        assert op.id in graph.to_networkx()
    graph.save(tmp_path / "tagged.onnx")
    again = hexviz.load(tmp_path / "tagged.onnx")
    assert again.ops == graph.ops
    assert [one.tag for one in again.modules] == [one.tag for one in graph.modules]


def test_what_the_package_offers_is_sorted_and_there() -> None:
    assert sorted(hexviz.__all__) == hexviz.__all__
    assert all(hasattr(hexviz, name) for name in hexviz.__all__)
