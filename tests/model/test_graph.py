import networkx as nx
import pytest

from hexviz.app.panels.inspector.value import inspect_value
from hexviz.errors import UnknownOpError
from tests.build import parse, scoped, tagged
from tests.model.test_flat import BRANCHES


def test_to_networkx_has_every_op_and_every_edge() -> None:
    graph = tagged(scoped(parse(BRANCHES), {"a": "enc", "y": "enc.att", "z": "head"}))
    result = graph.to_networkx()
    assert set(result) == {op.id for op in graph.ops}
    assert nx.is_directed_acyclic_graph(result)
    assert result.nodes["y/then_branch/t"]["op_type"] == "Add"
    assert result.nodes["a"]["module"] == "enc"
    assert result.edges["y/else_branch/s", "y/else_branch/e"]["values"] == ("y/else_branch/s",)


def test_two_values_between_two_ops_share_an_edge() -> None:
    graph = tagged(
        parse("""g (float[4] x) => (float[2] y) {
            a, b = Split <num_outputs = 2> (x)
            y = Add (a, b)
        }""")
    )
    assert dict(graph.to_networkx().edges) == {("a", "y"): {"values": ("a", "b")}}


def test_explain_gives_the_provenance_of_an_op() -> None:
    graph = tagged(scoped(parse(BRANCHES), {"a": "enc"}))
    assert graph.explain("a").rule == "metadata"


def test_an_unknown_op_suggests_near_ids() -> None:
    graph = tagged(parse("g (float[2] x) => (float[2] out_1) { out_1 = Neg (x) }"))
    with pytest.raises(UnknownOpError, match="No op has the id 'out_2'; near ones: out_1"):
        graph.explain("out_2")


def test_values_know_their_type_and_shape() -> None:
    graph = tagged(
        parse("""g (float[N,2] x) => (float[N,2] y) <float[2] w = {1, 2}> {
        y = Add (x, w) }""")
    )
    assert str(graph.value("x")) == "float[N, 2]"
    assert [value.kind for value in map(graph.value, ("x", "w", "y"))] == [
        "input",
        "initializer",
        "value",
    ]
    assert [value.name for value in graph.inputs] == ["x"]
    assert [value.name for value in graph.outputs] == ["y"]


def test_types_that_the_file_leaves_out_are_inferred() -> None:
    graph = tagged(
        parse("""g (float[N,6] x) => (float[N,2,3] y) {
            s = Constant <value = int64[3] {-1, 2, 3}> ()
            r = Reshape (x, s)
            y = Neg (r)
        }""")
    )
    assert str(graph.value("s")) == "int64[3]"
    assert graph.value("r").dtype == "float"
    assert graph.value("r").shape is not None
    assert graph.value("r").shape[1:] == (2, 3)


def test_a_graph_that_cannot_be_inferred_still_shows() -> None:
    graph = tagged(parse("g (float[2] x) => (float[2] y) { a = Nonsense (x)  y = Neg (a) }"))
    assert str(graph.value("a")) == "unknown type"


def test_a_value_that_nothing_makes_is_no_input() -> None:
    text = """g (float[2] x, int64 n, bool c) => (float[2] y, float[2] gone) {
        y = Loop (n, c, x) <body = b (int64 i, bool d, float[2] a) => (bool e, float[2] f) {
            e = Identity (d)
            f = Add (a, lost)
        }>
    }"""
    graph = tagged(parse(text))
    kinds = {name: graph.value(name).kind for name in ("x", "y/body/a", "y/body/f", "gone")}
    assert list(kinds.values()) == ["input", "input", "value", "missing"]
    assert graph.value("y/body/lost").kind == "missing"
    assert "model output, nothing makes it" in str(inspect_value(graph, "gone"))


@pytest.mark.parametrize("domain", ["nowhere", "com.microsoft", "ai.onnx"])
def test_types_are_inferred_beside_a_domain_that_is_not_imported(domain: str) -> None:
    proto = parse("g (float[2] x) => (float[2] y) { a = Neg (x)  b = Exp (a)  y = Neg (b) }")
    proto.graph.node[1].domain = domain
    graph = tagged(proto)
    assert str(graph.value("a")) == "float[2]"
    assert str(graph.value("b")) == ("float[2]" if domain == "ai.onnx" else "unknown type")
