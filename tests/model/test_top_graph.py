"""What the nodes of the top graph read and make, and which functions are called."""

import onnx

from hexviz.model.flatten import flatten
from hexviz.model.function_calls import calls
from hexviz.model.top_graph import TopGraph
from tests.build import parse

IF = """g (bool c, float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    k = Neg (x)
    y = If (c) <
        then_branch = t () => (float[2] o) <float[2] v = {1, 2}> { h = Add (k, v)  o = Mul (h, w) },
        else_branch = e () => (float[2] q) {
            q = If (c) <
                then_branch = tt () => (float[2] r) { r = Exp (k) },
                else_branch = ee () => (float[2] s) { s = Identity (x) }
            >
        }
    >
}"""


def top_graph(proto: onnx.ModelProto) -> TopGraph:
    return TopGraph.of(flatten(proto), proto.graph)


def test_a_node_reads_what_its_bodies_capture() -> None:
    top = top_graph(parse(IF))
    assert top.reads[0] == ("x",)
    assert set(top.reads[1]) == {"c", "k", "w", "x"}
    assert top.reads[1][0] == "c"
    assert top.makes == (("k",), ("y",))
    assert dict(top.maker) == {"k": 0, "y": 1}
    assert list(top.readers["k"]) == [1]
    assert list(top.makers) == [(), (0,)]
    assert list(top.users) == [(1,), ()]


def test_a_loop_captures_no_input_of_its_body() -> None:
    text = """g (int64 n, bool c, float[2] x, float[2] z) => (float[2] y) {
        y = Loop (n, c, x) <body = b (int64 i, bool d, float[2] a) => (bool e, float[2] f) {
            e = Identity (d)
            f = Add (a, z)
        }>
    }"""
    assert set(top_graph(parse(text)).reads[0]) == {"n", "c", "x", "z"}


def test_a_body_that_yields_an_outer_value_reads_it() -> None:
    proto = parse(IF)
    del proto.graph.node[1].attribute[0].g.node[:]
    proto.graph.node[1].attribute[0].g.output[0].name = "k"
    assert "k" in top_graph(proto).reads[1]


def test_omitted_values_are_none() -> None:
    text = "g (float[2] x, float h) => (float[2] y) { y = Clip (x, , h) }"
    top = top_graph(parse(text))
    assert top.reads[0] == ("x", "h")


def test_weights_and_inputs() -> None:
    text = "g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add (x, w) }"
    proto = parse(text)
    sparse = proto.graph.sparse_initializer.add()
    sparse.values.name = "s"
    top = top_graph(proto)
    assert list(top.inputs) == ["x"]
    assert (dict(top.weights), dict(top.sparse_weights)) == ({"w": 0}, {"s": 0})


def test_calls_in_bodies_count() -> None:
    proto = parse(IF)
    proto.graph.node[1].attribute[0].g.node.add(op_type="twice", domain="local", overload="o")
    assert ("local", "twice", "o") in set(calls(proto.graph.node))


def test_bodies_in_bodies_in_bodies() -> None:
    model = onnx.ModelProto()
    innermost = model.graph
    for at in range(30):  # a file cannot hold 50: protobuf's own limit is 100 nested messages
        node = innermost.node.add(op_type="If", input=[f"c{at}"], output=[f"y{at}"])
        attribute = node.attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
        innermost = attribute.g
    assert set(top_graph(model).reads[0]) == {f"c{at}" for at in range(30)}


def test_what_nothing_makes_is_read_from_around_a_body() -> None:
    proto = parse(IF)
    proto.graph.node[1].attribute[0].g.node[0].input[0] = "lost"
    assert "lost" in top_graph(proto).reads[1]


def test_values_go_by_their_names_though_another_has_the_id() -> None:
    proto = parse(IF)  # a value of the then branch has the id y/then_branch/h
    proto.graph.node[0].output[0] = "y/then_branch/h"
    proto.graph.node[1].attribute[0].g.node[0].input[0] = "y/then_branch/h"
    top = top_graph(proto)
    assert top.makes[0] == ("y/then_branch/h",)
    assert "y/then_branch/h" in top.reads[1]
