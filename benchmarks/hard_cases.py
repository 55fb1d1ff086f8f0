"""Small models that break in naive hands: bodies that capture, functions, holes, sequences.

Each is ONNX's own text and, by first output, the module of each node.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import onnx
import onnx.parser

__all__ = ["HARD_CASES", "hard_case"]

_HEADER = '<ir_version: 10, opset_import: ["" : 20]>\n'

HARD_CASES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "an If that captures": (
            """g (bool c, float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    k = Neg (x)
    h = Exp (x)
    y = If (c) <
        then_branch = t () => (float[2] o) <float[2] v = {3, 4}> { i = Add (k, v)  o = Mul (i, w) },
        else_branch = e () => (float[2] q) {
            q = If (c) <
                then_branch = tt () => (float[2] r) { r = Add (h, w) },
                else_branch = ee () => (float[2] s) { s = Identity (x) }
            >
        }
    >
}""",
            {"k": "a", "h": "a", "y": "b"},
        ),
        "a Loop that captures": (
            """g (float[2] x) => (float[2] y)
<int64 n = {3}, float[2] step = {1, 2}, int64[1] axes = {0}> {
    c = Constant <value = bool {1}> ()
    z = Neg (x)
    l, scanned = Loop (n, c, x) <body = b (int64 i, bool d, float[2] a) => (
        bool e, float[2] f, float[2] g
    ) {
        e = Identity (d)
        u = Add (a, step)
        f = Add (u, z)
        g = Mul (f, z)
    }>
    s = ReduceSum <keepdims: int = 0> (scanned, axes)
    y = Add (l, s)
}""",
            {"z": "pre", "l": "loop", "s": "post", "y": "post", "c": ""},
        ),
        "a Scan that captures": (
            """g (float[3,2] x, float[2] init) => (float[2] y, float[3,2] ys) {
        z = Neg (init)
        y, ys = Scan (init, x) <num_scan_inputs: int = 1, body = b (float[2] a, float[2] e) => (
            float[2] f, float[2] g
        ) { f = Add (a, e)  g = Mul (f, z) }>
    }""",
            {"z": "pre", "y": "scan"},
        ),
        "local functions": (
            """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] y) { a = Neg (x)  b = local.outer (a)  y = Exp (b) }
    <domain: "local", opset_import: ["" : 20]> inner (u) => (v) { v = Abs (u) }
    <domain: "local", opset_import: ["" : 20, "local" : 1]>
    outer (u) => (v) { w = local.inner (u)  v = Add (w, u) }""",
            {"a": "one", "b": "two", "y": "three"},
        ),
        "a hole": (
            """g (float[2] x) => (float[2] y) {
        a = Neg (x)
        b = Exp (a)
        c = Add (a, b)
        y = Relu (c)
    }""",
            {"a": "m", "b": "far", "c": "m", "y": "head"},
        ),
        "inputs and weights handed through": (
            """g (float[2] x) => (float[2] x, float[2] w, float[2] y) <float[2] w = {1, 2}> {
        y = Add (x, w)
    }""",
            {"y": "m"},
        ),
        "shared constants": (
            """g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
        k = Constant <value = float[2] {3, 4}> ()
        a = Add (x, k)
        b = Mul (a, w)
        c = Add (b, k)
        y = Mul (c, w)
    }""",
            {"k": "", "a": "m", "b": "m", "c": "n", "y": "n"},
        ),
        "omitted inputs": (
            """g (float[4] x) => (float[4] y) <float h = {0.5}> {
        a = Neg (x)
        b = Clip (a, , h)
        y, m = Dropout (b)
    }""",
            {"a": "pre", "b": "clip", "y": "drop"},
        ),
        "sequences": (
            """g (float[4,2] x) => (float[2,2] y) <int64 at = {1}, int64[2] cuts = {2, 2}> {
        s = SplitToSequence <axis: int = 0> (x, cuts)
        y = SequenceAt (s, at)
    }""",
            {"s": "pre", "y": "post"},
        ),
        "quantised": (
            """g (float[2,2] x) => (float[2,2] y) <
    float s = {0.1}, uint8 z = {128}, float sw = {0.02}, int8 zw = {0},
    int8[2,2] w = {10, 20, -30, 40}, float[2] b = {1, 2}
> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    dw = DequantizeLinear (w, sw, zw)
    m = MatMul (d, dw)
    a = Add (m, b)
    qa = QuantizeLinear (a, s, z)
    y = DequantizeLinear (qa, s, z)
}""",
            {"q": "", "d": "", "dw": "lin", "m": "lin", "a": "lin", "qa": "out", "y": "out"},
        ),
        "dynamic sizes": (
            """g (float[batch, n] x) => (float[batch, m] y) {
        a = Neg (x)
        k = Shape (a)
        e = Exp (a)
        y = Reshape (e, k)
    }""",
            {"a": "", "k": "", "e": "m", "y": "m"},
        ),
        "computed shapes": (
            """g (float[2,6] x) => (float[2,6] y) <
        int64[1] zero = {0}, int64[1] three = {3}, int64[1] two = {2}, int64[1] four = {4}
    > {
        s = Shape (x)
        e = Mod (four, three)
        b = Slice (s, zero, e)
        t = Concat <axis: int = 0> (b, three, two)
        v = Reshape (x, t)
        w = Neg (v)
        y = Reshape (w, s)
    }""",
            {"v": "pre", "w": "mid", "y": "post"},
        ),
    }
)
"""What is hard about it → text and modules."""


def hard_case(name: str) -> onnx.ModelProto:
    """One of the models, with its modules as PyTorch's exporter writes them."""
    text, scopes = HARD_CASES[name]
    proto = onnx.parser.parse_model(text if text.startswith("<") else _HEADER + text)
    for node in proto.graph.node:
        fqn = next((scopes[one] for one in node.output if one in scopes), None)
        if fqn is not None:
            names = ["", *([fqn] if fqn else []), node.output[0]]
            node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=repr(names))
            kinds = ["Module"] * (len(names) - 1) + ["aten.op"]
            node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=repr(kinds))
    return proto
