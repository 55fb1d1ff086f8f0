"""Explanations say what the rules did: steps lead to the module, parts to the confidence."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from math import prod

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.sorting import shuffle
from hexviz.bench.blanking import blank, know
from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.errors import UnknownOpError
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import KINDS, ON_RECORD, RELATIONS, RULES, Op, Provenance, Step
from hexviz.model.reader import from_proto
from hexviz.model.writer import tagged_proto
from hexviz.tagging.explain import explain, explanation_record, proven
from hexviz.tagging.order import execution_order
from hexviz.tagging.override import override
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.sentence import module_sentence
from hexviz.tagging.tag import retag, tag
from hexviz.tagging.tags_document import put_tags, tags_document
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models, repeated

CHAIN = scoped(
    parse("""g (float[2] x) => (float[2] y) {
    b = Neg (x)
    s = Shape (b)
    u = Unsqueeze (s, s)
    r = Reshape (b, u)
    y = Relu (r)
}"""),
    {"b": "att.in", "r": "att", "y": "att.out"},
)


def test_steps_say_how_each_op_stands_to_the_one_explained() -> None:
    graph = tagged(CHAIN)
    told = explain(graph, "u")
    assert told.sentence == module_sentence(graph, graph.op("u"))
    assert told.steps == (Step("b", "ran before it"), Step("r", "uses it", ("u",)))
    assert told.context_steps[-1] == Step("y", "uses it", ("r",))
    assert [part.reason for part in told.confidence] == [
        "modules changed around it: it may lie deeper"
    ]
    with pytest.raises(UnknownOpError, match="No op has the id 'uu'; near ones: u"):
        explain(graph, "uu")


def test_sources_that_disagree_are_told() -> None:
    proto = scoped(
        parse("g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"),
        {"m": "a.one", "y": "a.two"},
    )
    proto.graph.node[0].name = "/b/Neg"
    assert explain(tagged(proto), "m").disagreeing == (("b", "/b/Neg points there, by rule name"),)
    assert explain(tagged(proto), "y").disagreeing == ()


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
@pytest.mark.parametrize("name", ["bert-tiny", "custom-auxiliary"])
def test_the_evidence_alone_leads_to_the_module(
    exported: Callable[..., Exported], name: str, exporter: str
) -> None:
    """With all auxiliary ops blanked, hundreds are inherited; each record must hold water."""
    one = exported(name, exporter)
    truth = know(one.proto, one.modules)
    graph = tag(from_proto(blank(truth.proto, truth.auxiliary), name="blanked"))
    verdicts = [proven(graph, op) for op in graph.ops]
    assert verdicts.count(True) > 20
    assert verdicts.count(False) == 0


def statements(graph: TaggedGraph) -> tuple[int, int]:
    """How many steps say "before" or "after", and how many of them the rules' order denies."""
    known = {
        at: op.provenance for at, op in enumerate(graph.ops) if op.provenance.origin in ON_RECORD
    }
    order, _ = execution_order(graph.flat, known)
    place = {graph.ops[at].id: index for index, at in enumerate(order)}
    said = [
        (place[step.op] < place[op.id], step.relation)
        for op in graph.ops
        for step in explain(graph, op.id).steps
        if step.relation in ("ran before it", "ran after it")
    ]
    wrong = sum(earlier != (relation == "ran before it") for earlier, relation in said)
    return len(said), wrong


@pytest.mark.parametrize("flavour", FLAVOURS[:3])
def test_before_and_after_are_by_the_order_that_the_rule_used(flavour: str) -> None:
    """A shuffled file's order is rebuilt: what stands above an op need not have run before it."""
    shuffled = tagged(shuffle(onnx.load_model_from_string(synthetic(600, flavour)), seed=1))
    assert any(op.provenance.rebuilt for op in shuffled.ops) == ("blanked" in flavour)
    told, wrong = statements(shuffled)
    assert wrong == 0
    assert told > 200 or "blanked" not in flavour


@given(models() | repeated(), st.integers(0, 9))
def test_before_and_after_hold_in_every_shuffled_graph(proto: onnx.ModelProto, seed: int) -> None:
    assert statements(tagged(shuffle(proto, seed)))[1] == 0


@given(models())
def test_confidence_is_the_product_of_its_parts(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    for op in graph.ops:
        told = explain(graph, op.id)
        assert prod(part.factor for part in told.confidence) == pytest.approx(
            op.provenance.confidence
        )
        assert not any(part.reason == "as stored in the file" for part in told.confidence)
        json.dumps(explanation_record(told))


@given(repeated())
def test_no_record_of_repeated_graphs_contradicts_its_module(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    assert all(proven(graph, op) is not False for op in graph.ops)


def test_a_record_that_lies_is_seen() -> None:
    graph = tagged(CHAIN)
    at = graph.positions["u"]
    assert proven(graph, graph.ops[at])
    why = graph.ops[at].provenance
    known = {one: op.provenance for one, op in enumerate(graph.ops)}
    known[at] = replace(why, module="att.out")
    lying = retag(graph, known)
    assert proven(lying, lying.ops[at]) is False


def test_a_manual_tag_says_so_and_keeps_what_it_was() -> None:
    graph = override(tagged(CHAIN), {"u": "att.out"})
    told = explain(graph, "u")
    assert told.sentence.startswith("Placed in ")
    assert told.sentence.endswith(" by hand.")
    assert [part.reason for part in told.confidence] == ["a person said so"]
    assert [one.module for one in told.op.provenance.candidates] == ["att"]


@settings(max_examples=50)
@given(models() | repeated(), st.booleans())
def test_every_reason_has_a_kind_of_its_rule_and_a_step_for_each_op_of_its_evidence(
    proto: onnx.ModelProto, shuffled: bool
) -> None:
    graph = tagged(shuffle(proto, seed=1) if shuffled else proto)
    for op in graph.ops:
        why = op.provenance
        assert KINDS[why.kind] == why.rule
        assert tuple(step.op for step in why.steps) == why.evidence
        assert {step.relation for step in why.steps} <= RELATIONS.keys()
        for step in why.steps:
            other = graph.op(step.op)
            made, read = (op, other) if step.relation == "uses it" else (other, op)
            assert all(value in made.outputs and value in read.inputs for value in step.values)


def reopened(graph: TaggedGraph, *, without: Collection[str] = ()) -> TaggedGraph:
    """A graph as it is when its tagged file is opened; ``without`` some keys of its nodes."""
    proto = tagged_proto(graph.proto, graph.ops, graph.modules, graph.transferred_from)
    for node in proto.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key not in without]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return tag(from_proto(proto, name=graph.name))


@settings(max_examples=50)
@given(models() | repeated(), st.booleans())
def test_kind_and_steps_survive_a_file_the_cache_and_what_the_page_keeps(
    proto: onnx.ModelProto, shuffled: bool
) -> None:
    graph = tagged(shuffle(proto, seed=1) if shuffled else proto)
    reasons = [(op.provenance.kind, op.provenance.steps, op.provenance.rebuilt) for op in graph.ops]

    def kept(other: TaggedGraph | tuple[Op, ...]) -> list[object]:
        ops = other.ops if isinstance(other, TaggedGraph) else other
        return [(op.provenance.kind, op.provenance.steps, op.provenance.rebuilt) for op in ops]

    packed = pack(graph)
    assert packed is not None
    assert kept(Packed(packed).ops()) == reasons
    assert kept(reopened(graph)) == reasons
    document = json.loads(json.dumps(tags_document(graph)))
    assert kept(put_tags(tagged(graph.proto), document)) == reasons


def test_a_file_of_an_earlier_version_says_what_its_record_has() -> None:
    graph = tagged(CHAIN)
    older = reopened(graph, without=("hexviz.kind", "hexviz.steps", "hexviz.rebuilt"))
    assert [(op.module, op.provenance.confidence) for op in older.ops] == [
        (op.module, op.provenance.confidence) for op in graph.ops
    ]
    told = explain(older, "u")
    assert told.op.provenance.kind == ""
    assert told.steps == (Step("b", "is evidence for it"), Step("r", "is evidence for it"))
    assert told.sentence == (
        "Placed in /Module/Module, as the file records: decided by rule trace, from Neg “b” "
        "and Reshape “r”."
    )
    assert [(part.factor, part.reason) for part in told.confidence] == [
        (0.6, "as stored in the file")
    ]
    assert proven(older, told.op) is None
    # A rule that has one kind of reason only says it by itself.
    assert explain(older, "b").sentence == explain(graph, "b").sentence
    assert older.explain("b") == graph.explain("b")


def test_tags_that_the_page_kept_with_an_earlier_version_are_put_on_the_graph() -> None:
    record = ["att", "transferred", "value", ["t"], [], [], 0.9, [], []]
    document = {"modules": {"": ["M", None, "", ""], "att": ["A", None, "", ""]}}
    graph = put_tags(tagged(CHAIN), document | {"tags": {"u": record}, "transferred_from": None})
    why = graph.explain("u")
    assert (why.module, why.evidence, why.confidence) == ("att", ("t",), 0.9)
    assert (why.kind, why.steps) == ("", (Step("t", "is evidence for it"),))
    assert explain(graph, "u").sentence.startswith("Ran in /M/A: it makes the value of ")


def test_what_a_stranger_wrote_for_steps_counts_as_no_more_than_evidence() -> None:
    graph = tagged(CHAIN)
    for steps in ('["x", "b"]', '["b"]', "[[], {}]", '[["b", 1], null]', "{", "[" * 5000):
        proto = tagged_proto(graph.proto, graph.ops, graph.modules)
        for node in proto.graph.node:
            for entry in node.metadata_props:
                if entry.key == "hexviz.steps":
                    entry.value = steps
                if entry.key == "hexviz.kind":
                    entry.value = "by hand"
        why = tag(from_proto(proto, name="stranger")).explain("u")
        assert why.kind == ""
        assert [step.op for step in why.steps] == ["b", "r"]
        assert why.steps[0].relation == "is evidence for it"


def test_an_op_of_a_body_says_what_holds_it() -> None:
    graph = tagged(
        scoped(
            parse("""g (bool c, float[2] x) => (float[2] y) {
            y = If (c) <
                then_branch = g () => (float[2] t) { t = Neg (x) },
                else_branch = g () => (float[2] e) { e = Exp (x) }
            >
        }"""),
            {"y": "gate"},
        )
    )
    inner = next(op for op in graph.ops if op.op_type == "Neg")
    assert inner.provenance.kind == "body"
    assert inner.provenance.steps == (Step("y", "holds its body"),)
    assert explain(graph, inner.id).sentence.endswith(
        " or below: it is in a body of If “y”, which ran there."
    )


def test_an_op_of_a_function_says_what_calls_it() -> None:
    model = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 17, "m" : 1]>
        g (float[2] x) => (float[2] y) {
            h = Relu (x)
            y = m.Twice (h)
        }
        <domain: "m", opset_import: ["" : 17]>
        Twice (a) => (b) { b = Add (a, a) }
    """)
    graph = tagged(scoped(model, {"h": "act", "y": "layer"}))
    inner = next(op for op in graph.ops if op.op_type == "Add")
    assert (inner.module, inner.provenance.kind) == ("layer", "function")
    assert explain(graph, inner.id).sentence.endswith(
        " or below: it is in a function that Twice “y” calls."
    )


def test_every_kind_says_what_its_confidence_stands_for() -> None:
    for kind, rule in KINDS.items():
        why = Provenance("", RULES[rule], rule, confidence=0.5, kind=kind)
        graph = tagged(CHAIN)
        op = graph.ops[0]._replace(provenance=why)
        told = explain(graph.with_tags((op, *graph.ops[1:]), graph.modules), op.id)
        assert told.sentence.endswith(".")
        parts = told.confidence
        assert prod(part.factor for part in parts) == pytest.approx(0.5)
        assert not any(part.reason == "as stored in the file" for part in parts)
