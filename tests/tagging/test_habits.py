"""What modules of a kind share at their ends, against graphs made so that one reason decides."""

from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged

CLASSES = {
    "a": "Block",
    "b": "Block",
    "a.one": "Dense",
    "a.two": "Dense",
    "a.norm": "Norm",
    "b.one": "Dense",
}


def of(text: str, scopes: dict[str, str]) -> TaggedGraph:
    return tagged(scoped(parse(text), scopes, CLASSES))


DENSE = """g (float[2,2] x, float[2,2] w, int64[2] s) => (float[2,2] y) {
    n = Softmax (x)
    r1 = Reshape (n, s)
    m1 = Gemm (r1, w)
    k = Tanh (m1)
    r2 = Reshape (k, s)
    m2 = Gemm (r2, w)
    y = Exp (m2)
}"""


def test_what_every_module_of_a_kind_begins_with_is_its_own_whoever_calls_it() -> None:
    graph = of(DENSE, {"n": "a.norm", "m1": "a.one", "k": "a", "m2": "a.two", "y": "a"})
    for op, module, other in (("r1", "a.one", "r2"), ("r2", "a.two", "r1")):
        why = graph.explain(op)
        assert (why.module, why.origin, why.rule) == (module, "inherited", "consumers")
        assert why.witnesses == (other,)
        assert why.candidates[0].module == "a"


def test_what_every_module_of_a_kind_ends_with_is_its_own_too() -> None:
    graph = of(
        """g (float[2,2] x, float[2,2] w, int64[2] s) => (float[2,2] y) {
        m1 = Gemm (x, w)
        r1 = Reshape (m1, s)
        k = Tanh (r1)
        m2 = Gemm (k, w)
        r2 = Reshape (m2, s)
        y = Exp (r2)
    }""",
        {"m1": "a.one", "k": "a", "m2": "a.two", "y": "a"},
    )
    for op, module, other in (("r1", "a.one", "r2"), ("r2", "a.two", "r1")):
        why = graph.explain(op)
        assert (why.module, why.rule, why.witnesses) == (module, "producers", (other,))


def test_one_that_goes_without_refutes_the_habit() -> None:
    text = DENSE.replace("m2 = Gemm (r2, w)", "m2 = Gemm (r2, w)\n    m3 = Gemm (m2, w)")
    text = text.replace("y = Exp (m2)", "y = Exp (m3)")
    scopes = {"n": "a.norm", "m1": "a.one", "k": "a", "m2": "a.two", "m3": "b.one", "y": ""}
    graph = of(text, scopes)
    assert graph.explain("r1").module == graph.explain("r2").module == "a"
    assert not graph.explain("r1").witnesses


def test_with_one_caller_both_explanations_are_as_good_and_the_op_stays() -> None:
    graph = of(
        """g (float[2,2] x, float[2,2] w, int64[2] s) => (float[2,2] y) {
        n = Softmax (x)
        r1 = Reshape (n, s)
        m1 = Gemm (r1, w)
        k = Softmax (m1)
        r2 = Reshape (k, s)
        y = Gemm (r2, w)
    }""",
        {"n": "a", "m1": "a.one", "k": "b", "y": "b.one"},
    )
    assert [graph.explain(op).module for op in ("r1", "r2")] == ["a", "b"]


def test_what_dataflow_does_not_link_is_no_habit() -> None:
    # The reshapes come before the matrix products, and something else uses them.
    text = DENSE.replace("Gemm (r1, w)", "Gemm (n, w)").replace("Gemm (r2, w)", "Gemm (k, w)")
    text = text.replace("y = Exp (m2)", "z = Concat <axis = 0> (r1, r2, m2)\n    y = Exp (z)")
    graph = of(text, {"n": "a.norm", "m1": "a.one", "k": "a", "m2": "a.two", "z": "a", "y": "a"})
    assert graph.explain("r1").module == graph.explain("r2").module == "a"


ATTENTION = """g (float[2,2] x, float[2,2] w, int64[2] s) => (float[2,2] y) {
    q = Gemm (x, w)
    p = Gemm (q, q)
    c = Gemm (p, q)
    t = Transpose (c)
    r = Reshape (t, s)
    y = Gemm (r, w)
}"""


def test_a_module_that_was_computing_itself_goes_on_to_lay_out_its_result() -> None:
    graph = of(ATTENTION, {"q": "a.one", "p": "a", "c": "a", "y": "b.one"})
    for op in ("t", "r"):
        why = graph.explain(op)
        assert (why.module, why.rule, why.witnesses) == ("a", "producers", ())
        assert why.evidence == ({"t": "c", "r": "t"}[op],)


def test_a_leaf_does_not_and_arithmetic_is_never_taken_that_way() -> None:
    leaf = of(ATTENTION, {"q": "a.one", "p": "a.one", "c": "a.one", "y": "b.one"})
    assert leaf.explain("t").module == ""
    unknown = ATTENTION.replace("t = Transpose (c)", "t = Softmax (c)")
    graph = of(unknown, {"q": "a.one", "p": "a", "c": "a", "y": "b.one"})
    assert graph.explain("t").module == graph.explain("r").module == ""


def test_modules_that_compute_without_weights_do_not_end_with_one() -> None:
    text = """g (float[2,2] x) => (float[2,2] y) <float[2,2] p = {1, 2, 3, 4}> {
        m1 = Neg (x)
        r1 = Gemm (m1, p)
        k = Tanh (r1)
        m2 = Neg (k)
        r2 = Gemm (m2, p)
        y = Exp (r2)
    }"""
    scopes = {"m1": "a.one", "k": "a", "m2": "a.two", "y": "a"}
    assert {of(text, scopes).op(name).module for name in ("r1", "r2")} == {"a"}
    without = text.replace(", p)", ", x)")
    assert [of(without, scopes).op(name).module for name in ("r1", "r2")] == ["a.one", "a.two"]
