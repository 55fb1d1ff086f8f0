"""What a person sets holds, what depends on it follows, and nothing else moves."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hexviz
from hexviz.bench.blanking import blank, know
from hexviz.errors import SelectionError, UnknownOpError
from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.override import overridden, override
from hexviz.tagging.tag import tag
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models

NET = scoped(
    parse("""g (float[2] x) => (float[2] y) {
    a = Neg (x)
    u = Abs (a)
    v = Exp (u)
    y = Relu (v)
}"""),
    {"a": "one", "y": "two"},
)


def test_what_is_set_holds_and_what_was_inherited_around_it_follows() -> None:
    graph = tagged(NET)
    assert [op.module for op in graph.ops] == ["one", "", "", "two"]
    moved = override(graph, {"v": "one"})
    assert [op.module for op in moved.ops] == ["one", "one", "one", "two"]
    why = moved.explain("v")
    assert (why.origin, why.rule, why.confidence) == ("manual", "override", 1.0)
    assert why.candidates[0].reason == "was its module before, by rule trace"
    assert moved.explain("u").evidence == ("a", "v")
    assert "v" in moved.modules["one"].ops
    assert [op.module for op in graph.ops] == ["one", "", "", "two"]


def test_setting_twice_keeps_what_the_file_said() -> None:
    moved = override(override(tagged(NET), {"y": "one"}), {"y": ""})
    assert overridden(moved) == {"y": ""}
    assert [one.module for one in moved.explain("y").candidates] == ["two"]


def test_names_that_are_not_there() -> None:
    graph = tagged(NET)
    with pytest.raises(UnknownOpError, match="No op has the id 'yy'; near ones: y"):
        override(graph, {"yy": "one"})
    with pytest.raises(SelectionError, match="No module is named 'onee'; near ones: one"):
        override(graph, {"y": "onee"})


def test_it_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(NET, path)
    graph = hexviz.load(path)
    moved = graph.override({"v": "one"})
    assert isinstance(moved, hexviz.TaggedGraph)
    moved.save(tmp_path / "moved.onnx")
    again = hexviz.load(tmp_path / "moved.onnx")
    assert [op.provenance for op in again.ops] == [op.provenance for op in moved.ops]
    assert overridden(again) == {"v": "one"}


@given(models(), st.data())
def test_nothing_that_is_declared_moves(proto: onnx.ModelProto, data: st.DataObject) -> None:
    graph = tagged(proto)
    op = data.draw(st.sampled_from(graph.ops))
    module = data.draw(st.sampled_from([one.fqn for one in graph.modules]))
    moved = override(graph, {op.id: module})
    for before, after in zip(graph.ops, moved.ops, strict=True):
        if before.id == op.id:
            assert (after.module, after.provenance.origin) == (module, "manual")
        elif before.provenance.origin == "declared":
            assert after.provenance == before.provenance


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_overriding_nothing_changes_nothing(
    exported: Callable[..., Exported], exporter: str
) -> None:
    one = exported("bert-tiny", exporter)
    truth = know(one.proto, one.modules)
    graph = tag(from_proto(blank(truth.proto, truth.auxiliary), name="blanked"))
    same = override(graph, {})
    assert [op.module for op in same.ops] == [op.module for op in graph.ops]
