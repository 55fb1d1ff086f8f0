import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.errors import ReadError
from hexviz.model.bodies import function_path
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
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


def test_what_is_listed_after_its_readers_stands_right_before_the_first() -> None:
    graph = flat("""g (float[2] x) => (float[2] z) {
        a = Relu (p)  b = Exp (a)  c = Abs (x)  z = Add (q, c)  p = Neg (x)  q = Neg (b)
    }""")
    assert [op.id for op in graph.ops] == ["p", "a", "b", "c", "q", "z"]
    assert [op.number for op in graph.ops] == [4, 0, 1, 2, 5, 3]
    assert [graph.ops[at].id for at in graph.top] == ["a", "b", "c", "z", "p", "q"]
    assert list(graph.order) == list(range(6))
    assert all(edge.source < edge.target for edge in graph.edges)


UNSORTED = """
g (float[2] x, bool c) => (float[2] z) {
   z = Relu (y)
   y = If (c) <
     then_branch = g1 () => (float[2] t) { t = Exp (u)  u = Add (a, x) },
     else_branch = g2 () => (float[2] e) {
       e = If (c) <
         then_branch = g3 () => (float[2] i) { i = Sub (b, x) },
         else_branch = g4 () => (float[2] j) { j = Neg (k) }
       >
       k = Neg (x)
     }
   >
   a = Neg (x)
   b = Neg (a)
}
"""


def test_what_a_body_captures_holds_back_the_op_that_owns_it() -> None:
    graph = flat(UNSORTED)
    assert [op.id for op in graph.ops] == [
        "a",
        "b",
        "y/then_branch/u",
        "y/then_branch/t",
        "y/else_branch/k",
        "y/else_branch/e/then_branch/i",
        "y/else_branch/e/else_branch/j",
        "y/else_branch/e",
        "y",
        "z",
    ]
    assert all(edge.source < edge.target for edge in graph.edges)
    # Nodes of the top graph are known by their place in the file.
    inner, own = graph.ops_of(1)
    assert (list(inner), graph.ops[own].id) == ([2, 3, 4, 5, 6, 7], "y")
    assert [len(graph.ops_of(node)[0]) for node in range(4)] == [0, 6, 0, 0]
    assert [graph.owners[at] for at in (0, 1, 2, 7, 8, 9)] == [0, 1, 8, 8, 8, 9]


def test_functions_come_before_functions_that_call_them() -> None:
    graph = flat("""<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] z) { z = local.outer (x) }
    <domain: "local", opset_import: ["" : 20, "local" : 1]>
    outer (v) => (w) { u = Neg (v)  w = local.inner (u) }
    <domain: "local", opset_import: ["" : 20]> inner (v) => (w) { w = Neg (v) }
    """)
    assert [op.op_type for op in graph.ops] == ["Neg", "Neg", "inner", "outer"]
    assert all(edge.source < edge.target for edge in graph.edges)


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(4)), st.permutations(range(2)), st.permutations(range(2)))
def test_any_order_of_the_file_says_the_same(
    outer: list[int], then: list[int], other: list[int]
) -> None:
    proto = parse(UNSORTED)
    branches = [one.g for one in proto.graph.node[1].attribute]
    for listed, order in zip([*branches, proto.graph], [then, other, outer], strict=True):
        nodes = [onnx.NodeProto.FromString(one.SerializeToString()) for one in listed.node]
        del listed.node[:]
        listed.node.extend(nodes[at] for at in order)
    graph, usual = flatten(proto), flat(UNSORTED)
    assert edges(graph) == edges(usual)
    assert all(edge.source < edge.target for edge in graph.edges)
    assert all(graph.ops[at].number == number for number, at in enumerate(graph.top))


def test_values_that_a_body_gives_straight_back_are_edges() -> None:
    text = """
    g (float[2] x, bool c) => (float[2] z) <float[2] w = {1, 2}> {
       a = Neg (x)
       y = If (c) <
         then_branch = g1 () => (float[2] a) { b = Exp (a) },
         else_branch = g2 () => (float[2] e) {
           e = If (c) <
             then_branch = g3 () => (float[2] x) {},
             else_branch = g4 () => (float[2] w) {}
           >
         }
       >
       z = Relu (y)
    }"""
    graph = flat(text)
    assert ("a", "y", "a") in edges(graph)
    owner = {op.id: at for at, op in enumerate(graph.ops)}
    assert dict(graph.handed_on) == {
        owner["y"]: ("a",),
        owner["y/else_branch/e"]: ("x", "w"),
    }
    assert graph.readers("a") == (owner["y/then_branch/b"], owner["y"])
    assert graph.readers("x") == (owner["a"], owner["y/else_branch/e"])
    assert graph.readers("w") == (owner["y/else_branch/e"],)
    # A name that the body makes again is its own.
    shadowed = flat(text.replace("b = Exp (a)", "a = Exp (x)"))
    assert ("a", "y", "a") not in edges(shadowed)
    assert ("y/then_branch/a", "y", "y/then_branch/a") in edges(shadowed)


def test_a_cycle_is_an_error_that_names_an_op() -> None:
    with pytest.raises(ReadError, match=r"contains a cycle through op '[yz]'"):
        flat("g (float[2] x) => (float[2] z) { y = Add (x, z)  z = Relu (y) }")
    inside = """g (float[2] x, bool c) => (float[2] z) {
        z = If (c) <then_branch = t () => (float[2] u) { n = Neg (y)  u = Neg (x) }>
        y = Neg (z)
    }"""
    with pytest.raises(ReadError, match=r"contains a cycle through op '[yz]'"):
        flat(inside)


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
    assert graph.entering(range(len(graph.ops)))


def test_paths_of_functions_never_collide() -> None:
    names = [("a", "b", ""), ("", "a", "b"), ("a::b", "c", ""), ("a", "b::c", ""), ("a/b", "c", "")]
    paths = [function_path(*name) for name in names]
    assert len(set(paths)) == len(names)
    assert not any("/" in path for path in paths)
