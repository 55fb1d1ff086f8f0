"""One module under several names: known by all of them, whichever an exporter recorded."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import hexviz
from hexviz.exporters.module_infos import describe_modules
from hexviz.extraction.selection import selection
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.summary import summarize

X = torch.arange(8.0).reshape(2, 4)


class Block(nn.Module):
    def __init__(self, part: nn.Module | None = None) -> None:
        super().__init__()
        self.fc = part or nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.fc(x))


class Listed(nn.Module):
    """One block in all places of a list."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block()] * 3)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.head(x)
        return result


class Attributes(nn.Module):
    """Two attributes are one layer, called by the second name only."""

    def __init__(self) -> None:
        super().__init__()
        self.a = self.b = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.b(torch.tanh(self.b(x)))
        return result


class Tied(nn.Module):
    """A layer of the whole model is lent to two parts, and never called by its first name."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(4, 4)
        self.left, self.right = Block(self.shared), Block(self.shared)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.left(x) * self.right(x + 1)
        return result


class Whole(nn.Module):
    """A part with parts of its own has two names, and so have these."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(Block(), Block())
        self.parts = nn.ModuleDict({"online": self.encoder, "target": nn.Linear(4, 4)})

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.parts["target"](self.parts["online"](x))
        return result


class Contained(nn.Module):
    """What is in a container ran under other names, the container has no call of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleDict({"encoder": nn.Sequential(Block(), Block())})
        self.encoder = self.net["encoder"]
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.encoder(x))
        return result


KINDS = (Listed, Attributes, Tied, Whole, Contained)
EXPORTERS: tuple[Any, ...] = ("dynamo", "torchscript")


@functools.cache
def export(kind: Callable[[], nn.Module], exporter: Any) -> hexviz.TaggedGraph:
    return hexviz.export(kind().eval(), (X,), exporter=exporter)


@pytest.fixture(params=[(kind, one) for kind in KINDS for one in EXPORTERS])
def graph(request: pytest.FixtureRequest) -> hexviz.TaggedGraph:
    return export(*request.param)


def several(graph: hexviz.TaggedGraph) -> dict[str, str]:
    """Every name that is not a module's first → that."""
    return {one.fqn: one.same_as for one in graph.modules if one.same_as}


def test_the_exporter_says_which_names_are_of_one_module() -> None:
    known = {fqn: info.same_as for fqn, info in describe_modules(Whole()).items()}
    assert {fqn: first for fqn, first in known.items() if first} == {
        "parts.online": "encoder",
        "parts.online.0": "encoder.0",
        "parts.online.0.fc": "encoder.0.fc",
        "parts.online.1": "encoder.1",
        "parts.online.1.fc": "encoder.1.fc",
    }


def test_nothing_is_wrong_with_such_a_model(graph: hexviz.TaggedGraph) -> None:
    assert several(graph)
    assert graph.audit() == []


def test_every_name_selects_the_module(graph: hexviz.TaggedGraph) -> None:
    for name in graph.modules.names_of(next(iter(several(graph)))):
        part = graph.extract([name])
        assert part.model.graph.node
        assert {graph.modules.first_name(one) for one in part.selected.modules} == {
            graph.modules.first_name(name)
        }
    assert part.verify().ok


def test_a_saved_file_knows_the_names(graph: hexviz.TaggedGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "tagged.onnx")
    again = hexviz.load(tmp_path / "tagged.onnx")
    assert several(again) == several(graph)
    assert again.audit() == []
    packed = pack(again)
    assert packed is not None
    names = {one.fqn: one.same_as for one in Packed(packed).modules() if one.same_as}
    assert names == several(graph)


def test_the_figures_say_which_names_are_of_one_module(graph: hexviz.TaggedGraph) -> None:
    listed = {one["module"]: one["same_as"] for one in summarize(graph)["modules"]}
    assert {fqn: first for fqn, first in listed.items() if first} == several(graph)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_what_is_left_out_by_another_name_is_left_out(exporter: Any) -> None:
    graph = export(Attributes, exporter)
    ran, other = ("b", "a") if graph.modules["b"].ops else ("a", "b")
    kept = selection(graph, [""], exclude=[other]).positions(graph)
    assert kept
    assert not [at for at in kept if graph.ops[at].module == ran]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_container_stands_for_what_is_in_it_under_any_name(exporter: Any) -> None:
    graph = export(Contained, exporter)
    inside = selection(graph, ["encoder"]).positions(graph)
    assert selection(graph, ["net"]).positions(graph) == inside
    assert selection(graph, ["**"], exclude=["net"]).positions(graph) == [len(graph.ops) - 1]


@pytest.mark.parametrize("kind", KINDS)
def test_both_exporters_call_them_alike(kind: Callable[[], nn.Module]) -> None:
    torchscript, dynamo = (export(kind, one) for one in EXPORTERS)
    for fqn in (one.fqn for one in dynamo.modules):
        assert torchscript.modules.first_name(fqn) == dynamo.modules.first_name(fqn)
