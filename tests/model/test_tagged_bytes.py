"""A saved file is what protobuf would have written, byte for byte."""

import json
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hexviz
from hexviz.errors import HexvizError, WriteError
from hexviz.model import writer
from hexviz.model.graph import TaggedGraph
from hexviz.model.node_tags import OpTags, entry, how_entries
from hexviz.model.op import Candidate, Op, Provenance
from hexviz.model.writer import tagged_proto
from tests.build import parse, scoped, tagged
from tests.hostile.crafted import CHEAP
from tests.model.test_flat import BRANCHES
from tests.model.test_writer import FUNCTIONS

FILES = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))

LARGE = 1 << 18  # bytes of a file that is not tried


def by_protobuf(graph: TaggedGraph) -> onnx.ModelProto:
    return tagged_proto(graph.proto, graph.ops, graph.modules, graph.transferred_from)


def assert_as_protobuf_writes_it(graph: TaggedGraph) -> onnx.ModelProto:
    """The very bytes, and so again when the file that has the tags is saved."""
    content, merged = graph.to_bytes(), by_protobuf(graph)
    result = onnx.ModelProto.FromString(content)
    assert result == merged
    assert content == merged.SerializeToString()
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_real_files(path: Path) -> None:
    once = assert_as_protobuf_writes_it(hexviz.load(path))
    assert_as_protobuf_writes_it(tagged(once))


@pytest.mark.parametrize("name", CHEAP)
def test_the_worst_files(name: str, tmp_path: Path) -> None:
    path = CHEAP[name](tmp_path)
    try:
        if path.stat().st_size > LARGE:
            return
        graph = hexviz.load(path)
    except (HexvizError, OSError):
        return
    assert onnx.ModelProto.FromString(graph.to_bytes()) == by_protobuf(graph)


@pytest.mark.parametrize("text", [BRANCHES, FUNCTIONS])
def test_bodies_and_functions_twice(text: str) -> None:
    once = assert_as_protobuf_writes_it(tagged(parse(text)))
    assert assert_as_protobuf_writes_it(tagged(once)) == once


def test_what_is_not_text_stays_as_it_is() -> None:
    proto = parse(BRANCHES)
    raw = onnx.NodeProto.FromString(b"\x4a\x06\x0a\x01\xff\x12\x01\xfe")
    proto.graph.node[0].MergeFrom(raw)
    result = assert_as_protobuf_writes_it(tagged(proto))
    assert result.graph.node[0].metadata_props[0].key == b"\xff"


def test_what_a_later_version_of_onnx_writes_stays_as_it_is() -> None:
    proto = parse(BRANCHES)
    unknown = b"\xfa\x3f\x03abc\xf3\x3f\x08\x01\xf4\x3f"  # field 1023: bytes, then a group
    proto.MergeFromString(unknown)
    proto.graph.MergeFromString(unknown)
    proto.graph.node[0].MergeFromString(unknown)
    graph = tagged(proto)
    content = graph.to_bytes()
    assert onnx.ModelProto.FromString(content) == by_protobuf(graph)
    assert content.count(b"abc") == 3


def test_an_op_tells_its_call_once() -> None:
    """Where the exporter's record stands, whatever else in the node looks like it."""
    names = {"a": "enc", "y": "enc.att", "z": "head"}
    first = assert_as_protobuf_writes_it(tagged(scoped(parse(BRANCHES), names)))
    assert "hexviz.call" not in {one.key for one in first.graph.node[0].metadata_props}
    for node in first.graph.node:
        for at in reversed(range(len(node.metadata_props))):
            if node.metadata_props[at].key.startswith("pkg."):
                del node.metadata_props[at]
        node.doc_string = "pkg.torch.onnx.name_scopes"
        node.metadata_props.add(key="hexviz.call", value="linear_1 aten.linear.default")
    second = assert_as_protobuf_writes_it(tagged(first))
    assert "hexviz.call" in {one.key for one in second.graph.node[0].metadata_props}


def test_too_large_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tagged(parse(BRANCHES))
    monkeypatch.setattr(writer, "_LARGEST", len(graph.to_bytes()) - 1)
    with pytest.raises(WriteError, match="would be over 2 GB"):
        graph.save(tmp_path / "t.onnx")
    assert not list(tmp_path.iterdir())


@given(st.sampled_from(["tag", "values"]), st.text(st.characters(codec="utf-8"), max_size=400))
def test_an_entry_is_what_protobuf_writes(name: str, text: str) -> None:
    node = onnx.NodeProto()
    node.metadata_props.add(key=f"hexviz.{name}", value=text)
    assert entry(name, text) == node.SerializeToString()


@pytest.mark.parametrize("score", [0.2, 1, 1e-9, float("inf"), float("nan"), -0.0])
def test_candidates_are_written_as_the_json_module_writes_them(score: float) -> None:
    """Scores are read from files, which may hold any number."""
    rejected = (Candidate('a."b"', score, "tells\nit ∕"), Candidate("c", 0.25, ""))
    why = Provenance("m", "inherited", "trace", candidates=rejected)
    op = Op(0, "", "y", "", "Add", "", "m", "/M", why, None, (), ("y",), None)
    listed = [[one.module, one.score, one.reason] for one in rejected]
    (text,) = how_entries(OpTags.of([op]))
    assert text.endswith(entry("candidates", json.dumps(listed, ensure_ascii=False)))
