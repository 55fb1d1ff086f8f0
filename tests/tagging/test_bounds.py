"""What runs in a body is bounded by the op that owns the body."""

from onnx import TensorProto, helper

from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.explain import explain, proven
from tests.build import parse, tagged

FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


def info(name: str, kind: int = FLOAT, shape: tuple[int, ...] = (2, 3)) -> object:
    return helper.make_tensor_value_info(name, kind, shape)


def branch(kind: str, name: str, scopes: tuple[str, str] = ("n1", "n2")) -> object:
    nodes = [
        helper.make_node(kind, ["e"], [f"{name}1"], name=scopes[0]),
        helper.make_node("Neg", [f"{name}1"], [name], name=scopes[1]),
    ]
    return helper.make_graph(nodes, name, [], [info(name)])


def chosen(owner: str, *branches: object) -> TaggedGraph:
    """``emb → If → head``, where the If has this name and these branches."""
    nodes = [
        helper.make_node("Relu", ["x"], ["e"], name="/emb/Relu"),
        helper.make_node(
            "If", ["c"], ["z"], name=owner, then_branch=branches[0], else_branch=branches[1]
        ),
        helper.make_node("Abs", ["z"], ["y"], name="/head/Abs"),
    ]
    graph = helper.make_graph(nodes, "g", [info("x"), info("c", BOOL, ())], [info("y")])
    return tagged(helper.make_model(graph))


def test_both_branches_run_while_the_owners_module_is_open() -> None:
    graph = chosen("/enc/gate/If", branch("Sin", "t"), branch("Cos", "u"))
    inside = [op for op in graph.ops if op.body]
    assert [op.module for op in inside] == ["enc.gate"] * 4
    assert all(op.provenance.evidence == ("z",) for op in inside)
    assert all(op.provenance.confidence <= 0.6 for op in inside)  # it may run deeper
    assert all(proven(graph, op) for op in inside)
    assert "in a body of If “z”" in explain(graph, "z/then_branch/t").sentence


def test_a_branch_says_nothing_of_the_other() -> None:
    graph = chosen("/enc/If", branch("Sin", "t", ("/enc/a/Sin", "/enc/a/Neg")), branch("Cos", "u"))
    assert {op.module for op in graph.ops if "else_branch" in op.body} == {"enc"}


def test_an_owner_of_which_nothing_is_known_encloses_what_runs_in_it() -> None:
    """Between two ops of ``enc.a`` stands an If that runs ``enc.b``."""
    nodes = [
        helper.make_node("Relu", ["x"], ["e"], name="/enc/a/Relu"),
        helper.make_node(
            "If",
            ["c"],
            ["z"],
            then_branch=branch("Sin", "t", ("/enc/b/Sin", "")),
            else_branch=branch("Cos", "u", ("", "")),
        ),
        helper.make_node("Abs", ["z"], ["y"], name="/enc/a/Abs"),
    ]
    proto = helper.make_graph(nodes, "g", [info("x"), info("c", BOOL, ())], [info("y")])
    graph = tagged(helper.make_model(proto))
    owner = graph.op("z")
    assert owner.module == "enc"
    assert proven(graph, owner)
    assert all(is_within(op.module, "enc") for op in graph.ops if op.body)


def test_bodies_in_bodies_and_loops_of_equal_names() -> None:
    def body(inner: str) -> object:
        deep = helper.make_graph(
            [helper.make_node("Sin", ["h"], ["s"], name=inner)], "deep", [], [info("s")]
        )
        nodes = [
            helper.make_node("If", ["cin"], ["o"], name="if", then_branch=deep, else_branch=deep),
            helper.make_node("Identity", ["cin"], ["cout"], name="id"),
        ]
        ins = [info("it", INT64, ()), info("cin", BOOL, ()), info("h")]
        return helper.make_graph(nodes, "body", ins, [info("cout", BOOL, ()), info("o")])

    nodes = [
        helper.make_node("Loop", ["n", "", "x"], ["a"], name="/A/Loop", body=body("add")),
        helper.make_node("Loop", ["n", "", "a"], ["b"], name="/B/Loop", body=body("add")),
        helper.make_node("Neg", ["b"], ["y"], name="/out/Neg"),
    ]
    ends = [info("x"), info("n", INT64, ())]
    graph = tagged(helper.make_model(helper.make_graph(nodes, "g", ends, [info("y")])))
    assert {op.module for op in graph.ops if op.body.startswith("a/")} == {"A"}
    assert {op.module for op in graph.ops if op.body.startswith("b/")} == {"B"}


def test_what_lies_between_two_calls_of_a_module_is_not_in_it() -> None:
    """Only weights tell: two ops that compute with one weight are two calls."""
    graph = tagged(
        parse("""g (float[1,2] x) => (float[1,2] y)
        <float[2,2] "net.fc.weight" = {1, 7, 3, 4}, float[2] "net.out.bias" = {1, 5}> {
            h = MatMul (x, "net.fc.weight")
            a = Tanh (h)
            i = MatMul (a, "net.fc.weight")
            y = Add (i, "net.out.bias")
        }""")
    )
    op = graph.op("a")
    assert (op.module, op.provenance.confidence) == ("net", 0.6)
    assert proven(graph, op)
    assert "between two calls" in explain(graph, "a").sentence
    assert {one.module for one in op.provenance.candidates} == {"net.fc"}


def test_what_is_known_in_a_body_alone_is_evidence_for_what_stands_around_it() -> None:
    inner = branch("Sin", "t", ("/net/a/Sin", "/net/a/Neg"))
    nodes = [
        helper.make_node("Constant", [], ["two"], value_int=2),
        helper.make_node("Equal", ["k", "two"], ["c"]),
        helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=branch("Cos", "u")),
    ]
    ends = [info("e"), info("k", INT64, ())]
    graph = tagged(helper.make_model(helper.make_graph(nodes, "g", ends, [info("z")])))
    assert {op.provenance.origin for op in graph.ops} == {"declared", "inherited"}
    assert {op.module for op in graph.ops if not op.body} == {""}
