"""A file that was opened before opens from what is kept, and is the same in all that is asked."""

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import hexviz
from hexviz.cache import Cache, Records, code_in
from hexviz.errors import ReadError
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging import opened
from hexviz.tagging.audit import audit
from hexviz.tagging.opened import keep, kept_tags, open_bytes, open_path
from hexviz.tagging.override import override
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.summary import summarize
from hexviz.tagging.tag import tag
from tests.build import parse


@pytest.fixture
def file(tmp_path: Path, exported: Callable[..., Exported]) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(exported("small-transformer", "torchscript").proto.SerializeToString())
    return path


def open_file(path: Path, kept: Records) -> TaggedGraph:
    """As the function of that name, whose tags are kept however fast they were made."""
    return opened.open_file(path, kept, worth=0)


def untimed(graph: TaggedGraph) -> dict[str, object]:
    told = summarize(graph, ops=True)
    for key in ("stages", "stage_details", "peak_memory_mb"):
        told.pop(key)
    return told


def test_the_second_opening_tells_the_same(tmp_path: Path, file: Path) -> None:
    kept = kept_tags(Cache(tmp_path))
    first, second = open_file(file, kept), open_file(file, kept)
    assert list(second.timings) == ["read"]
    assert second.ops == first.ops == hexviz.load(file).ops
    assert list(second.modules) == list(first.modules)
    assert second.edges == first.edges
    assert second.inputs == first.inputs
    assert second.name == first.name
    assert second.to_bytes() == first.to_bytes()
    assert untimed(second) == untimed(first)
    assert audit(second) == audit(first)
    some = {next(op.id for op in first.ops if op.module): ""}
    assert override(second, some).ops == override(first, some).ops


def test_tags_of_every_kind_are_the_same_after_the_round(
    exported: Callable[..., Exported],
) -> None:
    for sample, exporter, keeps_modules in (
        ("bert-tiny", "dynamo", True),
        ("bert-tiny", "torchscript", False),
        ("custom-auxiliary", "torchscript", True),
    ):
        done = exported(sample, exporter)
        graph = tag(
            from_proto(done.proto, name=sample), modules=done.modules if keeps_modules else None
        )
        packed = pack(graph)
        assert packed is not None
        assert Packed(packed).ops() == graph.ops
        assert list(Packed(packed).modules()) == list(graph.modules)


def test_bodies_and_functions_are_the_same_after_the_round() -> None:
    proto = parse("""<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x, bool c) => (float[2] z) {
       y = If (c) <
         then_branch = g1 () => (float[2] t) { t = Add (x, x) },
         else_branch = g2 () => (float[2] e) { e = Identity (x) }
       >
       z = local.twice (y)
    }
    <domain: "local", opset_import: ["" : 20]>
    twice (v) => (w) { u = Neg (v)  w = Neg (u) }
    """)
    graph = tag(from_proto(proto, name="bodies"))
    packed = pack(graph)
    assert packed is not None
    assert Packed(packed).ops() == graph.ops


def test_nothing_of_the_file_is_parsed_before_somebody_asks(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = kept_tags(Cache(tmp_path))
    open_file(file, kept)
    parsed = []
    monkeypatch.setattr(opened, "parse", lambda *_, **more: parsed.append(more["name"]))
    again = open_file(file, kept)
    assert again.ops
    assert again.modules
    assert parsed == []


def test_other_code_makes_the_tags_anew(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file(file, kept_tags(Cache(tmp_path)))
    monkeypatch.setattr(opened, "_code", lambda: "of another day")
    assert "inheritance" in open_file(file, kept_tags(Cache(tmp_path))).timings


def test_the_code_is_told_apart_by_each_of_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    code_in.cache_clear()
    before = opened._code()
    told = Path.read_bytes

    def changed(self: Path) -> bytes:
        content = told(self)
        return content.replace(b"habit", b"hobby") if self.name == "habits.py" else content

    monkeypatch.setattr(Path, "read_bytes", changed)
    code_in.cache_clear()
    try:
        assert opened._code() != before
    finally:
        code_in.cache_clear()


def test_a_file_that_changed_is_another_file(tmp_path: Path, file: Path) -> None:
    kept = kept_tags(Cache(tmp_path))
    open_file(file, kept)
    proto = onnx.load(file)
    proto.graph.node[0].doc_string = "changed"
    file.write_bytes(proto.SerializeToString())
    assert "inheritance" in open_file(file, kept).timings


def test_damage_in_the_cache_costs_time_only(tmp_path: Path, file: Path) -> None:
    kept = kept_tags(Cache(tmp_path))
    first = open_file(file, kept)
    for path in tmp_path.rglob("*.record"):
        path.write_bytes(path.read_bytes()[:-3] + b"???")
    again = open_file(file, kept)
    assert "inheritance" in again.timings
    assert again.ops == first.ops


def test_a_missing_file_of_weights_is_an_error_the_second_time_too(tmp_path: Path) -> None:
    path, kept = tmp_path / "m.onnx", kept_tags(Cache(tmp_path))
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "fc.bias"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64])],
        [onnx.numpy_helper.from_array(np.ones(64, np.float32), "fc.bias")],
    )
    onnx.save_model(
        helper.make_model(graph), path, save_as_external_data=True, location="w", size_threshold=0
    )
    assert open_file(path, kept).has_external_data
    assert open_path(path, kept).known is not None
    (tmp_path / "w").unlink()
    with pytest.raises(ReadError, match="which is missing"):
        open_file(path, kept)


def test_names_that_cannot_be_packed_are_not_kept(tmp_path: Path) -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.node[0].name = "a\0b"
    content, kept = proto.SerializeToString(), kept_tags(Cache(tmp_path))
    read = open_bytes(content, kept, name="m")
    keep(kept, read.key, read.graph(), worth=0)
    assert open_bytes(content, kept, name="m").known is None


@pytest.mark.parametrize("told", ["10000000000000000000000", "-5", "true"])
def test_a_count_of_parameters_that_cannot_be_is_no_count(tmp_path: Path, told: str) -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    modules = f'{{"": {{"class": "Net", "parameters": {told}}}}}'
    proto.metadata_props.add(key="hexviz.modules", value=modules)
    content, kept = proto.SerializeToString(), kept_tags(Cache(tmp_path))
    read = open_bytes(content, kept, name="m")
    keep(kept, read.key, read.graph(), worth=0)
    again = open_bytes(content, kept, name="m")
    assert again.known is not None
    assert list(again.graph().modules) == list(read.graph().modules)
    assert again.graph().modules[""].parameters is None


def test_the_bytes_of_a_file_are_let_go_once_they_are_parsed(tmp_path: Path, file: Path) -> None:
    kept = kept_tags(Cache(tmp_path))
    open_file(file, kept)
    graph = open_file(file, kept)
    making = weakref.ref(graph._later["proto"])
    assert graph.proto is graph.proto
    assert making() is None


def test_what_took_no_time_is_not_kept(tmp_path: Path, file: Path) -> None:
    opened.open_file(file, kept_tags(Cache(tmp_path)), worth=1e9)
    assert not list(tmp_path.rglob("*.record"))


def test_a_folder_that_cannot_be_written_does_no_harm(
    tmp_path: Path, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in the way").touch()
    graph = open_file(file, kept_tags(Cache(tmp_path / "in the way" / "cache")))
    assert graph.ops
    assert "are not kept" in caplog.text
