"""Sentences are made of the same record as the tags, word for word."""

import re
from dataclasses import replace

import onnx
import pytest
from hypothesis import given

from hexviz.model.op import KINDS, RELATIONS, RULES, Context, Provenance, Step
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.sentence import context_sentence, doubted_sentence, module_sentence
from hexviz.tagging.tag import retag
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
        "Needed by Relu “y” in /Module/Module/Module, via Unsqueeze → Reshape."
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
    assert "and 18 more" in module_sentence(graph, graph.op("k"))


MOST = 25  # words that a sentence may have


def words(sentence: str) -> int:
    """How many words a sentence has; signs between them are none."""
    return len(re.findall(r"\S*\w\S*", sentence))


def test_words_are_counted_as_a_person_does() -> None:
    assert words("Needed by Mul “val_98” in /A/B.0, via Slice → Concat → … → Reshape.") == 10


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_no_reason_takes_more_than_25_words(kind: str, count: int) -> None:
    """However many ops it was decided from."""
    graph = tagged(CHAIN)
    origin, rule = RULES[KINDS[kind]], KINDS[kind]
    ids = ["s", "u", "r", "y", "s", "u", "r"][:count]
    relations = [*RELATIONS, "uses it"]
    for relation in ("uses it", "ran before it"):
        steps = tuple(Step(one, relation) for one in ids)
        if len(steps) > 1:
            steps = (*steps[:-1], steps[-1]._replace(relation=relations[0]))
        why = Provenance(
            *("att", origin, rule),
            evidence=tuple(ids),
            values=("att.weight",) * bool(count),
            witnesses=tuple(ids),
            shared_by=("att.out",) * bool(count),
            kind=kind,
            steps=steps,
        )
        known = SourceGraph("before.onnx", "0", 7)
        moved = graph.with_tags(graph.ops, graph.modules, known)
        op = graph.op("s")._replace(provenance=why)
        for sentence in (module_sentence(moved, op), doubted_sentence(op, known.file)):
            assert words(sentence) <= MOST, sentence
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert "  " not in sentence
            assert " and 0 more" not in sentence


@pytest.mark.parametrize("rule", ["consumers", "producers", "root"])
@pytest.mark.parametrize("users", [1, 2, 300])
@pytest.mark.parametrize("steps", [1, 2, 5, 32])
def test_no_context_takes_more_than_25_words(rule: str, users: int, steps: int) -> None:
    graph = tagged(CHAIN)
    chain = (*(("u", "r") * steps)[: steps - 1], "y")
    context = Context("att.out", "/Module/Module/Module", rule, chain, ("att.out",) * users)
    sentence = context_sentence(graph, graph.op("s")._replace(context=context))
    assert sentence is not None
    assert words(sentence) <= MOST, sentence
    if rule != "root":
        assert ("Needed by" if rule == "consumers" else "Follows") in sentence
        assert f"of {users} modules" in sentence or users == 1


def test_what_feeds_an_op_is_named_in_the_order_it_ran() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (int64[1] y) {
                a = Relu (x)
                b = Cast <to = 6> (a)
                s = Shape (b)
                y = Identity (s)
            }"""),
            {"a": "one", "b": "two", "s": "two", "y": "two"},
        )
    )
    assert context_sentence(graph, graph.op("y")) == (
        "Follows Relu “a” in /Module/Module.one, via Cast → Shape; no primary op needs it."
    )


@given(models(), models())
def test_no_sentence_of_a_graph_takes_more_than_25_words(
    proto: onnx.ModelProto, other: onnx.ModelProto
) -> None:
    """Nor does what the audit says, of right tags and of wrong ones."""
    graph = tagged(proto)
    modules = [module.fqn for module in graph.modules]
    wrong = {
        at: replace(op.provenance, module=modules[at % len(modules)], origin="declared")
        for at, op in enumerate(graph.ops)
        if at % 3
    }
    for one in (graph, tagged(other), retag(graph, wrong)):
        for op in one.ops:
            assert words(module_sentence(one, op)) <= MOST
            assert words(context_sentence(one, op) or "") <= MOST
        for finding in audit(one):
            for sentence in (finding.message, finding.suggestion):
                assert words(sentence) <= MOST, (finding.kind, sentence)


def test_an_accused_tag_is_what_the_file_says_and_not_what_is_so() -> None:
    op = tagged(CHAIN).op("s")
    assert doubted_sentence(op, "") == (
        "Said by the file, in its metadata: /Module/Module. The audit doubts it."
    )
