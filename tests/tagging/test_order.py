"""The order of execution: kept, or rebuilt from dataflow."""

from collections.abc import Callable

import onnx
import pytest
import torch
from torch import nn

import hexviz
from benchmarks.planting import WAYS, plant
from benchmarks.sorting import SORTS, resort, shuffle
from hexviz.exporters.interface import Exported
from hexviz.model.flatten import flatten
from hexviz.model.reader import from_proto
from hexviz.tagging.audit import audit
from hexviz.tagging.declare import declare
from hexviz.tagging.finding import accused_ops
from hexviz.tagging.order import evaluation_order, execution_order
from tests.build import parse, scoped, tagged


def test_each_op_stands_before_the_first_that_needs_it() -> None:
    flat = flatten(
        from_proto(
            parse("""g (float[2] x) => (float[2] y) {
            a1 = Neg (x)
            b1 = Abs (x)
            a2 = Exp (a1)
            b2 = Tanh (b1)
            y = Add (b2, a2)
        }"""),
            name="",
        ).proto
    )
    names = [flat.ops[at].id for at in evaluation_order(flat)]
    assert names == ["b1", "b2", "a1", "a2", "y"]


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_a_shuffled_export_is_noticed_and_an_export_is_not(exported, exporter: str) -> None:  # type: ignore[no-untyped-def]
    proto = exported("bert-tiny", exporter).proto
    for source, kept in ((proto, True), (shuffle(proto, 1), False)):
        flat = flatten(from_proto(source, name="").proto)
        declared = declare(flat, {}).provenance
        assert execution_order(flat, declared)[1] is kept


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.steps(x)
        return made


class _Heads(nn.Module):
    """A stem with three heads, which a tool may sort step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.heads = nn.ModuleList(_Head() for _ in range(3))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.stem(x)
        return tuple(head(x) for head in self.heads)


@pytest.fixture(scope="module", params=["dynamo", "torchscript"])
def heads(request: pytest.FixtureRequest) -> onnx.ModelProto:
    exported: onnx.ModelProto = hexviz.export(
        _Heads(), (torch.ones(2, 8),), exporter=request.param
    ).proto
    return exported


def is_kept(proto: onnx.ModelProto) -> bool:
    flat = flatten(from_proto(proto, name="").proto)
    return execution_order(flat, declare(flat, {}).provenance)[1]


@pytest.mark.parametrize("sort", ["breadth first", "breadth first from the outputs", "by op type"])
def test_an_order_that_contradicts_the_names_is_lost(heads: onnx.ModelProto, sort: str) -> None:
    """Ultralytics, onnxslim and tf2onnx write breadth first; any topological order is valid."""
    assert is_kept(heads)
    assert not is_kept(resort(heads, sort))


@pytest.mark.parametrize("sort", SORTS)
def test_nobody_is_accused_because_a_tool_sorted_the_nodes(
    heads: onnx.ModelProto, sort: str
) -> None:
    assert not accused_ops(audit(tagged(resort(heads, sort))))


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
@pytest.mark.parametrize("sort", SORTS)
def test_the_modules_of_a_sorted_export_are_what_they_were(
    exported: Callable[..., Exported], exporter: str, sort: str
) -> None:
    one = exported("custom-auxiliary", exporter)
    right = tagged(one.proto, one.modules)
    graph = tagged(resort(one.proto, sort), one.modules)
    assert {op.id: op.module for op in graph.ops if op.provenance.origin == "declared"} == {
        op.id: op.module for op in right.ops if op.provenance.origin == "declared"
    }
    assert not accused_ops(audit(graph))


def test_wrong_tags_do_not_make_an_order_lost(exported: Callable[..., Exported]) -> None:
    """Or they would hide themselves."""
    one = exported("bert-tiny", "torchscript")
    graph = tagged(one.proto, one.modules)
    for way in WAYS:
        for seed in range(5):
            wrong = plant(graph, way, share=0.02, seed=seed).graph
            known = {at: op.provenance for at, op in enumerate(wrong.ops)}
            assert execution_order(wrong.flat, known)[1]


def test_a_recurrence_is_an_order_of_its_own() -> None:
    """A cell hands its state to its next call, past what stands between; no order is better."""
    steps = "\n".join(f"h{at} = Add (h{at - 1}, x)\no{at} = Neg (h{at})" for at in range(1, 9))
    text = "g (float[2] x, float[2] h0) => (float[2] y) {" + steps + "\ny = Sum ("
    text += ", ".join(f"o{at}" for at in range(1, 9)) + ")}"
    scopes = {f"h{at}": "cell.state" for at in range(1, 9)} | {
        f"o{at}": "head.out" for at in range(1, 9)
    }
    assert is_kept(scoped(parse(text), scopes | {"y": ""}))
