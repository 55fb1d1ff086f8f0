"""A nameless model says nothing of its author and computes the same."""

import numpy as np
import onnx

from benchmarks.nameless import nameless
from hexviz.matching.sliced_run import values_of
from tests.build import parse, scoped, tagged

TEXT = """<ir_version: 10, opset_import: ["" : 20, "author.pkg" : 1], producer_name: "author">
author_graph (float[author_n, 8] author_x, bool author_c) => (float[author_n, 8] author_y)
<float[1] author_one = {1.5}> {
    author_a = author.pkg.author_twice (author_x)
    author_b = If (author_c) <
        then_branch = author_then () => (float[author_n, 8] author_t) {
            author_s = Add (author_a, author_one)
            author_t = Tanh (author_s)
        },
        else_branch = author_else () => (float[author_n, 8] author_e) {
            author_e = Neg (author_a)
        }
    >
    author_y = Clip (author_b, author_one)
}
<opset_import: ["" : 20], domain: "author.pkg">
author_twice (author_v) => (author_w) { author_w = Add (author_v, author_v) }"""


def example() -> onnx.ModelProto:
    proto = scoped(parse(TEXT), {"author_a": "author", "author_y": "author"})
    proto.doc_string = proto.graph.doc_string = "author"
    for node in (*proto.graph.node, *proto.functions[0].node):
        node.name = node.doc_string = "author"
    return proto


def test_no_word_of_the_author_is_left() -> None:
    proto = nameless(example())
    onnx.checker.check_model(proto, full_check=True)
    text = onnx.printer.to_text(proto).replace("author.pkg", "")  # domains are types, not names
    assert "author" not in text
    assert b"author" not in proto.SerializeToString().replace(b"author.pkg", b"")


def test_it_computes_the_same_in_the_same_order() -> None:
    before, after = tagged(example()), tagged(nameless(example()))
    kinds = [
        [op.op_type for op in graph.ops if op.op_type[0].isupper()] for graph in (before, after)
    ]
    assert kinds[0] == kinds[1]
    x, c = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32), np.array(True)
    ours = [array.copy() for _, array in values_of(before, {"author_x": x, "author_c": c})]
    names = [one.name for one in after.inputs]
    theirs = [array.copy() for _, array in values_of(after, dict(zip(names, (x, c), strict=True)))]
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_the_model_it_is_made_of_stays() -> None:
    proto = example()
    content = proto.SerializeToString(deterministic=True)
    nameless(proto)
    assert proto.SerializeToString(deterministic=True) == content
