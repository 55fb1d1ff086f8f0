"""Cuts of files whose nodes are not sorted: runtimes sort them, and so do the parts."""

from pathlib import Path

import pytest

from hexviz.api import TaggedGraph, load
from hexviz.extraction.subgraph import POLICIES
from tests.build import parse, scoped, tagged

# As float16 converters leave it: what converts comes last.
APPENDED = """g (float[2] x) => (float[2] y) <float16[2] w = {1, 2}, bool c = {1}> {
    h = Mul (xc, w)
    r = Relu (h)
    i = If (c) <then_branch = t () => (float[2] o) { o = Neg (rc) },
                else_branch = e () => (float[2] p) { p = Exp (rc) }>
    y = Softmax (i)
    xc = Cast <to = 10> (x)
    rc = Cast <to = 1> (r)
}"""
SCOPES = {"h": "enc.fc", "r": "enc.act", "i": "mid", "y": "head"}


@pytest.fixture
def graph() -> TaggedGraph:
    return TaggedGraph.of(tagged(scoped(parse(APPENDED), SCOPES)))


def test_ops_are_in_the_order_in_which_they_run(graph: TaggedGraph) -> None:
    tops = [op for op in graph.ops if not op.body]
    assert [op.id for op in tops] == ["xc", "h", "r", "rc", "i", "y"]
    assert [op.index for op in tops] == [4, 0, 1, 5, 2, 3]
    assert list(graph.to_networkx()) == [op.id for op in graph.ops]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("module", ["", "enc", "enc.act", "mid", "head"])
def test_parts_are_sorted_valid_and_equal(graph: TaggedGraph, policy: str, module: str) -> None:
    part = graph.extract([module], policy=policy)
    assert part.checks.ok
    assert part.verify().ok


def test_tags_follow_the_nodes_in_both_files(graph: TaggedGraph, tmp_path: Path) -> None:
    expected = {op.id: (op.module, op.provenance) for op in graph.ops}
    graph.save(tmp_path / "whole.onnx")
    again = load(tmp_path / "whole.onnx")
    assert [op.index for op in again.ops] == [op.index for op in graph.ops]
    graph.extract([""]).save(tmp_path / "part.onnx")
    for opened in (again, load(tmp_path / "part.onnx")):
        assert {op.id: (op.module, op.provenance) for op in opened.ops} == expected


def test_a_split_runs_part_by_part(graph: TaggedGraph) -> None:
    divided = graph.split()
    assert all(part.checks.ok for part in divided.parts.values())
    assert divided.verify().ok


def test_bodies_and_functions_of_a_part_are_sorted_too(tmp_path: Path) -> None:
    """No runtime takes the whole file; what is cut from it runs."""
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x, bool c) => (float[2] y) {
        i = If (c) <
            then_branch = t () => (float[2] o) { o = Exp (u)  u = Neg (x) },
            else_branch = e () => (float[2] p) {
                p = If (c) <then_branch = tt () => (float[2] q) { q = Neg (r)  r = Neg (s) },
                            else_branch = ee () => (float[2] v) { v = Exp (s) }>
                s = Neg (x)
            }
        >
        y = local.f (i)
    }
    <domain: "local", opset_import: ["" : 20]> f (a) => (b) { b = Neg (d)  d = Exp (a) }"""
    graph = TaggedGraph.of(tagged(scoped(parse(text), {"i": "one", "y": "two"})))
    for module in ("one", "two", ""):
        part = graph.extract([module])
        assert part.checks.ok
        part.save(tmp_path / "part.onnx")
        kept = load(tmp_path / "part.onnx")
        assert all(op.module == graph.op(op.id).module for op in kept.ops)
        assert [op.id for op in kept.ops] == [op.id for op in graph.ops if op.id in kept.positions]
