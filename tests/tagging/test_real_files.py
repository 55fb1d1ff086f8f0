"""Explanations, audit, policies and overrides on files that nobody here wrote."""

import json
from pathlib import Path

import onnx
import pytest

import hexviz
from hexviz.app.report.page import to_report
from hexviz.tagging.explain import explain, explanation_record, proven
from hexviz.tagging.policies import POLICIES, what_if
from hexviz.tagging.summary import summarize

FILES = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))
_MOST = 200  # ops of a file that are explained


def test_there_are_files_to_try() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_question_has_an_answer(path: Path) -> None:
    graph = hexviz.load(path)
    for finding in graph.audit():
        assert set(finding.ops) <= graph.positions.keys()
    for op in graph.ops[:_MOST]:
        assert json.dumps(explanation_record(explain(graph, op.id)))
        assert proven(graph, op) is not False
    for policy in POLICIES:
        assert set(what_if(graph, policy).values()) <= {one.fqn for one in graph.modules}
    moved = graph.override({graph.ops[0].id: ""})
    assert moved.op(graph.ops[0].id).module == ""
    assert summarize(moved)["origins"]["manual"] == 1


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.stem.startswith("light_")], ids=lambda path: path.stem
)
def test_a_report_can_be_made(path: Path) -> None:
    page = to_report(hexviz.load(path))
    assert path.name in page
    assert len(page) < 5_000_000
