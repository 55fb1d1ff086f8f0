"""What is printed for people: a stranger's names as they are, nothing cut, nothing obeyed."""

from dataclasses import replace

import pytest

from benchmarks.tables import print_inheritance
from hexviz.cli.console import console, listing
from hexviz.cli.print_tags import print_explanation, print_findings, print_summary
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Candidate, Op, Step
from hexviz.tagging.conclusions import CONFIDENCE, REBUILT
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding, findings_document
from hexviz.tagging.override import override
from hexviz.tagging.summary import summarize
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def net() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def with_op(graph: TaggedGraph, changed: Op) -> TaggedGraph:
    ops = tuple(changed if op.id == changed.id else op for op in graph.ops)
    return graph.with_tags(ops, graph.modules)


def test_a_manual_op_says_where_it_was_before(capsys: pytest.CaptureFixture[str]) -> None:
    graph = override(net(), {"s": "enc.att"})
    print_explanation(graph, explain(graph, "s"))
    rows = printed(capsys)
    assert "Placed in /Module/Module.enc/Module.att by hand." in rows
    assert "origin manual" in rows
    assert "confidence 1 (a person said so)" in rows
    assert "rejected" in rows
    assert "the root 1 was its module before, by rule metadata" in rows


def test_other_sources_witnesses_sharers_and_factors(capsys: pytest.CaptureFixture[str]) -> None:
    graph = net()
    op = graph.op("s")
    other = Candidate("head", 0.9, "its name says so")
    declared = replace(op.provenance, candidates=(other,))
    graph = with_op(graph, op._replace(provenance=declared, shared_by=("enc.att", "")))
    print_explanation(graph, explain(graph, "s"))
    rows = printed(capsys)
    assert rows[rows.index("other sources say") + 2] == "head its name says so"
    assert "rejected" not in rows
    assert "shared by enc.att, the root" in rows

    inherited = replace(
        op.provenance,
        origin="inherited",
        rule="trace",
        evidence=("a", "gone"),
        witnesses=("m",),
        confidence=CONFIDENCE["doubles"] * REBUILT,
        kind="doubles",
        steps=(Step("a", "feeds it", ("a",)), Step("gone", "ran before it")),
        rebuilt=True,
    )
    graph = with_op(graph, op._replace(provenance=inherited))
    print_explanation(graph, explain(graph, "s"))
    rows = printed(capsys)
    told = " ".join(rows)
    assert "0.951 = 0.98 (the same op is recorded so in sibling modules) × 0.97 (the order" in told
    evidence = rows.index("evidence")
    assert rows[evidence + 2].startswith("1 Neg a feeds it: a /Module/Module.enc/Module.emb")
    assert rows[evidence + 3] == "2 gone is not in the graph any more"
    witnesses = rows.index("witnesses")
    assert rows[witnesses + 2] == "1 Mul m does the same /Module/Module.enc/Module.att"


HOSTILE = "[bold]:warning:\x1b[31m"


def test_names_are_neither_markup_nor_commands(capsys: pytest.CaptureFixture[str]) -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.output[0].name = proto.graph.node[0].output[0] = HOSTILE
    graph = tagged(proto)
    print_explanation(graph, explain(graph, HOSTILE))
    print_summary(summarize(graph, ops=True))
    print_findings(
        findings_document(graph, [Finding("fallback", "info", (HOSTILE,), HOSTILE, HOSTILE)])
    )
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("[bold]:warning:�[31m") == 5


def test_long_ids_are_folded_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/model/encoder/layers.0/self_attention/" + "x" * 120
    graph = net()
    print_findings(findings_document(graph, [Finding("fallback", "info", (long,), "m")]))
    out = "".join(capsys.readouterr().out.split())
    assert "…" not in out
    assert out.count("x") == 120 + "fallback whatto net.onnx".count("x")


def test_a_finding_about_no_op(capsys: pytest.CaptureFixture[str]) -> None:
    graph = net()
    print_findings(findings_document(graph, [Finding("empty-module", "info", (), "Empty.")]))
    rows = printed(capsys)
    assert rows[1] == "info empty-module 100% none Empty."
    assert rows[-1] == "test.onnx: 1 info. Warnings and errors accuse 0 of 8 ops."


def test_a_benchmark_is_a_table_per_split_and_one_by_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = {"ops": 4, "exact": 0.75, "on_branch": 1.0, "wrong_branch": 0.0, "fallback": 0.25}
    row = {"exporter": "dynamo", "models": 2, "reported": True, "condition": "auxiliary", **figures}
    result = {"model": "mine [x]", "exporter": "dynamo", "condition": "auxiliary", **figures}
    print_inheritance(
        {
            "summary": [row | {"rule": "hexviz"}, row | {"rule": "earlier", "exact": 0.5}],
            "results": [result | {"rule": "hexviz"}, result | {"rule": "earlier"}],
            "op_types": {"dynamo": {"Shape": {"ops": 3, "exact": 2, "wrong_branch": 1}}},
            "confidences": [
                {"reported": True, "condition": condition, "kind": "doubles", **stated}
                for condition in ("auxiliary", "others")
                for stated in (
                    {"stated": 0.95, "ops": 4, "exact": 3, "wrong_branch": 1, "off": -0.2},
                    {"stated": None, "ops": 5, "exact": 4, "wrong_branch": 1, "off": 0.0},
                )
            ],
            "failed": [{"model": "lost", "exporter": "torchscript", "error": "No [luck]."}],
        }
    )
    told = capsys.readouterr()
    assert " ".join(told.out.split()) == (
        "dynamo, 2 models reported only: exact / on branch "
        "blanked ops hexviz earlier "
        "auxiliary 4 0.750 / 1.000 0.500 / 1.000 "
        "by model, auxiliary blanked "
        "model exporter ops exact on branch wrong branch fallback "
        "mine [x] dynamo 4 0.750 1.000 0.000 0.250 "
        "dynamo, auxiliary blanked, models reported only "
        "op type ops exact wrong branch "
        "Shape 3 2 1 "
        "models reported only, auxiliary blanked "
        "kind stated ops exact off wrong branch "
        "doubles 0.95 4 0.750 -0.200 0.250 doubles all 5 0.800 +0.000 0.200 "
        "models reported only, otherwise "
        "kind stated ops exact off wrong branch "
        "doubles 0.95 4 0.750 -0.200 0.250 doubles all 5 0.800 +0.000 0.200"
    )
    assert told.err == "Not measured: lost, torchscript: No [luck].\n"


def test_samples_are_listed_with_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(listing(("name", "what it is"), [("tiny", "A model [small].")]))
    assert printed(capsys) == ["name what it is", "tiny A model [small]."]
