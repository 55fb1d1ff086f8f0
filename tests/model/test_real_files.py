"""Model files that nobody here wrote: those that ship inside the onnx package."""

from pathlib import Path

import onnx
import pytest

import hexviz
from hexviz.model.writer import tagged_proto, without_tags

FILES = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))


def test_there_are_files_to_try() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_it_opens_with_full_coverage_and_is_not_changed(path: Path) -> None:
    graph = hexviz.load(path)
    assert all(op.module in graph.modules for op in graph.ops)
    assert len(graph.positions) == len(graph.ops)
    assert set(graph.to_networkx()) == set(graph.positions)
    proto = onnx.load(path)
    assert without_tags(tagged_proto(proto, graph.ops, graph.modules)) == without_tags(proto)
