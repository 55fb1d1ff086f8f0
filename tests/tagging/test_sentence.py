"""Sentences are made of the same record as the tags, word for word."""

import onnx
from hypothesis import given

from hexviz.model.op import RULES
from hexviz.tagging.sentence import context_sentence, module_sentence
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models

CHAIN = scoped(
    parse("""g (float[2] x) => (float[2] y) {
    s = Shape (x)
    u = Unsqueeze (s, s)
    r = Reshape (x, u)
    y = Relu (r)
}"""),
    {"s": "att", "u": "att", "r": "att", "y": "att.out"},
)


def test_context_is_told_from_whom_and_through_what() -> None:
    graph = tagged(CHAIN)
    assert context_sentence(graph, graph.op("s")) == (
        "Context inherited from Relu “y” in /Module/Module/Module, "
        "through Unsqueeze “u” → Reshape “r”."
    )
    assert context_sentence(graph, graph.op("y")) is None


def test_declared_is_told_plainly() -> None:
    graph = tagged(CHAIN)
    assert module_sentence(graph, graph.op("s")) == (
        "Ran in /Module/Module: the file's metadata records it."
    )


def test_declared_against_what_its_weight_says() -> None:
    """A weight that was drawn and is read in two modules names another one than the metadata."""
    proto = parse("""g (float[3] x) => (float[3] y) <float[3] "a.weight" = {1, 7, 2}> {
        m = Add (x, "a.weight")
        y = Add (m, "a.weight")
    }""")
    graph = tagged(scoped(proto, {"m": "a", "y": "b"}))
    assert graph.explain("y").candidates
    assert module_sentence(graph, graph.op("y")) == (
        "Ran in /Module/Module.b: the file's metadata records it."
    )


@given(models())
def test_every_op_has_a_sentence_that_names_its_evidence(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    for op in graph.ops:
        sentence = module_sentence(graph, op)
        assert sentence.endswith(".")
        if op.module:
            assert op.tag in sentence
        assert op.provenance.rule in RULES
        for step in op.provenance.evidence[:2]:
            assert f"“{step}”" in sentence
        told = context_sentence(graph, op)
        if op.context and op.context.evidence:
            assert told is not None
            assert f"“{op.context.evidence[-1]}”" in told


def test_what_opens_next_is_told_apart_from_the_users() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
            a = Neg (x)
            k = Constant <value = float[1] {2}> ()
            b = Exp (a)
            y = Mul (b, k)
        }"""),
            {"a": "one", "b": "two.b.d", "y": "two.b.c"},
        )
    )
    op = graph.op("k")
    assert op.module == "two.b"
    sentence = module_sentence(graph, op)
    assert "which holds all its users (Mul “y”) and what opens next, Exp “b”" in sentence


def test_more_users_than_are_named_are_counted() -> None:
    lines = "".join(f"  y{at} = Mul (a, k)\n" for at in range(20))
    proto = parse(
        "g (float[2] x) => (float[2] y0) {\n  a = Neg (x)\n"
        f"  k = Constant <value = float[1] {{2}}> ()\n{lines}}}"
    )
    graph = tagged(scoped(proto, {"a": "one"} | {f"y{at}": "two" for at in range(20)}))
    assert "and 17 more" in module_sentence(graph, graph.op("k"))
