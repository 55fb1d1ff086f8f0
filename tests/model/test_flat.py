import onnx
import pytest

from hexviz.errors import ReadError
from hexviz.model.flat import FlatGraph, function_path
from hexviz.model.flatten import flatten
from hexviz.model.uses import Uses
from tests.build import parse

BRANCHES = """
g (float[2] x, bool c) => (float[2] z) {
   a = Neg (x)
   y = If (c) <
     then_branch = g1 () => (float[2] t) { t = Add (a, x) },
     else_branch = g2 () => (float[2] e) { s = Sub (a, x)  e = Identity (s) }
   >
   z = Relu (y)
}
"""


def flat(text: str) -> FlatGraph:
    return flatten(parse(text))


def edges(graph: FlatGraph) -> set[tuple[str, str, str]]:
    return {(graph.ops[e.source].id, graph.ops[e.target].id, e.value) for e in graph.edges}


def test_bodies_are_listed_before_their_owner_with_prefixed_ids() -> None:
    graph = flat(BRANCHES)
    assert [op.id for op in graph.ops] == [
        "a",
        "y/then_branch/t",
        "y/else_branch/s",
        "y/else_branch/e",
        "y",
        "z",
    ]
    assert [op.body for op in graph.ops] == [
        "",
        "y/then_branch",
        "y/else_branch",
        "y/else_branch",
        "",
        "",
    ]


def test_edges_cross_bodies() -> None:
    assert edges(flat(BRANCHES)) == {
        ("a", "y/then_branch/t", "a"),
        ("a", "y/else_branch/s", "a"),
        ("y/else_branch/s", "y/else_branch/e", "y/else_branch/s"),
        ("y/then_branch/t", "y", "y/then_branch/t"),
        ("y/else_branch/e", "y", "y/else_branch/e"),
        ("y", "z", "y"),
    }


def test_functions_come_first_and_feed_their_callers() -> None:
    graph = flat("""<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] z) { y = local.twice (x)  z = local.twice (y) }
    <domain: "local", opset_import: ["" : 20]>
    twice (v) => (w) { u = Neg (v)  w = Neg (u) }
    """)
    assert [op.id for op in graph.ops] == [
        "function:local::twice/u",
        "function:local::twice/w",
        "y",
        "z",
    ]
    assert ("function:local::twice/w", "y", "function:local::twice/w") in edges(graph)


def test_an_omitted_first_output_leaves_the_second_as_the_id() -> None:
    graph = flat("g (float[1,2,4] x) => (bool[1,2,4] m) { , m = Dropout (x) }")
    assert graph.ops[0].id == "m"


def test_equal_names_in_different_bodies_get_different_ids() -> None:
    graph = flat(BRANCHES.replace("[2] t", "[2] e").replace("t = Add", "e = Add"))
    assert len({op.id for op in graph.ops}) == len(graph.ops)


def test_an_unsorted_graph_has_a_topological_order() -> None:
    graph = flat("g (float[2] x) => (float[2] z) { z = Relu (y)  y = Neg (x) }")
    assert [graph.ops[at].id for at in graph.order] == ["y", "z"]


def test_a_cycle_is_an_error_that_names_an_op() -> None:
    with pytest.raises(ReadError, match=r"contains a cycle through op '[yz]'"):
        flat("g (float[2] x) => (float[2] z) { y = Add (x, z)  z = Relu (y) }")


def test_bodies_thirty_deep() -> None:
    inner = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["r"])], "g", [], [])
    inner.output.add(name="r")
    for _ in range(30):
        node = onnx.helper.make_node("If", ["c"], ["r"], then_branch=inner, else_branch=inner)
        del node.attribute[1]
        inner = onnx.helper.make_graph([node], "g", [], [])
        inner.output.add(name="r")
    graph = flatten(onnx.helper.make_model(inner))
    assert len(graph.ops) == 31
    assert len({op.id for op in graph.ops}) == 31


def test_an_op_without_outputs_gets_an_id_that_nothing_else_has() -> None:
    """A custom op may have no outputs; a value may be called what hexviz would call it."""
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    silent = onnx.helper.make_node("Print", ["x"], [], domain="my")
    proto.graph.node.insert(0, silent)
    proto.graph.node.append(onnx.helper.make_node("Neg", ["x"], ["#0"]))
    graph = flatten(proto)
    assert len({op.id for op in graph.ops}) == 3


def test_a_body_is_listed_where_onnx_defines_none() -> None:
    proto = parse(BRANCHES)
    inner = proto.graph.node[1].attribute[0].g
    proto.graph.node[2].attribute.append(onnx.helper.make_attribute("body", inner))
    assert "z/body/t" in [op.id for op in flatten(proto).ops]


def test_a_value_without_a_name_is_a_value() -> None:
    proto = parse(BRANCHES)
    proto.graph.input.add(name="")
    proto.graph.node[1].attribute[0].g.input.add(name="")
    graph = flatten(proto)
    assert len(graph.inputs) == 3
    assert all(one in graph.values for one in graph.inputs)
    uses = Uses(graph)
    assert uses.entering(range(len(graph.ops)))


def test_paths_of_functions_never_collide() -> None:
    names = [("a", "b", ""), ("", "a", "b"), ("a::b", "c", ""), ("a", "b::c", ""), ("a/b", "c", "")]
    paths = [function_path(*name) for name in names]
    assert len(set(paths)) == len(names)
    assert not any("/" in path for path in paths)
