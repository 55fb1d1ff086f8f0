"""Explanations say what the rules did: steps lead to the module, parts to the confidence."""

import json
from collections.abc import Callable
from math import prod

import onnx
import pytest
from hypothesis import given

from hexviz.bench.blanking import blank, know
from hexviz.errors import UnknownOpError
from hexviz.exporters.result import Exported
from hexviz.model.op import Provenance
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import Step, explain, explanation_record, proven
from hexviz.tagging.override import override
from hexviz.tagging.sentence import module_sentence
from hexviz.tagging.tag import retag, tag
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
    known[at] = Provenance("att.out", why.origin, why.rule, why.evidence)
    lying = retag(graph, known)
    assert proven(lying, lying.ops[at]) is False


def test_a_manual_tag_says_so_and_keeps_what_it_was() -> None:
    graph = override(tagged(CHAIN), {"u": "att.out"})
    told = explain(graph, "u")
    assert told.sentence.startswith("Placed in ")
    assert told.sentence.endswith(" by hand.")
    assert [part.reason for part in told.confidence] == ["a person said so"]
    assert [one.module for one in told.op.provenance.candidates] == ["att"]
