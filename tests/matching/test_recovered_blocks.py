"""Recovered blocks between two graphs: carried over, compared, and no evidence of a name."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.compose
import pytest

import hexviz
from hexviz.errors import MatchingError
from tests.build import scoped
from tests.planted_blocks import blocks, finding, opened, recovered


def rewritten() -> onnx.ModelProto:
    """The same graph after a tool that put its own names to values, and dropped all metadata."""
    proto = blocks()
    for node in proto.graph.node:
        for values in (node.input, node.output):
            values[:] = [one if one in ("x", "y") else f"v_{one}" for one in values]
    return proto


def test_names_that_a_person_gave_are_carried_to_what_a_tool_made() -> None:
    before = recovered().rename({"Block": "Layer"})
    after = hexviz.transfer(before, opened(rewritten()))
    why = after.explain("v_d1")
    assert (why.module, why.origin) == ("Layer.1", "transferred")
    assert after.modules["Layer.1"].is_recovered
    assert after.modules["Layer.1"].found_as == "Block"


def test_a_guess_there_never_replaces_what_the_file_says() -> None:
    named = {f"v_{one}1": "Block.0" for one in "abcde"}
    after = hexviz.transfer(recovered(), opened(scoped(rewritten(), named), recover=False))
    assert after.explain("v_d1").module == "Block.0"
    assert after.explain("v_d1").origin == "declared"
    assert after.explain("v_d2").module == "Block.2"


def test_graphs_are_compared_by_their_blocks() -> None:
    with finding(lambda _: []):
        plain = opened()
    found = hexviz.compare(recovered(), recovered())
    rows = {row["module"]: row for row in found.to_dict()["modules"]}
    assert rows["Block.2"]["same"] == 2
    assert not found.differences
    with pytest.raises(MatchingError, match="has no tags to transfer"):
        hexviz.transfer(plain, plain)


def test_two_tagged_files_in_one_keep_their_blocks_apart(tmp_path: Path) -> None:
    recovered().rename({"Block": "Layer"}).save(tmp_path / "one.onnx")
    recovered().save(tmp_path / "two.onnx")
    one, two = (
        onnx.compose.add_prefix(onnx.load(tmp_path / f"{name}.onnx"), f"{name}/")
        for name in ("one", "two")
    )
    merged = onnx.compose.merge_models(one, two, io_map=[("one/y", "two/x")])
    graph = opened(merged)
    assert graph.explain("one/d1").module == "one.Layer.1"
    assert graph.explain("two/d1").module == "two.Block.1"
    assert graph.modules["two.Block.1"].is_recovered
    renamed = graph.rename({"two.Block": "Stage"})
    assert renamed.explain("two/d1").module == "two.Stage.1"
    assert renamed.explain("one/d1").module == "one.Layer.1"
