"""What a blanked file still says, and what it no longer does."""

import onnx
import pytest

from benchmarks.sorting import shuffle
from hexviz.bench.blanking import blank
from tests.build import parse, scoped


def small() -> onnx.ModelProto:
    proto = scoped(
        parse("""g (float[2] x) => (float[2] y) {
        a = Neg (x)
        b = Relu (a)
        y = Exp (b)
    }"""),
        {"a": "one", "b": "two", "y": "two"},
    )
    for node in proto.graph.node:
        node.name = f"/two/{node.op_type}"
    return proto


def test_a_blanked_op_says_nothing_and_the_rest_all_it_said() -> None:
    proto = small()
    result = blank(proto, {"b", "y"})
    kept, *blanked = result.graph.node
    assert kept == proto.graph.node[0]
    for node, before in zip(blanked, proto.graph.node[1:], strict=True):
        assert (node.name, len(node.metadata_props), node.doc_string) == ("", 0, "")
        assert node.op_type == before.op_type
        assert not set(node.output) & set(before.output)
    assert blanked[1].input[0] == blanked[0].output[0]
    assert result.graph.output[0].name == blanked[1].output[0]
    onnx.checker.check_model(result)


def test_captured_values_are_renamed_in_bodies_too() -> None:
    proto = parse("""g (bool c, float[2] x) => (float[2] y) {
        a = Neg (x)
        y = If (c) <
            then_branch = t () => (float[2] p) { p = Relu (a) },
            else_branch = e () => (float[2] q) { q = Exp (a) }
        >
    }""")
    result = blank(proto, {"a", "p"})
    onnx.checker.check_model(result)
    assert b"Neg" in result.SerializeToString()
    assert all(node.output[0] != "a" for node in result.graph.node)


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_a_shuffled_graph_is_the_same_in_another_topological_order(exported, exporter: str) -> None:  # type: ignore[no-untyped-def]
    proto = exported("bert-tiny", exporter).proto
    result = shuffle(proto, 3)
    before = [node.output[0] for node in proto.graph.node]
    after = [node.output[0] for node in result.graph.node]
    assert sorted(before) == sorted(after)
    assert before != after
    onnx.checker.check_model(result)
    assert shuffle(proto, 3) == result
    assert shuffle(proto, 4) != result
