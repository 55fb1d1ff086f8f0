"""The report's file: all is in it, nothing is loaded, and no name can get out of its data."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings

from hexviz.exporters.interface import Exported
from hexviz.matching.transfer import transfer
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import RULES
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding
from hexviz.tagging.tag import tag
from hexviz.view.report import to_report
from hexviz.view.report.about import _WORDS
from tests.build import parse, scoped
from tests.build import tagged as tagged_as_read
from tests.view.graphs import Node, build, chain, random_graph, seeds, two_layers

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028&<!--"


def embedded(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    document: dict[str, Any] = json.loads(found[1])
    return document


def report(graph: TaggedGraph, *findings: Finding) -> dict[str, Any]:
    return embedded(to_report(graph, findings))


def untold(graph: TaggedGraph) -> TaggedGraph:
    """Without contexts: those of graphs made by hand have no evidence to tell of."""
    return graph.with_tags(tuple(op._replace(context=None) for op in graph.ops), graph.modules)


def records(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    table = data[name]
    return [
        {
            field.lstrip("$"): data["strings"][cell] if field.startswith("$") else cell
            for field, cell in zip(table["fields"], row, strict=True)
        }
        for row in table["rows"]
    ]


@pytest.fixture(scope="module")
def bert(exported: Callable[..., Exported]) -> TaggedGraph:
    result = exported("bert-tiny")
    return tag(from_proto(result.proto, name="bert-tiny"), modules=result.modules)


def test_every_op_is_told_as_it_is_explained(bert: TaggedGraph) -> None:
    data = report(bert)
    told = records(data, "ops")
    words = data["strings"]
    assert [op["id"] for op in told] == [op.id for op in bert.ops]
    modules = records(data, "modules")
    for op, row in zip(bert.ops, told, strict=True):
        why = explain(bert, op.id)
        assert row["sentence"] == why.sentence
        assert row["contextSentence"] == (why.context_sentence or "")
        assert modules[row["module"]]["fqn"] == op.module
        assert (row["origin"], row["rule"]) == (op.provenance.origin, op.provenance.rule)
        steps = [(data["ops"]["rows"][at][0], words[how]) for at, how, _ in row["chain"]]
        assert steps == [(step.op, step.relation) for step in why.context_steps]


def test_every_module_is_there_with_its_figures(bert: TaggedGraph) -> None:
    told = {row["fqn"]: row for row in records(report(bert), "modules")}
    assert list(told) == [module.fqn for module in bert.modules]
    for module in bert.modules:
        within = bert.subtree(module)
        row = told[module.fqn]
        assert (row["ops"], row["auxiliary"]) == (within.ops, within.auxiliary)
        assert row["own"] == len(module.ops)


def assert_well_placed(data: Mapping[str, Any]) -> None:
    boxes = records(data, "boxes")
    seen: list[int] = []
    for box in boxes:
        for thing, x, y, width, height, room, _, dots, *_ in box["cells"]:
            seen += [thing, *(dot[0] for dot in dots)]
            assert room >= width
            assert x - room / 2 >= -1
            assert x + room / 2 <= box["width"] + 1
            assert y - height / 2 >= -1
            assert y + height / 2 <= box["height"] + 1
        for one, other in combinations(box["cells"], 2):
            beside = abs(one[1] - other[1]) >= (one[5] + other[5]) / 2 - 1
            above = abs(one[2] - other[2]) >= (one[4] + other[4]) / 2 - 1
            assert beside or above
    ends = len(data["inputs"]) + len(data["outputs"])
    # Each op, end and box but the root stands in one place.
    assert sorted(seen) == list(range(-len(boxes), -1)) + list(
        range(len(data["ops"]["rows"]) + ends)
    )


def test_what_is_in_a_box_lies_inside_and_apart(bert: TaggedGraph) -> None:
    assert_well_placed(report(bert))


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_random_graphs_are_well_placed(seed: int) -> None:
    data = report(untold(random_graph(seed)))
    assert_well_placed(data)
    boxes = records(data, "boxes")
    home = {cell[0]: at for at, box in enumerate(boxes) for cell in box["cells"]}

    def path(thing: int) -> list[int]:
        steps = [thing]
        while home[steps[-1]]:
            steps.append(-1 - home[steps[-1]])
        return steps[::-1]

    def cell_of(box: dict[str, Any], thing: int) -> int:
        return next(at for at, cell in enumerate(box["cells"]) if cell[0] == thing)

    # A line has a way through each box it crosses.
    wires = data["wires"]
    for source, target, _, flags in zip(*(wires[at::4] for at in range(4)), strict=True):
        if not flags & 2:
            continue
        ups, downs = path(source), path(target)
        shared = next(at for at, (a, b) in enumerate(zip(ups, downs, strict=False)) if a != b)
        meet = boxes[home[ups[shared]]]
        ends = cell_of(meet, ups[shared]), cell_of(meet, downs[shared])
        assert ends in {(a, b) for a, b, _ in meet["links"]}
        for thing in downs[shared + 1 :]:
            box = boxes[home[thing]]
            assert (source, cell_of(box, thing)) in {(p, c) for p, c, _ in box["entering"]}
        for thing in ups[shared + 1 :]:
            box = boxes[home[thing]]
            assert (cell_of(box, thing), source) in {(c, p) for c, p, _ in box["leaving"]}


def test_a_value_that_goes_everywhere_has_one_line() -> None:
    nodes = [Node("mask", ["x"], "Cast")]
    nodes += [Node(f"v{at}", [f"v{at - 1}" if at else "x", "mask"], "Add") for at in range(9)]
    data = report(build(nodes, ["v8"]))
    wires = data["wires"]
    lines = [
        target
        for source, target, flags in zip(wires[::4], wires[1::4], wires[3::4], strict=True)
        if source == 0 and flags & 2
    ]
    assert lines == [1]
    stubs = [cell[8] for cell in records(data, "boxes")[0]["cells"] if len(cell) > 8]
    assert [data["strings"][stub[0]] for stub in stubs] == ["mask"] * 8


def test_nothing_is_loaded_and_only_the_inline_blocks_may_run(bert: TaggedGraph) -> None:
    page = to_report(bert, [])
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    for name, end in (("script", "script-src"), ("style", "style-src")):
        (block,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{end} 'sha256-{digest}'" in policy[1]
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    for loads in (r"\ssrc=", r"\shref=", r"@import", r"url\(", r"\bimport\(", r"\bfetch\("):
        assert not re.search(loads, page), loads
    assert " style=" not in page
    assert "innerHTML" not in page


def test_no_name_gets_out_of_its_data() -> None:
    graph = build(
        [Node(HOSTILE, ["x"], "Relu", HOSTILE), Node("y", [HOSTILE])],
        ["y"],
        classes={HOSTILE: HOSTILE},
    )
    graph.name = HOSTILE
    finding = Finding("misplaced", "error", (HOSTILE,), HOSTILE, HOSTILE)
    page = to_report(graph, [finding])
    data = embedded(page)
    assert data["ops"]["rows"][0][0] == HOSTILE
    assert records(data, "findings")[0]["message"] == HOSTILE
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert "\u2028" not in page.replace(html.escape(HOSTILE), "")
    assert f"<title>{html.escape(HOSTILE)} · hexviz report</title>" in page


def test_half_a_letter_can_be_written() -> None:
    graph = build([Node("y", ["x"], module="a")], ["y"], classes={"a": "half \ud800"})
    graph.name = "m\udcff.onnx"
    page = to_report(graph, [])
    page.encode("utf-8")
    assert embedded(page)["modules"]["rows"][1][1] == "/Model/half \ud800"


def test_findings_name_their_ops_and_modules() -> None:
    data = report(
        untold(two_layers()),
        Finding("misplaced", "warning", ("a", "gone"), "m", "s", "encoder.1", 0.75),
        Finding("empty-module", "info", (), "nothing there"),
    )
    first, second = records(data, "findings")
    assert (first["severity"], first["ops"], first["sureness"]) == ("warning", [3], 0.75)
    assert records(data, "modules")[first["module"]]["fqn"] == "encoder.1"
    assert (second["ops"], second["module"]) == ([], -1)
    assert data["about"][-1]["text"] == "2 findings: 1 warning, 1 info."


def test_the_audit_is_run_where_no_findings_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("fallback", "info", ("a",), "a message")]
    monkeypatch.setattr("hexviz.view.report.page.audit", lambda _: found)
    assert (
        records(embedded(to_report(untold(two_layers()))), "findings")[0]["message"] == "a message"
    )


def test_the_introduction_names_what_repeats(bert: TaggedGraph) -> None:
    nodes = [
        Node(f"v{at}", [f"v{at - 1}" if at else "x"], "Relu", f"layer.{at // 3}")
        for at in range(12)
    ]
    nodes.append(Node("y", ["v11"], "Relu"))
    graph = build(nodes, ["y"], classes={f"layer.{at}": "Layer" for at in range(4)})
    told = {part["title"]: part for part in report(graph)["about"]}
    repeats = "Layer ×4 is a block that repeats: 4 times 3 ops, 92% of the graph."
    assert told["How it is built"]["text"] == repeats
    told = {part["title"]: part for part in report(bert)["about"]}
    assert told["About this model"]["text"].startswith("A BertModel exported to ONNX: 256 ops")
    assert sum(count for _, count in told["How it is built"]["bars"]) == 256


@pytest.mark.parametrize(
    "graph",
    [
        build([], ["x"]),
        chain(400),
        tagged_as_read(
            parse(
                """g (bool c, float[2] x) => (float[2] y) {
                    y = If (c) <
                        then_branch = t () => (float[2] a) { a = Relu(x) },
                        else_branch = e () => (float[2] b) { b = Neg(x) }
                    >
                }"""
            )
        ),
    ],
    ids=["no ops", "sections", "bodies"],
)
def test_odd_graphs_have_a_report(graph: TaggedGraph) -> None:
    assert_well_placed(report(graph))


def test_a_report_is_small_and_always_the_same(bert: TaggedGraph) -> None:
    page = to_report(bert)
    assert page == to_report(bert)
    data = len(json.dumps(embedded(page), ensure_ascii=False, separators=(",", ":")).encode())
    assert len(page.encode()) - data < 100_000
    # So bert-base, at 3,000 ops, stays far below 5 MB.
    assert data / len(bert.ops) < 800


def test_ops_of_another_graph_are_listed_and_no_steps() -> None:
    text = "g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"
    before = tagged_as_read(scoped(parse(text), {"m": "a", "y": "b"}))
    before.name = "exported.onnx"
    graph = transfer(before, tagged_as_read(parse(text)))
    data = report(graph)
    assert data["transferredFrom"] == "exported.onnx"
    for row in records(data, "ops"):
        ((kind, op, relation),) = row["counterparts"]
        assert (data["strings"][kind], op) == (row["type"], row["id"])
        assert data["strings"][relation] == "makes the same value"
        assert row["steps"] == []
        assert row["origin"] == "transferred"


def test_every_rule_has_words() -> None:
    assert RULES.keys() <= _WORDS.keys()
