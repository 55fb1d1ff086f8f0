"""A person names recovered blocks: all copies at once, saved, and found again."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

import hexviz
from hexviz.api import TaggedGraph
from hexviz.errors import OverridesError, RenameError, SelectionError
from hexviz.model.writer import without_tags
from hexviz.tagging.override import override
from hexviz.tagging.overrides_file import (
    apply_overrides,
    overrides_document,
    read_names,
    read_overrides,
)
from hexviz.tagging.recovery.rename import names_given
from tests.build import scoped
from tests.planted_blocks import blocks, finding, opened, recovered


def fqns(graph: TaggedGraph) -> list[str]:
    return [module.fqn for module in graph.modules][1:3]


@pytest.mark.parametrize("key", ["Block", "Block.2", "Block.#"])
def test_all_copies_are_renamed_whichever_was_named(key: str) -> None:
    graph = recovered()
    renamed = graph.rename({key: "EncoderLayer"})
    assert fqns(renamed) == ["EncoderLayer.0", "EncoderLayer.0.Gate"]
    assert renamed.op("b3").tag == "/EncoderLayer.3/Gate"
    assert renamed.modules["EncoderLayer.3"].class_name == "EncoderLayer"
    assert renamed.modules["EncoderLayer.3"].found_as == "Block"
    assert renamed.modules["EncoderLayer.3.Gate"].found_as == ""
    for op in renamed.ops:
        before = graph.explain(op.id)
        assert (op.provenance.origin, op.provenance.evidence) == (before.origin, before.evidence)
        assert op.module == before.module.replace("Block", "EncoderLayer")
    assert fqns(graph) == ["Block.0", "Block.0.Gate"]


@pytest.mark.parametrize("key", ["Block.Gate", "Block.#.Gate", "Block.1.Gate"])
def test_a_block_in_blocks_is_renamed_in_all_of_them(key: str) -> None:
    renamed = recovered().rename({key: "Act"})
    assert fqns(renamed) == ["Block.0", "Block.0.Act"]
    again = renamed.rename({"Block": "Layer", "Block.Act": "Swish"})
    assert fqns(again) == ["Layer.0", "Layer.0.Swish"]
    assert names_given(again) == {"Block": "Layer", "Block.Gate": "Swish"}
    assert fqns(recovered().rename(names_given(again))) == ["Layer.0", "Layer.0.Swish"]
    assert fqns(again.rename(names_given(again))) == ["Layer.0", "Layer.0.Swish"]
    back = again.rename({"Layer": "Block", "Layer.Swish": "Gate"})
    assert back.modules.infos() == recovered().modules.infos()


def test_a_name_is_one_word_and_not_taken() -> None:
    graph = recovered()
    for name in ("", "a.b", "a/b", "3", "two words", "#", "x" * 65):
        with pytest.raises(RenameError, match=r"A block cannot be called .*: give one word of"):
            graph.rename({"Block": name})
    with pytest.raises(SelectionError, match="No recovered block is named 'Blok'; near ones: Blo"):
        graph.rename({"Blok": "Layer"})
    with pytest.raises(RenameError, match="The root cannot be renamed: the file names that"):
        graph.rename({"": "Model"})


def test_what_the_file_names_is_neither_renamed_nor_taken() -> None:
    graph = recovered(scoped(blocks(), dict.fromkeys(("a0", "b0", "d0", "e0", "c0"), "stem")))
    assert fqns(graph) == ["stem", "Block.0"]
    with pytest.raises(RenameError, match="stem cannot be renamed: the file names that module"):
        graph.rename({"stem": "Stem"})
    with pytest.raises(RenameError, match="'stem' is the name of another module in the model: ch"):
        graph.rename({"Block": "stem"})


def test_names_are_saved_with_the_file_and_survive_a_tool(tmp_path: Path) -> None:
    graph = recovered().rename({"Block": "Layer", "Block.Gate": "Act"})
    graph.save(tmp_path / "named.onnx")
    again = hexviz.load(tmp_path / "named.onnx")
    assert again.modules.infos() == graph.modules.infos()
    proto = onnx.load(tmp_path / "named.onnx")
    assert without_tags(proto) == blocks()
    proto = onnx.load(tmp_path / "named.onnx")
    del proto.graph.node[3].metadata_props[:]  # a tool made this one anew
    with finding() as asked:
        changed = opened(proto)
        asked.assert_called_once()
    assert fqns(changed) == ["Layer.0", "Layer.0.Act"]
    assert names_given(changed) == names_given(graph)


def test_names_stay_where_a_person_moves_ops(tmp_path: Path) -> None:
    graph = recovered().rename({"Block": "Layer"})
    moved = graph.override({"y": "Layer.3"})
    assert moved.explain("d0").module == "Layer.0"
    assert names_given(moved) == {"Block": "Layer"}
    renamed = moved.rename({"Layer": "Stage"})
    assert (renamed.explain("y").module, renamed.explain("y").origin) == ("Stage.3", "manual")
    renamed.save(tmp_path / "moved.onnx")
    proto = onnx.load(tmp_path / "moved.onnx")
    del proto.graph.node[3].metadata_props[:]
    with finding():
        again = opened(proto)
    assert again.explain("y").module == "Stage.3"
    assert again.explain("d3").module == "Stage.3"
    assert again.explain("d3").origin == "recovered"


def test_a_file_of_overrides_has_the_names(tmp_path: Path) -> None:
    graph = recovered()
    changed = override(graph.rename({"Block": "Layer"}), {"y": "Layer.3"})
    text = json.dumps(overrides_document(changed))
    assert read_names(text) == {"Block": "Layer"}
    assert read_overrides(text, graph) == {"y": "Layer.3"}
    (tmp_path / "o.json").write_text(text)
    again = apply_overrides(tmp_path / "o.json", graph)
    assert [op.provenance for op in again.ops] == [op.provenance for op in changed.ops]
    assert "names" not in overrides_document(graph)
    document = json.loads(text)
    document["names"] = {"Block": 3}
    with pytest.raises(OverridesError, match="is damaged: names has to be an object"):
        read_overrides(json.dumps(document), graph)
    with pytest.raises(OverridesError, match="names in these overrides do not fit: No recovered"):
        read_overrides(text, opened(recover=False))
