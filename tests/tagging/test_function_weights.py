"""Modules that were written as functions, with their weights handed in."""

import pytest

from hexviz.model.graph import TaggedGraph
from tests.build import parse, tagged

WEIGHTS = {
    "layer.0.fc.weight": "float[2,2] {} = {{1, 2, 3, 5}}",
    "layer.0.fc.bias": "float[2] {} = {{1, 3}}",
    "layer.0.scale.gamma": "float[2] {} = {{2, 3}}",
    "layer.1.fc.weight": "float[2,2] {} = {{1, 4, 3, 5}}",
    "layer.1.fc.bias": "float[2] {} = {{2, 3}}",
}
FUNCTIONS = {
    "Linear": """(x, w, b) => (y) { t = m.T (w)  y = m.Addmm (b, x, t) }""",
    "T": """(w) => (t) { t = Transpose (w) }""",
    "Addmm": """(b, x, t) => (y) { p = MatMul (x, t)  q = Neg (p)  y = Add (q, b) }""",
    "Act": """(x) => (y) { y = Relu (x) }""",
    "Block": """(x, w, b, g) => (y) {
        h = m.Linear (x, w, b)
        s = Sigmoid (h)
        a = m.Act (s)
        y = Mul (a, g)
    }""",
    "Behind": """(x, w) => (y) { h = MatMul (x, w)  y = Sigmoid (h) }""",
    "Before": """(x, w) => (y) { h = Sigmoid (x)  y = MatMul (h, w) }""",
    "Only": """(x, w) => (y) { y = MatMul (x, w) }""",
    "Look": """(i, w) => (y) { y = Gather (w, i) }""",
    "Branch": """(x, c, w) => (y) {
        y = If (c) <
            then_branch = one () => (o) { o = MatMul (x, w) },
            else_branch = two () => (e) { e = Identity (x) }
        >
    }""",
}


def graph_of(text: str) -> TaggedGraph:
    weights = ", ".join(kind.format(f'"{name}"') for name, kind in WEIGHTS.items())
    functions = "\n".join(
        f'<domain: "m", opset_import: ["" : 20, "m" : 1]>\n{name} {body}'
        for name, body in FUNCTIONS.items()
    )
    return tagged(
        parse(f"""<ir_version: 10, opset_import: ["" : 20, "m" : 1]>
        g (float[2,2] x, bool c, int64 n) => (float[2,2] y) <{weights}> {{ {text} }}
        {functions}""")
    )


def test_weights_are_followed_into_nested_functions() -> None:
    graph = graph_of(
        'y = m.Block (x, "layer.0.fc.weight", "layer.0.fc.bias", "layer.0.scale.gamma")'
    )
    found = {op.id: (op.module, op.provenance.rule) for op in graph.ops}
    assert found["function:m::T/t"] == ("layer.0.fc", "weight")
    assert found["function:m::Addmm/y"] == ("layer.0.fc", "weight")
    assert found["function:m::Linear/t"] == ("layer.0.fc", "weight")
    assert found["function:m::Linear/y"] == ("layer.0.fc", "weight")
    assert found["function:m::Block/h"] == ("layer.0.fc", "weight")
    assert found["function:m::Block/y"] == ("layer.0.scale", "weight")
    assert found["y"] == ("layer.0", "weight")
    # Nothing tells of these: they ran while the call, or what is around it, was open.
    assert found["function:m::Block/s"] == ("layer.0", "trace")
    assert found["function:m::Act/y"] == ("layer.0", "trace")
    assert found["function:m::Addmm/p"] == ("layer.0.fc", "trace")
    assert graph.op("function:m::T/t").provenance.values == ("layer.0.fc.weight",)
    assert graph.op("y").provenance.confidence < graph.op("function:m::T/t").provenance.confidence


def test_a_function_called_with_several_modules_weights_is_where_they_meet() -> None:
    graph = graph_of("""
        h = m.Linear (x, "layer.0.fc.weight", "layer.0.fc.bias")
        y = m.Linear (h, "layer.1.fc.weight", "layer.1.fc.bias")
    """)
    assert [graph.op(one).module for one in ("h", "y")] == ["layer.0.fc", "layer.1.fc"]
    inner = graph.op("function:m::T/t")
    assert (inner.module, inner.provenance.confidence) == ("layer", 0.7)
    assert graph.op("function:m::Addmm/p").module == "layer"


def test_one_module_called_twice_is_told_of_as_firmly_as_once() -> None:
    graph = graph_of("""
        h = m.Only (x, "layer.0.fc.weight")
        y = m.Only (h, "layer.0.fc.weight")
    """)
    assert {(op.module, op.provenance.confidence) for op in graph.ops if op.op_type != "Neg"} >= {
        ("layer.0.fc", 0.9)
    }
    assert graph.op("function:m::Only/y").provenance.confidence == 0.9


@pytest.mark.parametrize("name", ["Behind", "Before"])
def test_a_call_that_does_more_than_its_weight_says_is_not_declared_by_it(name: str) -> None:
    graph = graph_of(f'y = m.{name} (x, "layer.0.fc.weight")')
    modules = {op.op_type: op.module for op in graph.ops if name in op.body or op.id == "y"}
    assert modules == {"MatMul": "layer.0.fc", "Sigmoid": "", name: ""}


def test_a_weight_that_two_functions_use_in_two_ways_tells_of_neither() -> None:
    graph = graph_of("""
        h = m.Look (n, "layer.0.fc.weight")
        i = m.Only (x, "layer.0.fc.weight")
        y = m.Only (i, "layer.0.fc.weight")
    """)
    declared = {op.module for op in graph.ops if op.provenance.origin == "declared"}
    assert "layer.0.fc" not in declared


def test_a_call_that_leaves_the_weight_out_keeps_the_function_open() -> None:
    graph = graph_of('h = m.Only (x, "layer.0.fc.weight")  y = m.Only (h)')
    assert graph.op("h").module == "layer.0.fc"
    assert graph.op("function:m::Only/y").module == ""


def test_a_body_inside_a_function_reads_what_is_passed() -> None:
    graph = graph_of('y = m.Branch (x, c, "layer.0.fc.weight")')
    (inner,) = [op for op in graph.ops if op.op_type == "MatMul" and "Branch" in op.body]
    assert (inner.module, inner.provenance.rule) == ("layer.0.fc", "weight")


def test_functions_that_nobody_calls_get_nothing() -> None:
    graph = graph_of('y = m.Only (x, "layer.0.fc.weight")')
    assert graph.op("function:m::Look/y").provenance.rule == "root"
