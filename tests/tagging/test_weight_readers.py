"""Weights that several ops compute with, and records that a rewrite left behind."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.weight_readers import may_be_merged
from tests.build import parse, scoped, tagged

RANDOM = np.random.default_rng(0)


def encoder(norm: np.ndarray, layers: int = 3) -> onnx.ModelProto:
    """An embedding and some layers, each with a norm, all of which read the embedding's weight.

    So a tool leaves it that keeps one of the initializers with the same bytes.
    """
    nodes, weights = [], {"emb.word.weight": RANDOM.normal(size=(5, 4)), "emb.norm.weight": norm}
    nodes.append(helper.make_node("Gather", ["emb.word.weight", "ids"], ["w"]))
    nodes.append(helper.make_node("Mul", ["w", "emb.norm.weight"], ["n"]))
    last = "n"
    for at in range(layers):
        for step in ("attn", "fc"):
            weight = f"layer.{at}.{step}.weight"
            weights[weight] = RANDOM.normal(size=(4, 4))
            nodes.append(helper.make_node("MatMul", [last, weight], [f"{step}{at}"]))
            nodes.append(helper.make_node("Tanh", [f"{step}{at}"], [f"t{step}{at}"]))
            last = f"t{step}{at}"
        nodes.append(helper.make_node("Mul", [last, "emb.norm.weight"], [f"n{at}"]))
        last = f"n{at}"
    weights["pool.weight"] = RANDOM.normal(size=(4, 4))
    nodes.append(helper.make_node("MatMul", [last, "pool.weight"], ["y"]))
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [info("ids", TensorProto.INT64, [2])],
        [info("y", TensorProto.FLOAT, [2, 4])],
        [
            numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in weights.items()
        ],
    )
    return helper.make_model(graph)


def test_what_lies_between_readers_of_one_weight_is_not_inside_its_holder() -> None:
    graph = tagged(encoder(np.ones(4)))
    assert graph.op("n").module == "emb.norm"
    for at in range(3):
        for value in (f"attn{at}", f"tattn{at}", f"fc{at}"):
            assert is_within(graph.op(value).module, f"layer.{at}")
        assert is_within("layer", graph.op(f"n{at}").module)


def test_a_reader_that_is_far_from_the_holder_is_not_the_holders() -> None:
    """Of the last layer's norm nothing but the root is known, which encloses the holder as well."""
    graph = tagged(encoder(np.ones(4)))
    assert graph.op("n2").module == ""
    assert graph.op("n2").provenance.origin == "inherited"


def test_one_module_that_is_called_again_and_again_has_all_its_ops() -> None:
    """No two modules have the same drawn numbers."""
    graph = tagged(
        parse("""g (float[1,2] x) => (float[1,2] y) <float[2,2] "a.b.weight" = {1, 7, 3, 4}> {
        b = MatMul (x, "a.b.weight")
        c = Tanh (b)
        y = MatMul (c, "a.b.weight")
    }""")
    )
    assert [op.module for op in graph.ops] == ["a.b", "a", "a.b"]


def test_readers_on_two_branches_are_each_the_only_one_in_their_run() -> None:
    def branch(kind: str) -> onnx.GraphProto:
        node = helper.make_node(kind, ["x", "sub.w2"], [kind])
        return helper.make_graph([node], kind, [], [value(kind)])

    def value(name: str, kind: int = TensorProto.FLOAT, shape: tuple[int, ...] = (3,)) -> object:
        return helper.make_tensor_value_info(name, kind, shape)

    outer = helper.make_node(
        "If", ["c"], ["y"], then_branch=branch("Mul"), else_branch=branch("Div")
    )
    graph = helper.make_graph(
        [outer],
        "g",
        [value("x"), value("c", TensorProto.BOOL, ())],
        [value("y")],
        [numpy_helper.from_array(np.ones(3, np.float32), "sub.w2")],
    )
    found = {op.op_type: op for op in tagged(helper.make_model(graph)).ops}
    for kind in ("Mul", "Div"):
        assert (found[kind].module, found[kind].provenance.confidence) == ("sub", 0.9)


def test_a_record_is_not_doubted_because_of_equal_weights() -> None:
    """Two fresh norms of which the exporter kept one weight."""
    proto = parse("""g (float[4] x) => (float[4] y) <float[4] "a.norm.weight" = {1, 1, 1, 1}> {
        m = Mul (x, "a.norm.weight")
        y = Mul (m, "a.norm.weight")
    }""")
    graph = tagged(scoped(proto, {"m": "a.norm", "y": "b.norm"}))
    assert graph.op("y").module == "b.norm"
    assert not graph.op("y").provenance.candidates


@pytest.mark.parametrize(
    ("content", "by_chance"),
    [
        (np.ones(8, np.float32), True),
        (np.zeros((4, 4), np.float16), True),
        (np.arange(16, dtype=np.float32), True),
        (np.arange(16), True),
        (np.float32([0.5]), True),
        (RANDOM.normal(size=8).astype(np.float32), False),
        (RANDOM.normal(size=(4, 4)), False),
    ],
)
def test_which_numbers_may_be_equal_by_chance(content: np.ndarray, by_chance: bool) -> None:
    assert may_be_merged(numpy_helper.from_array(content, "w")) == by_chance


def test_numbers_that_cannot_be_read_are_judged_by_rank() -> None:
    def elsewhere(dims: list[int]) -> TensorProto:
        return TensorProto(
            dims=dims, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
        )

    assert may_be_merged(elsewhere([8]))
    assert not may_be_merged(elsewhere([8, 8]))
    assert may_be_merged(TensorProto(dims=[8], data_type=TensorProto.FLOAT, raw_data=b"x"))


def folded(rule: str = "FuseBatchNormIntoConv", weight: str = "net.conv.weight") -> TaggedGraph:
    proto = parse(f"""g (float[1,1,4,4] x) => (float[1,1,4,4] y)
    <float[1,1,1,1] "{weight}" = {{3}}> {{
        h = Conv (x, "{weight}")
        y = Relu (h)
    }}""")
    proto.graph.node[0].metadata_props.add(key="pkg.onnxscript.rewriter.rule_name", value=rule)
    return tagged(scoped(proto, {"h": "net.norm", "y": "net.act"}))


def test_an_op_with_the_record_of_what_was_folded_into_it_is_of_the_weights_holder() -> None:
    graph = folded()
    op = graph.op("h")
    assert (op.module, op.provenance.rule) == ("net.conv", "weight")
    assert op.shared_by == ("net.norm",)
    assert not [one for one in audit(graph) if "norm" in one.message]
    assert tagged(onnx.load_from_string(graph.to_bytes())).op("h") == op


def test_a_record_without_a_rewrite_is_believed() -> None:
    proto = parse("""g (float[1,1] x) => (float[1,1] y) <float[1,1] "net.conv.weight" = {3}> {
        y = MatMul (x, "net.conv.weight")
    }""")
    assert tagged(scoped(proto, {"y": "net.norm"})).op("y").module == "net.norm"


def test_a_rewritten_op_keeps_a_record_that_its_weights_do_not_contradict() -> None:
    assert folded(weight="net.norm.weight").op("h").module == "net.norm"
    assert folded(weight="net.weight").op("h").module == "net.norm"


FUSED = """<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>
g (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] WEIGHT = {3}> {
    s = Sigmoid (x)
    y = com.microsoft.FusedConv (s, WEIGHT)
}"""


@pytest.mark.parametrize("weight", ['"net.conv.weight"', '"onnx::Conv_7"'])
@pytest.mark.parametrize("activation", ["net.act", "net", ""])
def test_an_op_that_gives_the_value_of_what_was_fused_into_it_is_where_it_began(
    weight: str, activation: str
) -> None:
    """The map of the file knows the value as the activation's; the node's name, the convolution."""
    before = parse(f"""g (float[1,1,4,4] x) => (float[1,1,4,4] y)
    <float[1,1,1,1] {weight} = {{3}}> {{
        s = Sigmoid (x)
        h = Conv (s, {weight})
        y = Relu (h)
    }}""")
    scoped(before, {"s": "net.gate", "h": "net.conv", "y": activation})
    mapped = onnx.load_from_string(tagged(before).to_bytes())
    proto = parse(FUSED.replace("WEIGHT", weight))
    proto.metadata_props.extend(mapped.metadata_props)
    proto.graph.node[1].name = "/net/conv/Conv"
    graph = tagged(proto)
    op = graph.op("y")
    assert op.module == "net.conv"
    assert op.shared_by == (("net.act",) if activation == "net.act" else ())
    assert not [one for one in audit(graph) if one.ops and one.severity != "info"]
