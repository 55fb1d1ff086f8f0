"""The truth of the benchmark of matching: what numbers say, and nothing where they say little."""

import numpy as np
import onnx

from benchmarks.numeric_truth import NumericTruth, TruthFinder
from tests.build import parse, scoped, tagged

BEFORE = """g (float[4, 8] x) => (float[8, 4] y) <int64[2] shape = {8, 4}, float half = {0.5}> {
    a = Tanh (x)
    r = Reshape (a, shape)
    h = Mul (r, half)
    e = Exp (h)
    n = Neg (e)
    y = Sigmoid (n)
}"""
MODULES = {"a": "enc", "r": "", "h": "dec", "e": "dec", "n": "dec.out", "y": "dec.out"}


def truth_of(after: str, *, noisy: bool = False) -> tuple[NumericTruth, list[str]]:
    graph = tagged(parse(after))
    found = TruthFinder(tagged(scoped(parse(BEFORE), MODULES))).find(graph, noisy=noisy)
    return found, [op.id for op in graph.ops]


def named(truth: dict[int, str] | object, ids: list[str]) -> dict[str, str]:
    assert isinstance(truth, dict)
    return {ids[at]: module for at, module in truth.items()}


def test_every_op_is_asked_that_makes_a_value_of_one_module() -> None:
    truth, ids = truth_of(BEFORE)
    assert named(truth.strict, ids) == {"h": "dec", "e": "dec", "n": "dec.out", "y": "dec.out"}
    # The Tanh and the Reshape give one value, of two modules, but only one of them computes it.
    assert named(truth.resolved, ids) == {"a": "enc"}
    assert truth.left_out == {"several modules": 1}


def test_a_fused_op_belongs_to_whoever_gave_its_value() -> None:
    truth, ids = truth_of("""<ir_version: 10, opset_import: ["" : 20]>
    g (float[4, 8] x) => (float[8, 4] y) <int64[2] shape = {8, 4}, float half = {-0.5}> {
        a = Tanh (x)
        s = Reshape (a, shape)
        p = Mul (s, half)
        q = Neg (p)
        e = Exp (q)
        z = Neg (e)
        y = Sigmoid (z)
    }""")
    assert named(truth.strict, ids) == {"q": "dec", "e": "dec", "z": "dec.out", "y": "dec.out"}
    # -0.5 times it is nothing before, and the Reshape could be anybody's.
    assert truth.left_out == {"nothing equal": 1, "several modules": 1}


def test_turned_values_count_and_shapes_do_not() -> None:
    truth, ids = truth_of("""g (float[4, 8] x) => (float[8, 4] y) <int64[2] shape = {8, 4}> {
        t = Transpose (x)
        u = Tanh (t)
        v = Transpose (u)
        n = Shape (v)
        y = Reshape (v, shape)
    }""")
    assert named(truth.strict, ids) == {}
    assert named(truth.resolved, ids) == {"u": "enc"}
    assert truth.left_out == {"nothing equal": 1, "several modules": 2, "trivial": 1}


def test_after_quantisation_scale_and_offset_do_not_count() -> None:
    truth, ids = truth_of(
        """g (float[4, 8] x) => (float[8, 4] y) <int64[2] shape = {8, 4}, float half = {0.5},
        float size = {0.02}, uint8 zero = {128}> {
        a = Tanh (x)
        r = Reshape (a, shape)
        h = Mul (r, half)
        e = Exp (h)
        q = QuantizeLinear (e, size, zero)
        d = DequantizeLinear (q, size, zero)
        n = Neg (d)
        y = Sigmoid (n)
    }""",
        noisy=True,
    )
    assert named(truth.strict, ids)["d"] == "dec"
    assert named(truth.strict, ids)["y"] == "dec.out"
    assert "q" in named(truth.resolved, ids) or truth.left_out


def test_ops_in_bodies_are_counted_as_left_out() -> None:
    graph = tagged(
        parse("""g (float[4, 8] x, bool c) => (float[4, 8] y) {
        y = If (c) <
            then_branch = g1 () => (float[4, 8] t) { t = Exp (x) },
            else_branch = g2 () => (float[4, 8] e) { e = Neg (x) }
        >
    }""")
    )
    assert TruthFinder(graph).find(graph, noisy=False).left_out == {"in a body": 2}


def test_rounded_weights_of_one_kind_are_not_taken_for_each_other() -> None:
    """The ranks of two weights that are drawn alike are nearly the same."""
    draw = np.random.default_rng(0)
    text = """g (float[64, 64] x) => (float[64, 64] y) {
        t = Transpose (w)
        y = MatMul (x, t)
    }"""
    protos = []
    for kind in ("before", "after"):
        proto = parse(text)
        data = draw.standard_normal((64, 64)).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, "w"))
        protos.append(tagged(proto))
        assert kind
    before, after = protos
    truth = TruthFinder(before).find(after, noisy=True)
    assert truth.strict == {}
