"""The floor of costs: small models, by both exporters, beside what PyTorch itself counts.

Worsen a formula (leave a group of a convolution out, count a bias as a product) and this fails.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.costs import torch_flops
from hexviz.api import TaggedGraph, export
from hexviz.exporters.model_source import Source
from hexviz.measure.costs import formulas
from hexviz.measure.costs.costs import costs

Sizes = dict[str, int]


class Net(nn.Module):
    """A grouped convolution, one that is transposed, attention, an LSTM and a tied head.

    Nothing is computed twice: exporters would keep one of both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, groups=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2, bias=False)
        self.query = nn.Linear(6, 8)
        self.key = nn.Linear(6, 8)
        self.lstm = nn.LSTM(6, 5, batch_first=True)
        self.out = nn.Linear(5, 7)
        self.head = nn.Linear(5, 7, bias=False)
        self.head.weight = self.out.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.up(self.norm(self.conv(x)).relu()).flatten(2).transpose(1, 2)
        scores = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2), -1)
        x = torch.einsum("bij,bjk->bik", scores, x)
        y, _ = self.lstm(x)
        return self.out(y) + self.head(y.relu())


@pytest.fixture(scope="module")
def model() -> Net:
    torch.manual_seed(0)
    return Net().eval()


ARGS = (torch.zeros(1, 4, 6, 6),)


@pytest.fixture(scope="module", params=["dynamo", "torchscript"])
def graph(request: pytest.FixtureRequest, model: Net) -> TaggedGraph:
    return export(model, ARGS, exporter=request.param)


@pytest.fixture(scope="module")
def counted(model: Net) -> Sizes:
    return torch_flops(Source(model, ARGS))


def test_macs_are_torch_s_as_a_whole_and_by_module(graph: TaggedGraph, counted: Sizes) -> None:
    found = costs(graph)
    assert (found.model.macs, found.model.unknown) == (counted[""] // 2, 0)
    totals = {fqn: one.total.macs for fqn, one in found.modules.items()}
    assert {fqn: totals[fqn] for fqn in counted} == {fqn: n // 2 for fqn, n in counted.items()}


def test_parameters_are_exactly_those_of_the_model(graph: TaggedGraph, model: Net) -> None:
    found = costs(graph)
    expected = sum(one.numel() for one in model.parameters())
    assert found.model.parameters == expected
    assert sum(one.own.parameters or 0 for one in found.modules.values()) == expected
    for fqn, module in model.named_modules():
        total = found.modules[fqn].total.parameters
        assert total == sum(one.numel() for one in module.parameters()), fqn
    assert found.modules["head"].own.parameters == 0


def test_the_floor_can_fail(
    graph: TaggedGraph, counted: Sizes, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = {**formulas._PRODUCTS, ("", "Conv"): lambda _: 6 * 6 * 8 * 4 * 9}
    monkeypatch.setattr(formulas, "_PRODUCTS", worse)
    assert costs(graph).model.macs != counted[""] // 2
