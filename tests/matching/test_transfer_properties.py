"""What holds of every transfer: to itself it changes nothing, and twice is once."""

import onnx
from hypothesis import given, settings

from hexviz.matching.match import match
from hexviz.matching.transfer import transferred
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.tag import tag
from tests.build import tagged
from tests.tagging.random_graphs import models, repeated


def bare(proto: onnx.ModelProto) -> TaggedGraph:
    """The graph without any metadata."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for node in copy.graph.node:
        del node.metadata_props[:]
    return tag(from_proto(copy, name="bare.onnx"))


def carried(before: TaggedGraph, after: TaggedGraph) -> TaggedGraph:
    return transferred(before, after, match(before, after))


@settings(max_examples=60)
@given(models() | repeated())
def test_a_graph_without_its_records_gets_its_modules_back(proto: onnx.ModelProto) -> None:
    before = tagged(proto)
    after = carried(before, bare(proto))
    known = [at for at, op in enumerate(before.ops) if op.provenance.origin != "fallback"]
    matched = [at for at in known if after.ops[at].provenance.is_of_another_graph]
    assert [after.ops[at].module for at in matched] == [before.ops[at].module for at in matched]
    assert list(after.modules.infos()) == list(before.modules.infos())


@settings(max_examples=60)
@given(models() | repeated())
def test_a_second_transfer_changes_nothing(proto: onnx.ModelProto) -> None:
    before = tagged(proto)
    once = carried(before, bare(proto))
    twice = carried(before, once)
    assert [op.provenance for op in twice.ops] == [op.provenance for op in once.ops]


@settings(max_examples=60)
@given(models() | repeated())
def test_every_tag_is_explained_and_kept(proto: onnx.ModelProto) -> None:
    graph = carried(tagged(proto), bare(proto))
    again = tag(from_proto(onnx.load_from_string(graph.to_bytes()), name="again.onnx"))
    for op, other in zip(graph.ops, again.ops, strict=True):
        assert other.provenance == op.provenance
        assert explain(again, op.id).sentence == explain(graph, op.id).sentence
        if op.provenance.is_of_another_graph:
            assert explain(graph, op.id).steps == ()
            assert "test.onnx" in explain(graph, op.id).sentence
