import json
from pathlib import Path

import onnx
import pytest

import hexviz
from hexviz.errors import WriteError
from hexviz.model.files import write_atomically
from hexviz.model.writer import tagged_proto, without_tags
from tests.build import parse, scoped, tagged
from tests.model.test_flat import BRANCHES
from tests.model.test_reader import external

LINEAR = """g (float[1,2] x) => (float[1,2] y)
 <float[2,2] "fc.weight" = {1, 2, 3, 4}> { y = MatMul (x, "fc.weight") }"""


def saved(proto: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    tagged(proto).save(folder / "t.onnx")
    return onnx.load(folder / "t.onnx")


@pytest.mark.parametrize("text", [BRANCHES, LINEAR])
def test_only_metadata_changes(text: str, tmp_path: Path) -> None:
    proto = parse(text)
    result = saved(proto, tmp_path)
    assert result != proto
    stripped = without_tags(result).SerializeToString(deterministic=True)
    assert stripped == proto.SerializeToString(deterministic=True)
    onnx.checker.check_model(result, full_check=True)


def test_every_node_carries_its_tags_bodies_included(tmp_path: Path) -> None:
    proto = scoped(parse(BRANCHES), {"a": "enc", "y": "enc.att", "z": "head"})
    result = saved(proto, tmp_path)
    branch = result.graph.node[1].attribute[1].g.node
    for node in (*result.graph.node, *branch):
        keys = {entry.key: entry.value for entry in node.metadata_props}
        assert {
            "hexviz.module",
            "hexviz.tag",
            "hexviz.origin",
            "hexviz.rule",
            "hexviz.evidence",
            "hexviz.confidence",
        } <= set(keys)
        assert isinstance(json.loads(keys["hexviz.evidence"]), list)
        assert 0 <= float(keys["hexviz.confidence"]) <= 1
    tree = json.loads(
        next(p.value for p in result.metadata_props if p.key.startswith("hexviz.modules."))
    )
    assert tree["enc.att"] == {
        "class": "Module",
        "tag": "/Module/Module.enc/Module",
        "parameters": None,
    }


def test_a_tagged_file_opens_with_the_same_tags(tmp_path: Path) -> None:
    graph = tagged(scoped(parse(BRANCHES), {"a": "enc", "y": "enc.att", "z": "head"}))
    graph.save(tmp_path / "t.onnx")
    again = hexviz.load(tmp_path / "t.onnx")
    assert again.ops == graph.ops
    assert list(again.modules) == list(graph.modules)


def test_tagging_twice_replaces_the_first_tags() -> None:
    graph = tagged(parse(LINEAR))
    once = tagged_proto(parse(LINEAR), graph.ops, graph.modules)
    assert tagged_proto(once, graph.ops, graph.modules) == once


def test_external_data_travels_along(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    (source / "m.onnx").write_bytes(external("weights.bin").SerializeToString())
    (source / "weights.bin").write_bytes(bytes(range(8)))
    hexviz.load(source / "m.onnx").save(target / "m.onnx")
    assert (target / "weights.bin").read_bytes() == bytes(range(8))
    (target / "weights.bin").write_bytes(b"another's")
    with pytest.raises(WriteError, match="holds other weights"):
        hexviz.load(source / "m.onnx").save(target / "again.onnx")
    assert (target / "weights.bin").read_bytes() == b"another's"
    assert not (target / "again.onnx").exists()


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def chunks():  # type: ignore[no-untyped-def]
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteError, match="No space left on device"):
        write_atomically(path, chunks())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="No such file or directory"):
        tagged(parse(LINEAR)).save(tmp_path / "no" / "t.onnx")


FUNCTIONS = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2] x) => (float[2] y) { y = local.twice (x) }
<domain: "local", opset_import: ["" : 20]>
twice (v) => (w) { u = Neg (v)  w = Neg (u) }
"""


def test_nodes_of_functions_are_tagged_and_stripped_too(tmp_path: Path) -> None:
    proto = parse(FUNCTIONS)
    result = saved(proto, tmp_path)
    for node in result.functions[0].node:
        assert "hexviz.module" in {entry.key for entry in node.metadata_props}
    assert without_tags(result) == proto


def test_a_failed_model_takes_its_copied_weights_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    (source / "m.onnx").write_bytes(external("weights.bin").SerializeToString())
    (source / "weights.bin").write_bytes(bytes(8))
    graph = hexviz.load(source / "m.onnx")
    (target / "m.onnx").mkdir()  # a folder where the file should go
    with pytest.raises(WriteError):
        graph.save(target / "m.onnx")
    assert [path.name for path in target.iterdir()] == ["m.onnx"]
    (source / "weights.bin").unlink()
    with pytest.raises(WriteError, match="Cannot copy the weights"):
        graph.save(target / "n.onnx")
