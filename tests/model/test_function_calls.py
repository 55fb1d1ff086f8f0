"""What inputs of functions stand for, through nested calls."""

import onnx

from hexviz.model.flatten import flatten
from hexviz.model.function_calls import find_calls
from tests.build import parse, tagged

NESTED = """<ir_version: 10, opset_import: ["" : 20, "m" : 1]>
g (float[2] x) => (float[2] y) <float[2] "a.w" = {1, 2}, float[3,2] "b.w" = {1, 2, 3, 4, 5, 6}> {
    h = m.Outer (x, "a.w")
    i = m.Inner (h, "b.w")
    y = m.Inner (i)
}
<domain: "m", opset_import: ["" : 20, "m" : 1]>
Outer (u, v) => (w) { w = m.Inner (u, v) }
<domain: "m", opset_import: ["" : 20]>
Inner (p, q) => (r) { r = Add (p, q) }
<domain: "m", opset_import: ["" : 20]>
Nobody (p) => (r) { r = Neg (p) }
"""


def test_what_is_passed_through_nested_calls() -> None:
    calls = find_calls(flatten(parse(NESTED)))
    assert calls.passed == {
        "function:m::Outer/u": ("x",),
        "function:m::Outer/v": ("a.w",),
        "function:m::Inner/p": ("x", "h", "i"),
        "function:m::Inner/q": ("a.w", "b.w", ""),
    }
    assert {path: len(ats) for path, ats in calls.callers.items()} == {
        "function:m::Outer": 1,
        "function:m::Inner": 3,
    }


def test_an_input_has_the_type_of_what_is_passed() -> None:
    graph = tagged(parse(NESTED))
    assert str(graph.value("function:m::Outer/v")) == "float[2]"
    assert graph.value("function:m::Inner/q").dtype == "float"  # of two shapes
    assert graph.value("function:m::Inner/q").shape is None
    assert str(graph.value("function:m::Nobody/p")) == "unknown type"


def test_functions_that_call_each_other_in_a_circle_have_no_calls() -> None:
    proto = parse(NESTED)
    inner = next(one for one in proto.functions if one.name == "Inner")
    inner.node.append(onnx.helper.make_node("Inner", ["p", "q"], [], domain="m"))
    assert find_calls(flatten(proto)).passed == {}
    assert tagged(proto).ops


def test_an_input_that_stands_for_too_many_values_tells_nothing() -> None:
    weights = ", ".join(f'float[1] "l.{at}.w" = {{{at}}}' for at in range(40))
    calls = "\n".join(f'v{at + 1} = m.F (v{at}, "l.{at}.w")' for at in range(40))
    proto = parse(f"""<ir_version: 10, opset_import: ["" : 20, "m" : 1]>
    g (float[1] v0) => (float[1] v40) <{weights}> {{ {calls} }}
    <domain: "m", opset_import: ["" : 20]>
    F (p, q) => (r) {{ r = Add (p, q) }}""")
    assert find_calls(flatten(proto)).passed["function:m::F/q"][-1] == ""
    graph = tagged(proto)
    assert graph.op("v1").module == "l.0"
    assert graph.op("function:m::F/r").module == "l"  # where its calls meet
