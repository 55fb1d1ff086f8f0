"""Functions and bodies: kept, inlined and renamed."""

from __future__ import annotations

import onnx
import onnx.inliner
import pytest

from benchmarks.nameless import nameless
from hexviz.errors import HexvizError
from hexviz.matching.match import match
from hexviz.matching.transfer import transfer
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import scoped

CALLED_TWICE = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2] x) => (float[2] y) {
    a = local.block (x)
    b = Neg (a)
    c = local.block (b)
    y = Exp (c)
}
<opset_import: ["" : 20], domain: "local">
block (p) => (r) { q = Abs (p)  r = Relu (q) }
"""
SCOPES = {"a": "enc.0", "b": "mid", "c": "enc.1", "y": "head"}

BODIES = """<ir_version: 10, opset_import: ["" : 20]>
g (float[2] x, bool flag, int64 trips, float[3, 2] rows) => (float[2] y, float[2] w) {
    o = Neg (x)
    s = If (flag) <
        then_branch = t () => (float[2] then_made) { i = Exp (o)  then_made = Relu (i) },
        else_branch = e () => (float[2] else_made) { j = Abs (x)  else_made = Tanh (j) }
    >
    l = Loop (trips, , s) <
        body = b (int64 step, bool go, float[2] state) => (bool again, float[2] next) {
            again = Identity (go)
            k = Sin (state)
            next = Add (k, o)
        }
    >
    y = Sqrt (l)
    w = Scan <num_scan_inputs = 1, body = d (float[2] held, float[2] row) => (float[2] kept) {
            m = Cos (row)
            kept = Mul (held, m)
        }
    > (x, rows)
}
"""


def opened(proto: onnx.ModelProto) -> TaggedGraph:
    return tag(from_proto(proto, name="model.onnx"))


def called_twice() -> onnx.ModelProto:
    return scoped(onnx.parser.parse_model(CALLED_TWICE), SCOPES)


@pytest.mark.parametrize("keep_names", [True, False], ids=["as written", "nameless"])
def test_ops_of_a_function_that_was_inlined_belong_to_their_call(keep_names: bool) -> None:
    after = onnx.inliner.inline_local_functions(called_twice())
    for node in after.graph.node:
        node.ClearField("metadata_props")
    graph = transfer(opened(called_twice()), opened(after if keep_names else nameless(after)))
    assert [(op.op_type, op.module) for op in graph.ops] == [
        ("Abs", "enc.0"),
        ("Relu", "enc.0"),
        ("Neg", "mid"),
        ("Abs", "enc.1"),
        ("Relu", "enc.1"),
        ("Exp", "head"),
    ]


@pytest.mark.parametrize("after", [called_twice(), nameless(called_twice())], ids=["own", "bare"])
def test_functions_that_both_graphs_have_are_matched_with_their_calls(
    after: onnx.ModelProto,
) -> None:
    found = match(opened(called_twice()), opened(after))
    assert {at: one.before for at, one in found.matches.items()} == {at: (at,) for at in range(6)}


@pytest.mark.parametrize("rename", [lambda proto: proto, nameless], ids=["own", "nameless"])
def test_bodies_are_matched(rename) -> None:  # type: ignore[no-untyped-def] # two functions
    before = opened(onnx.parser.parse_model(BODIES))
    after = opened(rename(onnx.parser.parse_model(BODIES)))
    assert {"If", "Loop", "Scan", "Exp", "Tanh", "Sin", "Mul"} <= {op.op_type for op in before.ops}
    found = match(before, after)
    assert {at: one.before for at, one in found.matches.items()} == {
        at: (at,) for at in range(len(before.ops))
    }


def test_equal_branches_are_not_confused() -> None:
    text = BODIES.replace("j = Abs (x)  else_made = Tanh (j)", "j = Exp (o)  else_made = Relu (j)")
    before = opened(onnx.parser.parse_model(text))
    found = match(before, opened(nameless(onnx.parser.parse_model(text))))
    assert all(one.before == (at,) for at, one in found.matches.items())


def test_functions_that_call_each_other_end() -> None:
    text = CALLED_TWICE.replace("q = Abs (p)", "q = local.block (p)")
    with pytest.raises(HexvizError, match="cycle"):
        opened(onnx.parser.parse_model(text))
