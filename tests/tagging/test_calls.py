"""Which call of a PyTorch function each op was made for, and that it survives as tags do."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import helper

import hexviz
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Call
from hexviz.model.reader import from_proto
from hexviz.tagging.calls import call_of
from hexviz.tagging.override import override
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.tag import tag
from hexviz.tagging.tags_document import put_tags, tags_document
from tests.exports import export_once

SCOPES, CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"


def recorded(name: str, target: str) -> dict[str, str]:
    return {SCOPES: repr(["", "fc", name]), CLASSES: repr(["Model", "Linear", target])}


@pytest.fixture(scope="module")
def bert() -> onnx.ModelProto:
    return export_once("bert-tiny", "dynamo").proto


def tagged(proto: onnx.ModelProto) -> TaggedGraph:
    return tag(from_proto(proto, name="model"))


def without_node_metadata(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What most tools leave of a file: the model's metadata, and none of its nodes'."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for node in copy.graph.node:
        del node.metadata_props[:]
    return copy


def test_the_last_entries_are_the_call_and_its_function() -> None:
    call = Call("linear_1", "aten.linear.default")
    assert call_of(recorded(*call)) == call
    assert call.function == "linear"
    assert call_of({"hexviz.call": "view_3 aten.view.default"}) == ("view_3", "aten.view.default")
    assert call_of({"namespace": ": Model/fc: Linear/linear_1: aten.linear.default"}) == call


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {SCOPES: "['', 'fc', 'linear']"},
        {SCOPES: "__import__('os')", CLASSES: "['a', 'b']"},
        {SCOPES: "['', '']", CLASSES: "['Model', 'aten.linear.default']"},
        recorded("linear", "x" * 10_000),
        recorded("two words", "aten.linear.default"),
        recorded("line\nbreak", "aten.linear.default"),
        {"hexviz.call": "linear"},
        {"namespace": "/fc"},
    ],
)
def test_what_names_no_call_is_none(metadata: dict[str, str]) -> None:
    assert call_of(metadata) is None


def test_an_attention_is_a_few_calls(bert: onnx.ModelProto) -> None:
    graph = tagged(bert)
    attention = [op for op in graph.ops if op.module == "encoder.layer.0.attention.self"]
    assert len(attention) == 61
    functions = {op.call.function for op in attention if op.call}
    assert functions == {"view", "transpose", "scaled_dot_product_attention"}
    assert len({op.call for op in attention}) == 10


def test_calls_outlive_a_tool_that_drops_the_metadata_of_nodes(
    bert: onnx.ModelProto, tmp_path: Path
) -> None:
    graph = tagged(bert)
    path = tmp_path / "tagged.onnx"
    graph.save(path)
    assert not any(
        entry.key == "hexviz.call"
        for node in onnx.load(path).graph.node
        for entry in node.metadata_props
    ), "the exporter's own record stands there"
    again = tagged(without_node_metadata(onnx.load(path)))
    assert [op.call for op in again.ops] == [op.call for op in graph.ops]
    again.save(path)  # with a record of our own on each node now
    stripped = onnx.load(path)
    del stripped.metadata_props[:]
    assert [op.call for op in tagged(stripped).ops] == [op.call for op in graph.ops]


def test_a_transfer_brings_calls_along(bert: onnx.ModelProto) -> None:
    before = tagged(bert)
    after = hexviz.transfer(before, tagged(without_node_metadata(bert)))
    assert sum(op.call is not None for op in after.ops) > 0.95 * len(after.ops)
    same = [op.call == other.call for op, other in zip(after.ops, before.ops, strict=True)]
    assert sum(same) > 0.95 * len(same)
    again = put_tags(tagged(without_node_metadata(bert)), tags_document(after))
    assert [op.call for op in again.ops] == [op.call for op in after.ops]


def test_calls_are_kept_by_corrections_and_by_the_cache(bert: onnx.ModelProto) -> None:
    graph = tagged(bert)
    moved = override(graph, {graph.ops[9].id: ""})
    assert [op.call for op in moved.ops] == [op.call for op in graph.ops]
    packed = pack(graph)
    assert packed is not None
    assert [op.call for op in Packed(packed).ops()] == [op.call for op in graph.ops]


def test_calls_are_searched_and_told(bert: onnx.ModelProto) -> None:
    from hexviz.extraction.query import parse_query
    from hexviz.extraction.search_index import SearchIndex
    from hexviz.tagging.summary import op_record

    graph = tagged(bert)
    index = SearchIndex(graph)
    wanted = [at for at, op in enumerate(graph.ops) if op.call and op.call.function == "view"]
    assert index.ops(parse_query("call:view")) == wanted
    assert index.ops(parse_query("call:aten.view.*")) == wanted
    name = graph.ops[wanted[-1]].call
    assert name is not None
    assert set(index.ops(parse_query(f"call:{name.name}"))) < set(wanted)
    assert op_record(graph.ops[wanted[-1]])["call"] == {"name": name.name, "target": name.target}
    node = graph.to_networkx().nodes[graph.ops[wanted[-1]].id]
    assert (node["call"], node["call_target"]) == name


def test_an_op_that_no_call_made_has_none() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [1])],
        [value("y", onnx.TensorProto.FLOAT, [1])],
    )
    assert tagged(helper.make_model(graph)).ops[0].call is None
