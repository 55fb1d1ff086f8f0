"""The one walk through bodies and functions."""

import re
from pathlib import Path

import onnx

import hexviz
from hexviz.model.bodies import all_graphs, graphs_in, graphs_of, graphs_within, walk, walk_bodies
from tests.build import parse

NESTED = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (bool c, float[2] x) => (float[2] z) {
    k = Neg (x)
    y = If (c) <
        then_branch = t () => (float[2] a) { a = Exp (k) },
        else_branch = e () => (float[2] b) {
            b = If (c) <
                then_branch = tt () => (float[2] r) { r = Abs (k) },
                else_branch = ee () => (float[2] s) { s = Identity (x) }
            >
        }
    >
    z = local.twice (y)
}
<domain: "local", opset_import: ["" : 20]>
twice (v) => (w) { w = Add (v, v) }"""


def test_a_walk_meets_every_node_once() -> None:
    made = [node.output[0] for node in walk(parse(NESTED).graph.node)]
    assert sorted(made) == ["a", "b", "k", "r", "s", "y", "z"]


def test_what_is_changed_in_a_node_is_seen_by_the_walk() -> None:
    proto = parse(NESTED)
    seen = []
    for node in walk(proto.graph.node):
        seen.append(node.op_type)
        if node.op_type == "If":
            del node.attribute[:]
    assert sorted(seen) == ["If", "Neg", "twice"]


def test_paths_of_bodies_begin_with_the_id_of_their_op() -> None:
    bodies = dict(walk_bodies(parse(NESTED), lambda path, _, node: f"{path}:{node.output[0]}"))
    assert list(bodies) == [
        "",
        ":y/else_branch",
        ":y/else_branch:b/else_branch",
        ":y/else_branch:b/then_branch",
        ":y/then_branch",
        "function:local::twice",
    ]


def test_nodes_may_be_sorted_while_bodies_are_walked() -> None:
    proto = parse(NESTED)
    for path, graph in walk_bodies(proto, lambda _path, index, _node: str(index)):
        if not path:
            nodes = [onnx.NodeProto.FromString(one.SerializeToString()) for one in graph.node]
            del graph.node[:]
            graph.node.extend(reversed(nodes))
    assert [node.op_type for node in proto.graph.node] == ["twice", "If", "Neg"]


def test_all_graphs_are_the_top_graph_bodies_and_functions() -> None:
    proto = parse(NESTED)
    assert len(list(graphs_within(proto.graph))) == 5
    names = [one.name for one in all_graphs(proto)]
    assert (names[0], names[-1]) == ("g", "twice")


def test_a_graph_beside_what_the_type_of_an_attribute_says_is_no_body_and_is_not_overlooked() -> (
    None
):
    node = onnx.NodeProto(op_type="Custom")
    node.attribute.add(name="hidden", type=onnx.AttributeProto.FLOAT).g.name = "inner"
    assert [graph.name for graph in graphs_in(node)] == ["inner"]
    assert graphs_of(node) == []


WALKING = re.compile(r'HasField\("g"\)|\.graphs\b|\battribute\.g\b')


def test_nothing_else_looks_for_graphs_in_attributes() -> None:
    root = Path(hexviz.__file__).parent
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if WALKING.search(path.read_text())
    }
    # The second one only copies what an attribute is like, without what is in its graphs.
    assert found == {"model/bodies.py", "extraction/against_whole.py"}


def test_a_walk_of_its_own_is_found() -> None:
    assert WALKING.search("for attribute in node.attribute:\n    pending.append(attribute.g)")
