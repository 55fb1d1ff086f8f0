"""Values that nothing makes, and names that a body makes again."""

import onnx
import pytest
from onnx import TensorProto, helper

from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from tests.build import parse, tagged


def value_findings(proto: onnx.ModelProto) -> list[Finding]:
    return [one for one in audit(tagged(proto)) if one.kind.endswith("-value")]


def info(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, (2,))


def with_body(
    nodes: list[onnx.NodeProto],
    outputs: tuple[str, ...],
    *,
    inputs: tuple[str, ...] = (),
    weights: tuple[str, ...] = (),
    before: bool = True,
) -> onnx.ModelProto:
    """``h = Relu(x)``, and an op with a body of these nodes, after it or before."""
    stored = [helper.make_tensor(name, TensorProto.FLOAT, (2,), (1, 2)) for name in weights]
    body = helper.make_graph(
        nodes, "b", [info(i) for i in inputs], [info(o) for o in outputs], stored
    )
    branch = helper.make_node("If", ["c"], ["o"], then_branch=body, else_branch=_PLAIN)
    made = helper.make_node("Relu", ["x"], ["h"])
    last = helper.make_node("Add", ["o", "h"], ["y"])
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, ())
    graph = helper.make_graph(
        [*([made, branch] if before else [branch, made]), last],
        "g",
        [info("x"), condition],
        [info("y")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


_PLAIN = helper.make_graph([helper.make_node("Identity", ["x"], ["e"])], "e", [], [info("e")])


def test_a_value_that_ops_read_and_nothing_makes() -> None:
    """An optimiser lost what it had folded (onnxscript issue 2810)."""
    proto = parse("""g (float[2] x) => (float[2] y) {
        h = Reshape (x, shape)
        y = Reshape (h, shape)
    }""")
    (finding,) = value_findings(proto)
    assert (finding.kind, finding.severity, finding.ops) == ("missing-value", "error", ("h", "y"))
    assert finding.message == "Reshape “h” and 1 other op read “shape”, which nothing makes."
    assert finding.suggestion.startswith("No runtime can run this. Export the model again")


def test_values_that_one_op_lacks_are_one_finding() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Where (a, x, b) }")
    (finding,) = value_findings(proto)
    assert finding.message == "Where “y” reads “a”, “b”, which nothing makes."


def test_an_output_that_nothing_makes() -> None:
    proto = parse("g (float[2] x) => (float[2] y, float[2] z) { z = Relu (x) }")
    (finding,) = value_findings(proto)
    assert (finding.severity, finding.ops) == ("error", ())
    assert finding.message == "The model puts out “y”, which nothing makes."


def test_in_a_body_as_well() -> None:
    reads = with_body([helper.make_node("Add", ["x", "lost"], ["t"])], ("t",))
    (finding,) = value_findings(reads)
    assert finding.ops == ("o/then_branch/t",)
    assert finding.message == "Add “o/then_branch/t” reads “lost”, which nothing makes."
    gives = with_body([helper.make_node("Neg", ["x"], ["t"])], ("lost",))
    (finding,) = value_findings(gives)
    assert finding.ops == ("o",)
    assert finding.message == "The body o/then_branch puts out “lost”, which nothing makes."


def test_a_value_that_a_body_keeps_to_itself() -> None:
    proto = with_body([helper.make_node("Neg", ["x"], ["t"])], ("t",))
    proto.graph.node[-1].input[0] = "t"
    (finding,) = value_findings(proto)
    assert finding.message == (
        "Add “y” reads “t”, which nothing makes; the body o/then_branch makes one, for itself "
        "alone."
    )


def test_in_a_function_as_well() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = local.f (x) }")
    function = helper.make_function(
        "local",
        "f",
        ["a"],
        ["b", "c"],
        [helper.make_node("Add", ["a", "lost"], ["b"])],
        [helper.make_opsetid("", 18)],
    )
    proto.functions.append(function)
    proto.opset_import.append(helper.make_opsetid("local", 1))
    assert sorted(one.message for one in value_findings(proto)) == [
        "Add “function:local::f/b” reads “lost”, which nothing makes.",
        "The body function:local::f puts out “c”, which nothing makes.",
    ]


def test_what_there_is_is_not_missed() -> None:
    """Omitted inputs, weights, captures, bodies' own inputs, and captures given straight back."""
    proto = with_body([helper.make_node("Clip", ["h", "", "w"], ["t"])], ("t",), weights=("w",))
    assert value_findings(proto) == []
    assert value_findings(with_body([], ("h",))) == []


@pytest.mark.parametrize("again", ["h", "x"])
def test_a_body_that_makes_what_can_be_seen_in_it(again: str) -> None:
    """ONNX Runtime refuses the file (onnx issue 6955)."""
    proto = with_body([helper.make_node("Neg", ["w"], [again])], (again,), weights=("w",))
    (finding,) = value_findings(proto)
    assert (finding.kind, finding.severity, finding.ops) == ("shadowed-value", "error", ("o",))
    assert finding.message == (
        f"The body o/then_branch makes “{again}” again: outer values of the same name can be seen "
        "in it."
    )


def test_a_body_that_reads_what_it_makes_again() -> None:
    """The outer value is read, until the body has made its own."""
    at_once = [helper.make_node("Neg", ["h"], ["h"])]
    later = [helper.make_node(*one) for one in (("Abs", ["h"], ["a"]), ("Neg", ["a"], ["h"]))]
    for nodes in (at_once, later):
        proto = with_body([*nodes, helper.make_node("Exp", ["h"], ["t"])], ("t",))
        (finding,) = value_findings(proto)
        assert (finding.kind, finding.severity, finding.ops) == ("shadowed-value", "error", ("o",))
        graph = tagged(proto)
        reads = {op.op_type: op.inputs for op in graph.ops}
        assert reads[nodes[0].op_type] == ("h",)
        assert reads["Exp"] == ("o/then_branch/h",)


def test_an_unsorted_body_reads_its_own_value_and_not_a_later_one_of_that_name() -> None:
    nodes = [helper.make_node("Exp", ["h"], ["t"]), helper.make_node("Neg", ["x"], ["h"])]
    graph = tagged(with_body(nodes, ("t",), before=False))
    assert graph.op("o/then_branch/t").inputs == ("o/then_branch/h",)


def test_in_a_body_of_a_body_and_in_each_branch() -> None:
    inner = with_body([helper.make_node("Neg", ["x"], ["h"])], ("h",)).graph.node[1]
    inner.input[0] = "c"
    del inner.output[:]
    inner.output.append("p")
    proto = with_body([inner], ("p",))
    assert [one.ops for one in value_findings(proto)] == [("o/then_branch/p",)]


@pytest.mark.parametrize("given", ["inputs", "weights"])
def test_what_runtimes_allow_is_worth_knowing(given: str) -> None:
    """A body's own inputs and weights may have an outer value's name; the checker says so too."""
    nodes = [helper.make_node("Neg", ["h"], ["t"])]
    (finding,) = value_findings(with_body(nodes, ("t",), **{given: ("h",)}))  # type: ignore[arg-type]
    assert (finding.kind, finding.severity) == ("shadowed-value", "info")
    assert "“h”" in finding.message


def test_names_that_do_not_meet_are_nobodys_concern() -> None:
    """A value that is made after the op with the body, and one name in both branches."""
    nodes = [helper.make_node("Neg", ["x"], ["h"])]
    later = with_body(nodes, ("h",), before=False)
    assert value_findings(later) == []
    twice = with_body([helper.make_node("Neg", ["x"], ["e"])], ("e",))
    assert value_findings(twice) == []
    onnx.checker.check_model(later)
    onnx.checker.check_model(twice)
