"""What is found in a graph becomes modules: their names, their ops, and why these are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import hexviz
from hexviz.model.modules import ModuleInfo
from hexviz.model.writer import without_tags
from hexviz.tagging.explain import explain
from hexviz.tagging.opened import kept_tags, open_file
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.recovery.blocks import blocks_of, infos_of
from hexviz.tagging.recovery.copies import same_in_copies
from hexviz.tagging.recovery.stretch import Stretch
from hexviz.tagging.tags_document import put_tags, tags_document
from tests.build import parse, scoped
from tests.planted_blocks import blocks, finding, opened, recovered, stretches

ALL = np.ones(100, np.bool_)


def stretch(family: int, *ops: int, name: str = "", inner: tuple[Stretch, ...] = ()) -> Stretch:
    return Stretch(np.array(ops), family, 0.9, name, list(inner))


def named(found: list[Stretch], *declared: str, **renamed: str) -> list[str]:
    """FQNs of the blocks; ``renamed`` by path, with underscores between the words."""
    paths = {tuple(path.split("_")): name for path, name in renamed.items()}
    return [block.fqn for block in blocks_of(found, ALL, declared, paths)]


def test_several_of_a_family_are_numbered_and_a_single_one_is_not() -> None:
    found = [
        stretch(0, 1, 2, 3, inner=(stretch(1, 1, name="Gate"), stretch(2, 2), stretch(2, 3))),
        stretch(0, 4, 5, 6),
        stretch(3, 7, 8, name="Head"),
    ]
    assert named(found) == [
        "Block.0", "Block.1", "Head", "Block.0.Gate", "Block.0.Block.0", "Block.0.Block.1",
    ]  # fmt: skip


def test_families_of_one_word_are_told_apart_and_no_name_of_the_file_is_taken() -> None:
    found = [stretch(0, 1), stretch(1, 2), stretch(0, 3), stretch(1, 4)]
    assert named(found) == ["Block.0", "Block2.0", "Block.1", "Block2.1"]
    assert named(found, "Block.fc") == ["Block2.0", "Block3.0", "Block2.1", "Block3.1"]


def test_siblings_stand_in_order_of_execution() -> None:
    found = [stretch(1, 5, 6, name="Head"), stretch(0, 3, 4), stretch(0, 1, 2)]
    assert named(found) == ["Block.0", "Block.1", "Head"]


def test_what_is_neither_known_by_a_word_nor_repeated_is_no_block() -> None:
    """Those inside stand in its place."""
    found = [stretch(0, 1, 2, 3, inner=(stretch(1, 1, 2, name="Gate"), stretch(2, 3)))]
    assert named(found) == ["Gate"]
    assert named([*found, stretch(2, 4)]) == ["Gate", "Block.0", "Block.1"]


def test_blocks_are_numbered_by_their_ends_as_a_file_may_list_constants_anywhere() -> None:
    found = [stretch(0, 0, 7, 8), stretch(0, 1, 3, 4)]
    blocks = blocks_of(found, ALL, (), {})
    assert [(block.fqn, int(block.stretch.ops[-1])) for block in blocks] == [
        ("Block.0", 4), ("Block.1", 8),
    ]  # fmt: skip


def test_a_name_that_a_person_gave_is_found_again_by_the_words_it_was_found_with() -> None:
    found = [stretch(0, 1, 2, inner=(stretch(1, 1, name="Gate"),)), stretch(0, 3, 4)]
    blocks = blocks_of(found, ALL, (), {("Block",): "Layer", ("Block", "Gate"): "Act"})
    assert [one.fqn for one in blocks] == ["Layer.0", "Layer.1", "Layer.0.Act"]
    assert infos_of(blocks)["Layer.0.Act"] == ModuleInfo("Act", copies=1, found_as="Gate")
    taken = [stretch(0, 1), stretch(0, 2), stretch(1, 3, name="Head")]
    assert named(taken, Block="Head") == ["Block.0", "Block.1", "Head"]


def test_a_stretch_that_the_file_names_in_part_gives_way_to_those_inside() -> None:
    free = ALL.copy()
    free[3:7] = False
    inner = stretch(1, 0, 1), stretch(1, 3, 4), stretch(1, 8, 9)
    found = [stretch(0, *range(10), inner=inner), stretch(0, *range(10, 20))]
    assert [one.stretch.ops[0] for one in blocks_of(found, free, (), {})] == [0, 8]


def test_the_same_op_of_other_copies_is_told_by_its_place_else_by_its_type() -> None:
    types = np.array([0, 1, 2, 0, 1, 2, 0, 0, 1, 2])
    found = [stretch(0, 0, 1, 2), stretch(0, 3, 4, 5), stretch(0, 6, 7, 8, 9)]
    blocks = blocks_of(found, ALL[:10], (), {})
    owners = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    same = same_in_copies(blocks, owners, types)
    assert same[:6, 0].tolist() == [3, 4, 5, 0, 1, 2]
    assert same[6:, 0].tolist() == [0, -1, 1, 2]
    assert (same[:, 1:] == -1).all()


def test_ops_get_the_innermost_block_and_say_which_op_of_another_copy_is_the_same() -> None:
    graph = recovered()
    assert [module.tag for module in graph.modules] == [
        "/", "/Block.0", "/Block.0/Gate", "/Block.1", "/Block.1/Gate",
        "/Block.2", "/Block.2/Gate", "/Block.3", "/Block.3/Gate",
    ]  # fmt: skip
    assert {module.copies for module in graph.modules} == {0, 4}
    assert [module.is_recovered for module in graph.modules][:2] == [False, True]
    why = graph.explain("b1")
    assert (why.module, why.origin, why.rule) == ("Block.1.Gate", "recovered", "pattern")
    assert (why.kind, why.confidence) == ("repeated block", 0.8)
    assert why.evidence == ("b2", "b3", "b0")
    assert {step.relation for step in why.steps} == {"is the same op of a copy"}
    assert graph.explain("d1").module == "Block.1"
    assert explain(graph, "d1").sentence == (
        "In /Block.1, one of 4 copies of a block: Sigmoid “d2” is the same op of another. "
        "Nothing in the file names it."
    )
    assert explain(graph, "d1").confidence[0].factor == 0.9
    assert graph.explain("y").origin == "fallback"


def test_what_is_used_in_one_block_alone_joins_it() -> None:
    graph = recovered()
    why = graph.explain("c2")
    assert (why.module, why.kind, why.confidence) == ("Block.2.Gate", "serves one block", 0.72)
    assert why.evidence == ("b2",)
    assert explain(graph, "c2").sentence.endswith("used there alone, by Mul “b2”.")
    shared = blocks()
    for node in shared.graph.node:
        node.input[:] = ["c0" if one.startswith("c") else one for one in node.input]
    assert recovered(shared).explain("c0").origin == "fallback"


def test_ops_in_the_body_of_an_op_of_a_block_join_it() -> None:
    body = "then_branch = t () => (float[4,8] u) { u = Neg (x) }"
    other = "else_branch = f () => (float[4,8] v) { v = Abs (x) }"
    proto = parse(
        "g (float[4,8] x, bool p) => (float[4,8] y) {\n"
        f"a0 = If (p) <{body}, {other}>\nb0 = Relu (a0)\nd0 = Tanh (b0)\ny = Neg (d0)\n}}"
    )
    with finding(lambda flat: stretches(flat, copies=1, halves=False)):
        graph = opened(proto)
    why = graph.explain("a0/then_branch/u")
    assert (why.module, why.kind) == ("Net", "serves one block")
    assert explain(graph, "a0/then_branch/u").sentence == (
        "In /Net, a block that nothing in the file names: it is in a body of If “a0”."
    )
    told = explain(graph, "a0")
    assert (
        told.sentence == "In /Net, found by the pattern of its ops. Nothing in the file names it."
    )


def test_a_guess_never_replaces_what_the_file_says() -> None:
    """Half of the ops are on record, in two of the blocks: these stay as they are."""
    on_record = {f"{one}{at}": "layer" for one in "abcde" for at in (0, 1)}
    plain = opened(scoped(blocks(), on_record), recover=False)
    graph = recovered(scoped(blocks(), on_record))
    for op in graph.ops:
        if op.id in on_record:
            assert (op.module, op.provenance) == ("layer", plain.explain(op.id))
    assert graph.explain("d2").module == "Block.0"
    assert graph.explain("d3").module == "Block.1"
    assert graph.explain("d3").evidence == ("d2",)


def test_where_the_file_names_enough_nothing_is_looked_for() -> None:
    on_record = {f"{one}{at}": "layer" for one in "abcde" for at in range(4)}
    with finding() as asked:
        opened(scoped(blocks(), on_record))
        asked.assert_not_called()
        opened(recover=False)
        asked.assert_not_called()
        graph = opened()
    asked.assert_called_once()
    assert "recovery" in graph.timings


def test_a_saved_file_is_opened_with_the_same_blocks_and_none_is_found_anew(
    tmp_path: Path,
) -> None:
    graph = recovered()
    graph.save(tmp_path / "tagged.onnx")
    with finding() as asked:
        again = hexviz.load(tmp_path / "tagged.onnx")
        asked.assert_not_called()
    assert [op.provenance for op in again.ops] == [op.provenance for op in graph.ops]
    assert again.modules.infos() == graph.modules.infos()
    assert without_tags(onnx.load(tmp_path / "tagged.onnx")) == blocks()


def test_without_recovery_the_blocks_of_a_saved_file_count_for_nothing(tmp_path: Path) -> None:
    recovered().save(tmp_path / "tagged.onnx")
    plain = hexviz.load(tmp_path / "tagged.onnx", recover=False)
    assert {op.provenance.origin for op in plain.ops} == {"fallback"}
    assert [module.fqn for module in plain.modules] == [""]


def test_the_files_map_says_nothing_of_what_was_recovered(tmp_path: Path) -> None:
    """A tool that drops the metadata of nodes keeps the map: blocks are found anew all the same."""
    recovered().rename({"Block": "Layer"}).save(tmp_path / "tagged.onnx")
    proto = onnx.load(tmp_path / "tagged.onnx")
    for node in proto.graph.node:
        del node.metadata_props[:]
    with finding() as asked:
        graph = opened(proto)
    asked.assert_called_once()
    assert graph.explain("d1").module == "Layer.1"
    assert graph.explain("d1").origin == "recovered"


def test_what_was_found_is_kept_on_this_machine_and_apart_from_what_was_not(
    tmp_path: Path,
) -> None:
    path, cache = tmp_path / "blocks.onnx", hexviz.cache.Cache(tmp_path / "cache")
    onnx.save(blocks(), path)
    plain = kept_tags(cache, recover=False)
    with finding():
        first = open_file(path, kept_tags(cache), worth=0)
        without = open_file(path, plain, worth=0, recover=False)
    again = open_file(path, kept_tags(cache), worth=0)
    assert [op.provenance for op in again.ops] == [op.provenance for op in first.ops]
    assert again.modules.infos() == first.modules.infos()
    assert "recovery" not in again.timings
    assert {op.provenance.origin for op in without.ops} == {"fallback"}
    without = open_file(path, plain, worth=0, recover=False)
    assert {op.provenance.origin for op in without.ops} == {"fallback"}


def test_packed_blocks_are_unpacked_as_they_were() -> None:
    graph = recovered().rename({"Block.Gate": "Act"})
    content = pack(graph)
    assert content is not None
    found = Packed(content)
    assert found.modules().infos() == graph.modules.infos()
    assert [op.provenance for op in found.ops()] == [op.provenance for op in graph.ops]


def test_what_a_person_moves_leaves_the_blocks_as_they_are() -> None:
    graph = recovered()
    moved = graph.override({"d1": "Block.0", "y": "Block.3"})
    assert moved.explain("d1").module == "Block.0"
    assert moved.explain("y").origin == "manual"
    for op in moved.ops:
        if op.id not in ("d1", "y"):
            assert op.provenance == graph.explain(op.id)
    assert moved.modules.infos() == graph.modules.infos()
    again = put_tags(graph, tags_document(moved))
    assert [op.provenance for op in again.ops] == [op.provenance for op in moved.ops]


@pytest.mark.parametrize("halves", [True, False])
def test_a_block_can_be_cut_out_and_runs(halves: bool) -> None:
    with finding(lambda flat: stretches(flat, halves=halves)):
        graph = opened()
    part = graph.extract(["Block.2"])
    assert part.verify().ok
    assert {node.op_type for node in part.model.graph.node} >= {"Relu", "Mul", "Sigmoid", "Add"}
    inner = opened(part.model)
    assert inner.explain("d2").origin == "recovered"
