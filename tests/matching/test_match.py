"""What an op of one graph is of another, on the smallest graphs that show each rule."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import hexviz
from hexviz.matching.match import match
from hexviz.matching.matching import Matching
from hexviz.matching.transfer import transfer
from tests.build import parse, scoped, tagged

DRAW = np.random.default_rng(3)
W, V = (DRAW.standard_normal((8, 8)).astype(np.float32) for _ in range(2))
B, C = (DRAW.standard_normal(8).astype(np.float32) for _ in range(2))


def model(body: str, weights: dict[str, np.ndarray], output: str = "y") -> onnx.ModelProto:
    """A model from x to an output, with weights."""
    proto = parse(
        '<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>'
        f"g (float[2, 8] x) => (float[2, 8] {output}) {{ {body} }}"
    )
    for name, array in weights.items():
        proto.graph.initializer.append(numpy_helper.from_array(array, name))
    return proto


def told(before: onnx.ModelProto, after: onnx.ModelProto) -> dict[str, tuple[str, ...]]:
    """Op after → how it is matched, and with which ops before."""
    mine, theirs = tagged(before), tagged(after)
    matching = match(mine, theirs)
    return {
        theirs.ops[at].id: (found.how, *(mine.ops[one].id for one in found.before))
        for at, found in sorted(matching.matches.items())
    }


LINEAR = model("m = MatMul (x, w) a = Add (m, b) y = Relu (a)", {"w": W, "b": B})


def test_an_op_that_several_became_gives_the_value_of_the_last() -> None:
    fused = model("n = Gemm (x, v, c) z = Relu (n)", {"v": W, "c": B}, "z")
    assert told(LINEAR, fused) == {"n": ("fused", "a", "m"), "z": ("renamed", "y")}


def test_an_op_that_became_several_is_the_last_of_them() -> None:
    whole = model("n = Gemm (x, v, c) z = Relu (n)", {"v": W, "c": B}, "z")
    found = told(whole, LINEAR)
    assert found["a"] == ("renamed", "n")
    assert found["m"] == ("inserted", "n")


def test_the_same_names_and_types_are_the_same() -> None:
    assert told(LINEAR, LINEAR) == {"m": ("same", "m"), "a": ("same", "a"), "y": ("same", "y")}


def test_a_weight_is_known_transposed_and_in_half_precision() -> None:
    after = model("n = Gemm <transB = 1> (x, v, c) z = Relu (n)", {"v": W.T.copy(), "c": B}, "z")
    assert told(LINEAR, after)["n"] == ("fused", "a", "m")
    half = model(
        "h = Cast <to = 10> (x) m1 = MatMul (h, v) a1 = Add (m1, c) y1 = Relu (a1) "
        "z = Cast <to = 1> (y1)",
        {"v": W.astype(np.float16), "c": B.astype(np.float16)},
        "z",
    )
    found = told(LINEAR, half)
    assert found["m1"] == ("renamed", "m")
    assert found["y1"] == ("renamed", "y")
    assert found["h"] == ("inserted", "m")
    assert found["z"] == ("inserted", "y")


def test_a_folded_scale_gives_the_value_of_the_op_that_is_gone() -> None:
    before = model(
        "m = MatMul (x, w) s = Mul (m, b) y = Relu (s)",
        {"w": W, "b": B},
    )
    after = model("m = MatMul (x, w) y = Relu (m)", {"w": W * B})
    # The name stayed, and is another value now.
    assert told(before, after) == {"m": ("fused", "s", "m"), "y": ("same", "y")}


def test_a_quantised_weight_and_a_relu_that_quantising_does_as_well() -> None:
    quantised = np.clip(np.round(W * 40), -127, 127).astype(np.int8)
    after = model(
        "d = DequantizeLinear (wq, ws) m = MatMul (x, d) y1 = Add (m, b) "
        "q = QuantizeLinear (y1, ys) y = DequantizeLinear (q, ys)",
        {
            "wq": quantised,
            "ws": np.array(1 / 40, np.float32),
            "b": B,
            "ys": np.array(0.1, np.float32),
        },
    )
    found = told(LINEAR, after)
    assert found["d"] == ("inserted", "m")
    assert found["m"] == ("same", "m")
    assert found["y1"] == ("renamed", "a")
    assert found["q"] == ("inserted", "y")


@pytest.mark.parametrize("names", ["kept", "moved on"])
def test_weights_overrule_names_that_moved_on(names: str) -> None:
    layers = {"w1": W, "w2": V, "w3": W + V, "w4": W - V, "w5": W * V}
    body = "v0 = MatMul (x, w1) " + " ".join(
        f"v{at} = MatMul (v{at - 1}, w{at + 1})" for at in range(1, 5)
    )
    before = model(body, layers, "v4")
    if names == "kept":
        after = model(body.replace("v1 = MatMul (v0, w2) ", "").replace("v1", "v0"), layers, "v4")
        expected = {"v0": "v0", "v2": "v2", "v3": "v3", "v4": "v4"}
    else:
        chain = "v0 = MatMul (x, w1) v1 = MatMul (v0, w3) v2 = MatMul (v1, w4) v3 = MatMul (v2, w5)"
        after = model(chain, layers, "v3")
        expected = {"v0": "v0", "v1": "v2", "v2": "v3", "v3": "v4"}
    assert {op: found[1] for op, found in told(before, after).items()} == expected


def test_doubles_that_a_tool_merged_are_one() -> None:
    before = model(
        "s1 = Sigmoid (x) s2 = Sigmoid (x) a = MatMul (s1, w) b = MatMul (s2, v) y = Add (a, b)",
        {"w": W, "v": V},
    )
    after = model(
        "t = Sigmoid (x) a1 = MatMul (t, w1) b1 = MatMul (t, v1) z = Add (a1, b1)",
        {"w1": W, "v1": V},
        "z",
    )
    found = told(before, after)
    assert found["t"][1] in {"s1", "s2"}
    assert (found["a1"][1], found["b1"][1]) == ("a", "b")


def test_what_nothing_tells_apart_is_settled_in_order_and_says_so() -> None:
    before = model("a = Relu (x) b = Relu (x) c = Sigmoid (a) d = Sigmoid (b) y = Sub (c, d)", {})
    after = model(
        "a1 = Relu (x) b1 = Relu (x) c1 = Sigmoid (a1) d1 = Sigmoid (b1) z = Sub (c1, d1)", {}, "z"
    )
    assert told(before, after)["a1"][1] == "a"  # Sub tells them apart
    twice = model("a = Relu (x) b = Relu (x) y = Add (a, b)", {})
    again = model("a1 = Relu (x) b1 = Relu (x) z = Add (a1, b1)", {}, "z")
    matching: Matching = match(tagged(twice), tagged(again))
    first = matching.matches[0]
    assert first.confidence < 0.9
    assert first.candidates


def test_the_audit_is_silent_on_a_fused_op_that_holds_a_weight_of_the_other_module() -> None:
    plain = model("m = MatMul (x, w) y = Relu (m)", {"w": W})
    fused = model('y = com.microsoft.FusedGemm <activation = "Relu"> (x, w)', {"w": W})
    for proto in (plain, fused):
        proto.graph.initializer[0].name = "fc.weight"
        proto.graph.node[0].input[1] = "fc.weight"
    before = tagged(scoped(plain, {"m": "fc", "y": "act"}))
    graph = hexviz.TaggedGraph.of(transfer(before, fused))
    assert (graph.ops[0].module, graph.ops[0].shared_by) == ("act", ("fc",))
    assert [one for one in graph.audit() if one.kind == "sources"] == []


def test_different_models_share_next_to_nothing() -> None:
    other = model("a = MatMul (x, w) b = Tanh (a) y = Softmax (b)", {"w": V})
    assert match(tagged(LINEAR), tagged(other)).related < 0.4
    assert match(tagged(LINEAR), tagged(LINEAR)).related == 1.0
